"""A generation is tried: its genomes become weights, race over the examples, and come back as trials.

    proposals ─► weights (merged, then taught where there is a lesson) ─► race, rung by rung ─► one trial for each

Every candidate of a generation meets the examples in one order, drawn after the candidates were made. A candidate that
cannot be made or scored is a trial with its reason, and the others go on. What the race charges is what it asked for:
a verdict that the score cache had already costs no time, and counts all the same, so that a resumed run spends its
budget like an unbroken one. It does not know who proposes, nor what is done with a champion.

>>> trier = Trier(pool, learning.scorer.score, tune, held=old_skills)                       # doctest: +SKIP
>>> trials = trier.tried(evolution.ask(), evolution.trials)                                 # doctest: +SKIP
"""

from __future__ import annotations

import random
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import TYPE_CHECKING

from workbench.core.errors import AdapterError, EvolutionError, TrainingError
from workbench.core.examples import Example
from workbench.evaluation.scoring import Score, Scored
from workbench.evolution import items
from workbench.evolution.genome import Genome, Lesson
from workbench.evolution.loop import Generation
from workbench.evolution.pool import Pool, size_bytes
from workbench.evolution.racing import ERROR, Needed, Race, Racing, Standing
from workbench.evolution.trial import Fitness, SkillFitness, Trial, outcome

if TYPE_CHECKING:
    from workbench.adapters.adapter import Adapter

KEEP = 3  # of a generation, scored on every example
KEPT_BYTES = 1 << 30  # of weights between two rungs; what is dropped is merged again
LEAST_LOGPROB = -100.0  # of a token that a candidate holds to be impossible
RECENT = 200  # trials that say which examples are settled

ScoreThem = Callable[["Adapter", Sequence[Example]], Score]
Teach = Callable[["Adapter", Lesson, Sequence[Example]], "Adapter"]
OnProgress = Callable[[int, int], None]


@dataclass
class _Candidate:
    """One proposal while it races."""

    number: int
    genome: Genome
    outcomes: dict[int, Scored] = field(default_factory=dict)  # by the example's place
    seconds: float = 0.0
    adapter: str | None = None
    bytes: int = 0
    failure: str | None = None


class Trier:
    """Tries generations of one run.

    Args:
        score: of an adapter on examples; called with more and more of them.
        examples: to be learned from: the tune part, never the gate's.
        held: of skills that must not be forgotten; they race along with the others.
        keep: how many of a generation's best are surely scored on every example.
        error: probability, at most, that one of them is stopped early.
        teach: gives a lesson; without it a genome with a lesson is a failed trial.
        lessons: what lessons are about; the examples if left out.
    Raises:
        EvolutionError: there is no example, or one is given twice.
    """

    def __init__(
        self,
        pool: Pool,
        score: ScoreThem,
        examples: Sequence[Example],
        *,
        held: Sequence[Example] = (),
        keep: int = KEEP,
        error: float = ERROR,
        seed: int = 0,
        teach: Teach | None = None,
        lessons: Sequence[Example] | None = None,
        on_progress: OnProgress | None = None,
    ) -> None:
        self.examples = (*examples, *held)
        if not examples:
            raise EvolutionError("There is no example to evolve towards; give at least one")
        if len({one.id for one in self.examples}) < len(self.examples):
            raise EvolutionError("An example is given twice, or is both to be learned and held; give each once")
        self.pool, self.keep, self.error, self.seed = pool, keep, error, seed
        self._score, self._teach, self._on_progress = score, teach, on_progress
        self._lessons = tuple(examples if lessons is None else lessons)
        self._held = frozenset(one.id for one in held)
        self._weights: OrderedDict[Genome, Adapter] = OrderedDict()

    def tried(self, generation: Generation, earlier: Sequence[Trial] = ()) -> tuple[Trial, ...]:
        """One trial for each proposal, in their order.

        Args:
            earlier: the run's trials so far; they say which examples are settled.
        """
        rng = random.Random(f"{self.seed} items {generation.number}")
        order = items.order(self.examples, self._seen(earlier), rng)
        people = [_Candidate(generation.first + at, one.genome) for at, one in enumerate(generation.proposals)]
        racing = Racing(
            [one.number for one in people],
            len(self.examples),
            error=self.error,
            keep=min(self.keep, len(people)),
            decide_on=order.open,
        )
        by_number = {one.number: one for one in people}
        while asked := racing.ask():
            for done, needed in enumerate(asked):
                self._run(racing, by_number[needed.candidate], needed, order.places)
                if self._on_progress is not None:
                    self._on_progress(done + 1, len(asked))
        self._weights.clear()
        return self._trials(generation, people, racing.result())

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

    def _taught(self, adapter: Adapter, lesson: Lesson) -> Adapter:
        if self._teach is None:
            raise EvolutionError("This run teaches nothing; leave out the mutations hyper and teach, or let it train")
        examples = self._lessons
        if lesson.wrong_first:
            wrong = [one.id for one in self._score(adapter, examples).outcomes if not one.right]
            examples = tuple(one for one in examples if one.id in wrong) or examples
        return self._teach(adapter, lesson, examples)

    def _run(self, racing: Racing[int], one: _Candidate, needed: Needed[int], places: Sequence[int]) -> None:
        """Score one candidate on the places of this rung; one that fails leaves the race."""
        wanted = places[needed.start : needed.stop]
        started = time.perf_counter()
        try:
            adapter = self.weights(one.genome)
            one.adapter, one.bytes = adapter.identity, size_bytes(adapter)
            found = self._score(adapter, [self.examples[place] for place in wanted]).outcomes
        except (AdapterError, TrainingError, EvolutionError) as error:
            one.failure = error.sentence
            racing.withdraw(one.number)
            return
        finally:
            one.seconds += time.perf_counter() - started
        one.outcomes.update(zip(wanted, found, strict=True))
        racing.tell(one.number, [outcome(each.right, each.logprob) for each in found])

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
                evaluations=len(one.outcomes),
                stopped=one.failure is None and standings[one.number].stopped,
                estimate=None if one.failure is not None else standings[one.number].estimate,
                outcomes=self._by_place(one),
                seconds=one.seconds,
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
            one.bytes,
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
