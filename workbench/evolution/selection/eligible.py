"""Who may be chosen at all: each genome once, and nobody who failed or was stopped while others were scored to the end.

    told trials ──► each genome once ──► any scored on every example? ──► they
                                           else any stopped by the race? ──► they
                                                                    else ──► the failed, whose genomes can still change

A genome that was told twice stands where it was scored on most examples, not where it did best: the better of two noisy
scores is too good. It does not know what the choice is for.

>>> from workbench.evolution.genome import only
>>> from workbench.evolution.trial import Fitness, SkillFitness
>>> failed = Trial(0, 0, only("aa"), "specialist", failure="out of memory")
>>> scored = Trial(1, 0, only("bb"), "specialist", fitness=Fitness({"dates": SkillFitness(1, 4)}))
>>> [one.number for one in eligible([failed, scored])]
[1]
"""

from __future__ import annotations

from collections.abc import Sequence

from workbench.core.errors import EvolutionError
from workbench.evolution.genome import Genome
from workbench.evolution.selection.scores import value
from workbench.evolution.trial import Trial


def eligible(trials: Sequence[Trial], count: int = 1) -> tuple[Trial, ...]:
    """Those that may be chosen, in the order of their numbers.

    Args:
        count: how many the caller wants; checked here so that every way to choose says the same.

    Raises:
        EvolutionError: no trials, or a count below one.
    """
    if not trials:
        raise EvolutionError(
            "There are no trials to choose from; tell the first generation's results before asking again"
        )
    if count < 1:
        raise EvolutionError(f"{count} trials cannot be chosen; ask for at least one")
    standing: dict[Genome, Trial] = {}
    for trial in sorted(trials, key=lambda one: (_tier(one), -one.seen, one.number)):
        standing.setdefault(trial.genome, trial)
    highest = min(_tier(one) for one in standing.values())
    return tuple(sorted((one for one in standing.values() if _tier(one) == highest), key=lambda one: one.number))


def by_value(trials: Sequence[Trial], count: int = 1) -> tuple[Trial, ...]:
    """All that are eligible, the best first; of equal values the earlier. Arguments and errors of `eligible`."""
    return tuple(sorted(eligible(trials, count), key=lambda one: (-value(one), one.number)))


def _tier(trial: Trial) -> int:
    if trial.fitness is None:
        return 2
    return int(trial.stopped)
