"""Trials in this process, one after the other.

It does not know more of a job than that the worker runs it.

>>> with InProcess(worker) as executor:                                                      # doctest: +SKIP
...     trials = Trier(executor, tune).tried(evolution.ask())
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self

from workbench.evolution.worker import Job, JobResult, Worker


class InProcess:
    """The executor that is used where no other is named."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker

    def run(self, jobs: Sequence[Job]) -> Iterator[JobResult]:
        """A result for each job, in their order."""
        return map(self.worker.run, jobs)

    def clear(self) -> None:
        """Drop the weights that were kept between rungs."""
        self.worker.clear()

    def close(self) -> None:
        """Drop the weights; nothing was started."""
        self.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
