"""A generation is tried: its genomes race over the examples and come back as trials.

    proposals ─► race, rung by rung ─► jobs ─► executor ─► results, told in the order of jobs ─► one trial for each

Every candidate of a generation meets the examples in one order, drawn after the candidates were made. A candidate that
cannot be made or scored is a trial with its reason, and the others go on. What the race charges is what it asked for:
a verdict that the score cache had already costs no time, and counts all the same, so that a resumed run spends its
budget like an unbroken one. It does not know who proposes, where jobs run, nor what is done with a champion.

>>> trier = Trier(InProcess(worker), tune, held=old_skills)                                  # doctest: +SKIP
>>> trials = trier.tried(evolution.ask(), evolution.trials)                                  # doctest: +SKIP
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from workbench.core.errors import EvolutionError
from workbench.core.examples import Example
from workbench.evaluation.scoring import Scored
from workbench.evolution import items
from workbench.evolution.executors import Executor
from workbench.evolution.genome import Genome
from workbench.evolution.loop import Generation
from workbench.evolution.racing import ERROR, Needed, Race, Racing, Standing, doubling_rungs
from workbench.evolution.trial import Fitness, SkillFitness, Trial, outcome
from workbench.evolution.worker import Job, JobResult

KEEP = 3  # of a generation, scored on every example
LEAST_LOGPROB = -100.0  # of a token that a candidate holds to be impossible
RECENT = 200  # trials that say which examples are settled

OnProgress = Callable[[int, int], None]


@dataclass
class _Candidate:
    """One proposal while it races."""

    number: int
    genome: Genome
    outcomes: dict[int, Scored] = field(default_factory=dict)  # by the example's place
    seconds: float = 0.0
    peak_bytes: int = 0
    adapter: str | None = None
    size_bytes: int = 0
    failure: str | None = None

    def take(self, found: JobResult, places: Sequence[int]) -> None:
        """One rung more."""
        self.seconds += found.seconds
        self.peak_bytes = max(self.peak_bytes, found.peak_bytes)
        self.adapter, self.size_bytes, self.failure = found.adapter, found.size_bytes, found.failure
        if found.failure is None:
            self.outcomes.update(zip(places, found.outcomes, strict=True))


class Trier:
    """Tries generations of one run.

    Args:
        executor: where candidates are made and scored.
        examples: to be learned from: the tune part, never the gate's.
        held: of skills that must not be forgotten; they race along with the others.
        keep: how many of a generation's best are surely scored on every example.
        error: probability, at most, that one of them is stopped early.
    Raises:
        EvolutionError: there is no example, or one is given twice.
    """

    def __init__(
        self,
        executor: Executor,
        examples: Sequence[Example],
        *,
        held: Sequence[Example] = (),
        keep: int = KEEP,
        error: float = ERROR,
        seed: int = 0,
    ) -> None:
        self.examples = (*examples, *held)
        if not examples:
            raise EvolutionError("There is no example to evolve towards; give at least one")
        if len({one.id for one in self.examples}) < len(self.examples):
            raise EvolutionError("An example is given twice, or is both to be learned and held; give each once")
        self.executor, self.keep, self.error, self.seed = executor, keep, error, seed
        self._held = frozenset(one.id for one in held)

    def tried(
        self, generation: Generation, earlier: Sequence[Trial] = (), *, on_progress: OnProgress | None = None
    ) -> tuple[Trial, ...]:
        """One trial for each proposal, in their order.

        Args:
            earlier: the run's trials so far; they say which examples are settled.
            on_progress: called with how many candidates of a rung are done, and how many it has.
        Raises:
            WorkbenchError: the executor cannot go on; no trial is to blame.
        """
        rng = random.Random(f"{self.seed} items {generation.number}")
        order = items.order(self.examples, self._seen(earlier), rng)
        people = [_Candidate(generation.first + at, one.genome) for at, one in enumerate(generation.proposals)]
        racing = self._race(people, order.open)
        while asked := racing.ask():
            self._rung(racing, people, asked, order.places, on_progress)
        self.executor.clear()
        return self._trials(generation, people, racing.result())

    def _race(self, people: Sequence[_Candidate], decide_on: int) -> Racing[int]:
        """Rungs are far apart, because each one lays the candidate's weights over the base again."""
        return Racing(
            [one.number for one in people],
            len(self.examples),
            error=self.error,
            rungs=doubling_rungs(len(self.examples)),
            keep=min(self.keep, len(people)),
            decide_on=decide_on,
        )

    def _rung(
        self,
        racing: Racing[int],
        people: Sequence[_Candidate],
        asked: Sequence[Needed[int]],
        order: Sequence[int],
        on_progress: OnProgress | None,
    ) -> None:
        """Score who is still in the race; one that fails leaves it."""
        by_number = {one.number: one for one in people}
        wanted = [(by_number[one.candidate], order[one.start : one.stop]) for one in asked]
        results = self.executor.run([self._job(one, places) for one, places in wanted])
        for done, ((one, places), found) in enumerate(zip(wanted, results, strict=True), start=1):
            one.take(found, places)
            if found.failure is None:
                racing.tell(one.number, [outcome(each.right, each.logprob) for each in found.outcomes])
            else:
                racing.withdraw(one.number)
            if on_progress is not None:
                on_progress(done, len(asked))

    def _job(self, one: _Candidate, places: Sequence[int]) -> Job:
        return Job(one.number, one.genome, tuple(self.examples[place] for place in places))

    def _trials(self, generation: Generation, people: Iterable[_Candidate], race: Race[int]) -> tuple[Trial, ...]:
        standings: dict[int, Standing[int]] = {one.candidate: one for one in race.standings}
        return tuple(
            Trial(
                number=one.number,
                generation=generation.number,
                genome=one.genome,
                operator=proposal.operator,
                made_of=proposal.made_of,
                fitness=self._fitness(one) if one.failure is None else None,
                seen=len(one.outcomes),
                evaluations=len(one.outcomes) + proposal.spent,
                stopped=one.failure is None and standings[one.number].stopped,
                estimate=None if one.failure is not None else standings[one.number].estimate,
                outcomes=self._by_place(one),
                seconds=one.seconds,
                peak_bytes=one.peak_bytes,
                adapter=one.adapter,
                failure=one.failure,
            )
            for one, proposal in zip(people, generation.proposals, strict=True)
        )

    def _by_place(self, one: _Candidate) -> tuple[float | None, ...]:
        found = {place: outcome(each.right, each.logprob) for place, each in one.outcomes.items()}
        return tuple(found.get(place) for place in range(len(self.examples)))

    def _fitness(self, one: _Candidate) -> Fitness:
        """By skill, over what it was scored on."""
        skills: dict[str, list[Scored]] = defaultdict(list)
        held: dict[str, list[Scored]] = defaultdict(list)
        for place in sorted(one.outcomes):
            example = self.examples[place]
            (held if example.id in self._held else skills)[example.skill].append(one.outcomes[place])
        return Fitness(
            {name: _skill(some) for name, some in skills.items()},
            {name: _skill(some) for name, some in held.items()},
            one.size_bytes,
        )

    def _seen(self, earlier: Sequence[Trial]) -> dict[str, list[float]]:
        """Outcomes of the latest trials by example id."""
        seen: dict[str, list[float]] = {one.id: [] for one in self.examples}
        for trial in earlier[-RECENT:]:
            for example, found in zip(self.examples, trial.outcomes, strict=False):
                if found is not None:
                    seen[example.id].append(found)
        return seen


def _skill(some: Sequence[Scored]) -> SkillFitness:
    known = [max(LEAST_LOGPROB, one.logprob) for one in some if one.logprob is not None]
    return SkillFitness(sum(one.right for one in some), len(some), fmean(known) if known else None)
