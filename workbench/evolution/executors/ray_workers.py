"""Trials on Ray: worker processes on this machine, or on all machines of a cluster.

    this process                                   worker processes (Ray actors)
    jobs of a rung ──► who is idle takes one ──►   recipe() ─► Worker, once      (the base is loaded there)
    results, in the order of jobs ◄──────────────  Worker.run(job)

A worker that is idle takes a candidate whose weights it has made, else one that nobody has made, else one that costs
no lesson to make again. When a process dies its job is run anew by another, and a new process takes its place; a job
that has ended `tries` processes ends the run with a sentence, and is no failed trial.

The results are bit by bit those of `InProcess` where the workers compute as this process does: with as many threads
(`threads` here is OMP_NUM_THREADS there), on the same kind of processor, with the same package and base. Ray's usage
statistics and its dashboard are off, and it is imported only when workers are made.

>>> with RayWorkers(recipe, workers=2) as executor:                                          # doctest: +SKIP
...     trials = Trier(executor, tune).tried(evolution.ask())
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from workbench.core.errors import EvolutionError, WorkbenchError
from workbench.evolution.genome import Genome
from workbench.evolution.worker import Job, JobResult, Worker

TRIES = 3  # processes that one job may end
STORE_BYTES = 100 << 20  # shared memory of a local cluster; jobs and results are small
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
QUIET = {"log_to_driver": False, "logging_level": "error"}
NEVER = 3  # a lesson is not given twice while the process lives that gave it

log = logging.getLogger(__name__)

Recipe = Callable[[], Worker]


class _Actor:
    """A worker in a process of its own."""

    def begin(self, recipe: Recipe) -> None:
        self.worker = recipe()

    def run(self, job: Job) -> JobResult:
        return self.worker.run(job)

    def clear(self) -> None:
        self.worker.clear()


@dataclass
class _Seat:
    """A place for one process at a time."""

    actor: Any
    doing: Any = None  # Ray's reference to what it was asked last; None where it is idle
    place: int | None = None  # of its job among this rung's; None where it begins
    made: set[Genome] = field(default_factory=set)


class RayWorkers:
    """Worker processes.

    Args:
        recipe: makes a worker's `Worker`; called once in each process, so it must be picklable and carry names and
            paths, no weights: a frozen dataclass with `__call__`.
        workers: how many processes.
        threads: of each; as many processors are taken from the cluster.
        gpus: of each, such as 1 or 0.5; without them it computes on processors.
        address: of a running cluster, `auto` for the one that this machine is part of; None starts one here, which
            ends with `close`.
        tries: processes that one job may end before the run does.
        folder: of the logs of a cluster started here, kept; its path must be short (sockets: 40 letters). None is a
            temporary one.
    Raises:
        EvolutionError: Ray is not installed, or there is no such cluster, or it has too few processors.
    """

    def __init__(
        self,
        recipe: Recipe,
        *,
        workers: int = 2,
        threads: int = 1,
        gpus: float = 0.0,
        address: str | None = None,
        tries: int = TRIES,
        folder: Path | None = None,
    ) -> None:
        if min(workers, threads, tries) < 1:
            raise EvolutionError("Ray needs at least 1 worker with 1 thread and 1 try; give larger numbers")
        self.recipe, self.workers, self.threads, self.gpus, self.tries = recipe, workers, threads, gpus, tries
        self._ray = _imported()
        self._temporary: str | None = None
        self._started = self._connect(address, folder)
        self._seats: list[_Seat] = []
        try:
            self._check_room()
            self._seats += [self._seat() for _ in range(workers)]
        except BaseException:
            self.close()
            raise

    def run(self, jobs: Sequence[Job]) -> Iterator[JobResult]:
        """A result for each job, in their order.

        Raises:
            EvolutionError: a job has ended too many processes, or none can begin.
            WorkbenchError: a worker could not begin or go on, and no candidate is to blame.
        """
        rung = _Rung(jobs)
        for seat in self._seats:
            if seat.place is not None:  # left from a rung that was broken off; nobody waits for it
                seat.doing = seat.place = None
        while not rung.is_over:
            self._hand_out(rung)
            busy = {seat.doing: seat for seat in self._seats if seat.doing is not None}
            for done in self._ray.wait(list(busy), num_returns=1)[0]:
                self._take(busy[done], rung)
            yield from rung.in_order()

    def clear(self) -> None:
        """Drop the weights that were kept between rungs."""
        for seat in self._seats:
            seat.made.clear()
            if seat.doing is None:
                seat.actor.clear.remote()

    def close(self) -> None:
        """End the processes, and the cluster if it was started here."""
        for seat in self._seats:
            self._ray.kill(seat.actor)
        self._seats.clear()
        if self._started:
            self._started = False
            self._ray.shutdown()
        self._drop_folder()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _connect(self, address: str | None, folder: Path | None) -> bool:
        """Whether this process had to connect, and so has to disconnect."""
        if self._ray.is_initialized():
            return False
        try:
            if address is None:
                self._begin_cluster(folder or self._made_folder())
            else:
                self._ray.init(address=address, **QUIET)
        except Exception as error:  # Ray's, of every kind
            self._drop_folder()
            where = "started here" if address is None else f"joined at {address}"
            raise EvolutionError(
                f"No Ray cluster could be {where} ({_first_line(error)}); start one: ray start --head, or leave Ray out"
            ) from error
        return True

    def _begin_cluster(self, folder: Path) -> None:
        """A cluster of this machine alone; its ports are guarded by a token that Ray keeps in ~/.ray.

        Ray gives up after 30 s, which a busy machine can need; what it has read by then makes the second try shorter.
        """
        for last in (False, True):
            try:
                self._ray.init(
                    address="local",
                    num_cpus=self.workers * self.threads,
                    include_dashboard=False,
                    object_store_memory=STORE_BYTES,
                    _temp_dir=str(folder),
                    _system_config=dict.fromkeys(("enable_worker_prestart", "prestart_worker_first_driver"), False),
                    **QUIET,
                )
            except Exception as error:
                self._ray.shutdown()
                if last:
                    raise
                log.warning("The Ray cluster did not start (%s); it is tried once more", _first_line(error))
            else:
                return

    def _made_folder(self) -> Path:
        self._temporary = tempfile.mkdtemp(prefix="ray")
        return Path(self._temporary)

    def _drop_folder(self) -> None:
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
            self._temporary = None

    def _check_room(self) -> None:
        has = self._ray.cluster_resources()
        for name, each in (("CPU", float(self.threads)), ("GPU", self.gpus)):
            if has.get(name, 0.0) < self.workers * each:
                raise EvolutionError(
                    f"{self.workers} workers need {self.workers * each:g} {name} and the Ray cluster has "
                    f"{has.get(name, 0.0):g}; ask for fewer workers, or let more machines join"
                )

    def _seat(self) -> _Seat:
        """A new process, told to begin."""
        seat = _Seat(self._process())
        seat.doing = seat.actor.begin.remote(self.recipe)
        return seat

    def _process(self) -> Any:
        env = dict.fromkeys(THREADS, str(self.threads))
        made = self._ray.remote(_Actor).options(
            num_cpus=self.threads, num_gpus=self.gpus, max_restarts=0, runtime_env={"env_vars": env}
        )
        return made.remote()

    def _hand_out(self, rung: _Rung) -> None:
        """A job for whoever is idle, the best suited pair first."""
        while wishes := [
            (self._wish(seat, rung.jobs[place].genome), place, number)
            for number, seat in enumerate(self._seats)
            for place in rung.waiting
            if seat.doing is None
        ]:
            wish, place, number = min(wishes)
            if wish == NEVER:
                return
            seat, job = self._seats[number], rung.jobs[place]
            rung.waiting.remove(place)
            seat.place, seat.doing = place, seat.actor.run.remote(job)
            seat.made.add(job.genome)

    def _wish(self, seat: _Seat, genome: Genome) -> int:
        """How gladly it takes a candidate: least first."""
        if genome in seat.made:
            return 0
        if not any(genome in other.made for other in self._seats):
            return 1
        return 2 if genome.lesson is None else NEVER

    def _take(self, seat: _Seat, rung: _Rung) -> None:
        """What a process has to say: it has begun, it has a result, or it is gone."""
        done, place = seat.doing, seat.place
        seat.doing = seat.place = None
        try:
            found = self._ray.get(done)
        except self._ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, WorkbenchError):
                raise error.cause from error
            if place is not None:
                raise
            raise EvolutionError(
                f"A Ray worker could not begin ({_first_line(error.cause)}); see that every machine has the same "
                "package, base and shelf"
            ) from error
        except self._ray.exceptions.RayError as error:
            self._replace(seat, place, rung, error)
            return
        if place is not None:
            rung.results[place] = found

    def _replace(self, seat: _Seat, place: int | None, rung: _Rung, error: Exception) -> None:
        """Another process in its place; its job waits again."""
        log.warning("A worker process has ended, and another takes its place: %s", error)
        self._ray.kill(seat.actor)
        fresh = self._seat()
        seat.actor, seat.doing, seat.made = fresh.actor, fresh.doing, set()
        rung.ended[place] += 1
        if place is not None:
            rung.waiting.append(place)
        if rung.ended[place] == self.tries:
            whose = "that was to begin" if place is None else f"of candidate {rung.jobs[place].candidate}"
            raise EvolutionError(
                f"The worker process {whose} has ended {self.tries} times ({_first_line(error)}); see that memory "
                "suffices for so many workers, then resume the run"
            ) from error


class _Rung:
    """Jobs of one rung, by their places."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.jobs = tuple(jobs)
        self.waiting = list(range(len(self.jobs)))
        self.results: dict[int, JobResult] = {}
        self.ended: Counter[int | None] = Counter()  # processes by the job they had; None: they had not begun
        self._told = 0

    @property
    def is_over(self) -> bool:
        return self._told == len(self.jobs)

    def in_order(self) -> Iterator[JobResult]:
        """The results that are next."""
        while self._told in self.results:
            self._told += 1
            yield self.results.pop(self._told - 1)


def _imported() -> Any:
    """Ray, which is told before it loads that it reports to nobody."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    refuse_missing()
    import ray

    return ray


def refuse_missing() -> None:
    """Nothing, where Ray is installed; it is not loaded.

    Raises:
        EvolutionError: it is not.
    """
    if find_spec("ray") is None:
        raise EvolutionError("Ray is not installed; run: pip install '.[ray]', or leave Ray out")


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__).rstrip(".")
