"""One process that tries candidates: a genome becomes weights, the weights are scored, and a plain record comes back.

    Job(genome, examples) ─► weights (merged, then taught where there is a lesson) ─► scored ─► JobResult

The weights of a genome are kept between rungs, as many as fit in `KEPT_BYTES`; what was dropped is made again, the
same. A candidate that cannot be made or scored is a result with its reason; a full disk or a missing library is not the
candidate's fault, and rises. It does not know races, trials, nor in which process it works.

>>> worker = Worker(pool, learning.scorer.score, teaching=Teaching(teach, tune))             # doctest: +SKIP
>>> worker.run(Job(0, genome, tune[:8])).outcomes                                            # doctest: +SKIP
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workbench.core.errors import AdapterError, EvolutionError, TrainingError
from workbench.core.examples import Example
from workbench.evaluation.scoring import Score, Scored
from workbench.evolution.genome import Genome, Lesson
from workbench.evolution.pool import Pool, size_bytes

if TYPE_CHECKING:
    from workbench.adapters.adapter import Adapter

KEPT_BYTES = 1 << 30  # of weights between two rungs; what is dropped is made again

ScoreThem = Callable[["Adapter", Sequence[Example]], Score]
Teach = Callable[["Adapter", Lesson, Sequence[Example]], "Adapter"]


@dataclass(frozen=True, slots=True)
class Teaching:
    """How lessons are given.

    Args:
        teach: gives one lesson to an adapter, on these examples.
        lessons: what lessons are about.
    """

    teach: Teach
    lessons: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Job:
    """Score one candidate on some examples.

    Args:
        candidate: the number of its trial.
    """

    candidate: int
    genome: Genome
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class JobResult:
    """What came of a job: plain numbers and text, to be sent between processes.

    Args:
        outcomes: one for each example, in their order; none where it failed.
        adapter: identity of the weights; None where they could not be made.
        size_bytes: of the adapter's factors.
        peak_bytes: of memory in this process during the job: allocated on the GPU, else resident.
        failure: why there are no outcomes.
    """

    candidate: int
    outcomes: tuple[Scored, ...] = ()
    adapter: str | None = None
    size_bytes: int = 0
    seconds: float = 0.0
    peak_bytes: int = 0
    failure: str | None = None


class Worker:
    """Makes weights and scores them.

    Args:
        score: of an adapter on examples.
        teaching: without it a genome with a lesson fails.
    """

    def __init__(self, pool: Pool, score: ScoreThem, *, teaching: Teaching | None = None) -> None:
        self.pool, self.teaching = pool, teaching
        self._score = score
        self._weights: OrderedDict[Genome, Adapter] = OrderedDict()

    def run(self, job: Job) -> JobResult:
        """Score a candidate; one that cannot be made or scored comes back with its failure."""
        from workbench.adapters.training.gauge import Gauge

        started = time.perf_counter()
        with Gauge() as gauge:
            found = self._scored(job)
        return replace(found, seconds=time.perf_counter() - started, peak_bytes=gauge.peak_bytes)

    def weights(self, genome: Genome) -> Adapter:
        """A genome's adapter: merged, and taught where it has a lesson.

        Raises:
            AdapterError, TrainingError, EvolutionError: it cannot be made.
        """
        if genome in self._weights:
            self._weights.move_to_end(genome)
            return self._weights[genome]
        adapter = self.pool.expressed(genome)
        if genome.lesson is not None:
            adapter = self._taught(adapter, genome.lesson)
        self._weights[genome] = adapter
        while len(self._weights) > 1 and sum(map(size_bytes, self._weights.values())) > KEPT_BYTES:
            self._weights.popitem(last=False)
        return adapter

    def teach_about(self, lessons: tuple[Example, ...]) -> None:
        """From now on lessons are about these; what was taught about others is dropped."""
        if self.teaching is not None:
            self.teaching = replace(self.teaching, lessons=lessons)
        self.clear()

    def clear(self) -> None:
        """Drop the weights that it keeps."""
        self._weights.clear()

    def _scored(self, job: Job) -> JobResult:
        found = JobResult(job.candidate)
        try:
            adapter = self.weights(job.genome)
            found = replace(found, adapter=adapter.identity, size_bytes=size_bytes(adapter))
            return replace(found, outcomes=self._score(adapter, job.examples).outcomes)
        except (AdapterError, TrainingError, EvolutionError) as error:
            return replace(found, failure=error.sentence)

    def _taught(self, adapter: Adapter, lesson: Lesson) -> Adapter:
        if self.teaching is None:
            raise EvolutionError("This run teaches nothing; leave out the mutations hyper and teach, or let it train")
        examples: Sequence[Example] = self.teaching.lessons
        if lesson.wrong_first:
            wrong = {one.id for one in self._score(adapter, examples).outcomes if not one.right}
            examples = tuple(one for one in examples if one.id in wrong) or examples
        return self.teaching.teach(adapter, lesson, examples)
