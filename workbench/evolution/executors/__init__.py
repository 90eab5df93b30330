"""Where trials run, chosen by argument: each file has one class with the same `run(jobs)`, which keeps their order.

    InProcess      one after the other, here
    RayWorkers     beside each other, in processes of this machine or of many (the extra `ray`)

The order of results never depends on who was quicker, so a race comes out the same wherever it is run. An executor that
loses a process gives the job to another; it never makes a failed trial of it, for that could not be repeated.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from workbench.evolution.executors.in_process import InProcess
from workbench.evolution.executors.ray_workers import RayWorkers, Recipe
from workbench.evolution.worker import Job, JobResult

__all__ = ["Executor", "InProcess", "RayWorkers", "Recipe"]


class Executor(Protocol):
    """What runs the jobs of one rung."""

    def run(self, jobs: Sequence[Job]) -> Iterator[JobResult]:
        """A result for each job, in their order.

        Raises:
            WorkbenchError: no result can be had, and no candidate is to blame.
        """
        ...

    def clear(self) -> None:
        """Drop the weights that were kept between rungs."""
        ...

    def close(self) -> None:
        """End what it has started."""
        ...
