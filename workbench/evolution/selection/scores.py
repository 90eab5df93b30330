"""A trial's scores as numbers that can always be compared, also where one trial was not scored on a skill.

    lowest value = ¼ · (−4) = −1        what stands for a skill that was not measured, and for a trial that failed

A stopped trial may have met no example of a skill. Nothing speaks for it there, so it is taken to be as bad as can be,
and never ahead for what nobody saw. It does not know which trials may be chosen.

>>> from workbench.evolution.genome import only
>>> from workbench.evolution.trial import Fitness
>>> one = Trial(0, 0, only("aa"), "specialist", fitness=Fitness({"dates": SkillFitness(3, 4)}))
>>> skill_value(one, Skill("skills", "dates")), skill_value(one, Skill("held", "sums"))
(0.75, -1.0)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from workbench.evolution.trial import FLOOR, TIE_BREAK, SkillFitness, Trial

LOWEST = TIE_BREAK * FLOOR


class Skill(NamedTuple):
    """One skill, and whether it is to be learned (`skills`) or must not be forgotten (`held`)."""

    part: Literal["skills", "held"]
    name: str


def skills(trials: Sequence[Trial]) -> tuple[Skill, ...]:
    """Every skill that one of these was scored on: by name, those to be learned before those held."""
    scored = [one.fitness for one in trials if one.fitness is not None]
    to_learn = sorted({name for one in scored for name in one.skills})
    held = sorted({name for one in scored for name in one.held})
    return (*(Skill("skills", name) for name in to_learn), *(Skill("held", name) for name in held))


def skill_fitness(trial: Trial, skill: Skill) -> SkillFitness | None:
    """None where the trial was not scored on it."""
    if trial.fitness is None:
        return None
    return (trial.fitness.held if skill.part == "held" else trial.fitness.skills).get(skill.name)


def skill_value(trial: Trial, skill: Skill) -> float:
    """Share right with the tie-break, −1 to 1."""
    found = skill_fitness(trial, skill)
    return LOWEST if found is None else found.value


def value(trial: Trial) -> float:
    """The mean over all skills, −1 to 1."""
    return LOWEST if trial.fitness is None else trial.fitness.value
