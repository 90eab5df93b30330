"""Trials of a made-up world, where a candidate's worth is a function of its coefficients."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from workbench.evolution.genome import Genome
from workbench.evolution.loop import Generation
from workbench.evolution.trial import Fitness, SkillFitness, Trial

Worth = Callable[[Genome], float | Mapping[str, float]]


def towards(*wanted: float) -> Callable[[Genome], float]:
    """Worth is higher the nearer the coefficients, read row by row, are to these."""

    def worth(genome: Genome) -> float:
        found = [each for row in genome.coefficients for each in row]
        return -sum((one - other) ** 2 for one, other in zip(found, wanted, strict=True))

    return worth


def tried(generation: Generation, worth: Worth) -> list[Trial]:
    """A trial for each proposal: nothing right, the log-probability is the worth, of one skill or of several."""

    def skills(genome: Genome) -> dict[str, SkillFitness]:
        found = worth(genome)
        named = found if isinstance(found, Mapping) else {"made up": found}
        return {name: SkillFitness(0, 10, each) for name, each in named.items()}

    return [
        Trial(
            number=generation.first + place,
            generation=generation.number,
            genome=one.genome,
            operator=one.operator,
            made_of=one.made_of,
            fitness=Fitness(skills(one.genome)),
            seen=10,
            evaluations=10,
        )
        for place, one in enumerate(generation.proposals)
    ]


@dataclass
class Pages:
    """A ledger in memory."""

    kept: list[Trial] = field(default_factory=list)

    def trials(self) -> tuple[Trial, ...]:
        return tuple(self.kept)

    def append(self, trial: Trial) -> None:
        self.kept.append(trial)


def best_worth(trials: Sequence[Trial], worth: Callable[[Genome], float]) -> float:
    return max(worth(one.genome) for one in trials)
