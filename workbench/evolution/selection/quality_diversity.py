"""Quality-diversity after CycleQD: an archive for each skill keeps the best of every kind, not the best of all.

    archive of "dates", from which generations 0, 2, 4 … breed; that of "sums" is bred from in 1, 3, 5 …

    share right, "sums"  │  0 – .2   .2 – .4   .4 – .6   .6 – .8   .8 – 1        a cell keeps whoever is best at "dates"
    kept                 │   #7                  #3        #12                   quality: value on "dates"
                                                                                 behaviour: shares on all other skills

The quality goes through the skills to be learned, by name; held skills are behaviour only, so that who forgot and who
did not are kept apart. From a generation's archive elites are drawn with a weight (elite sampling)

    wᵢ = Π over skills k of (½ + 0.3 · (vᵢₖ − lowestₖ) / (highestₖ − lowestₖ))

which favours those good at several skills; with K skills nobody has less than (5/8)ᴷ of another's chance. Archives
that take turns and a product of scaled scores are CycleQD's (Kuroki et al. 2024, arXiv 2410.14735). The scale is our
own: the code published with it goes from 0.5 to 1.3, and for all skills but the quality takes the numbers of cells.
MAP-Elites: Mouret & Clune 2015, arXiv 1504.04909. With many skills nearly everybody has a cell alone, and the weights
decide. It does not know size or cost.

>>> [one.number for one in archive(trials, Skill("skills", "dates"))]    # doctest: +SKIP
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from itertools import zip_longest

from workbench.core.errors import EvolutionError
from workbench.evolution.genome import Genome
from workbench.evolution.selection.eligible import by_value, eligible
from workbench.evolution.selection.scores import Skill, skill_fitness, skill_value, skills, value
from workbench.evolution.trial import Trial

BINS = 5  # of each behaviour, over shares from 0 to 1
LEAST, MOST = 0.5, 0.8  # factors of the worst and the best elite at one skill


def select(
    trials: Sequence[Trial], count: int, *, generation: int, rng: random.Random, bins: int = BINS
) -> tuple[Trial, ...]:
    """Draws by elite sampling from the archive whose turn it is.

    Args:
        generation: chooses the quality: the skills to be learned take turns.
        bins: into how many parts each behaviour is cut.

    Raises:
        EvolutionError: no trials, a count or bins below one, or a single skill, by which no cells can be told apart.
    """
    pool = eligible(trials, count)
    archives = _archives(pool, generation, bins)
    elites = archives[0] if archives else pool
    return tuple(rng.choices(elites, weights=elite_weights(elites), k=count))


def survivors(trials: Sequence[Trial], count: int, *, generation: int, bins: int = BINS) -> tuple[Trial, ...]:
    """The elites of all archives: the best of each in turn, then the second of each, and so on.

    So with a count of at least the number of skills to be learned, the best at each of them stays. The arguments and
    errors of `select`.
    """
    archives = _archives(eligible(trials, count), generation, bins) or (by_value(trials),)
    staying: dict[Genome, Trial] = {}
    for one in (each for row in zip_longest(*archives) for each in row if each is not None):
        staying.setdefault(one.genome, one)
    return tuple(staying.values())[:count]


def archive(trials: Sequence[Trial], quality: Skill, bins: int = BINS) -> tuple[Trial, ...]:
    """The elite of every cell, the best at `quality` first; equal ones go by their mean, then to the earlier."""
    behaviours = [skill for skill in skills(trials) if skill != quality]
    cells: dict[tuple[int, ...], Trial] = {}
    for one in sorted(trials, key=lambda one: (-skill_value(one, quality), -value(one), one.number)):
        cells.setdefault(tuple(_bin(one, skill, bins) for skill in behaviours), one)
    return tuple(cells.values())


def elite_weights(elites: Sequence[Trial]) -> tuple[float, ...]:
    """The weight of each in elite sampling, not normalised; a skill on which all are equal weighs all the same."""
    columns = [_scaled([skill_value(one, skill) for one in elites]) for skill in skills(elites)]
    return tuple(math.prod(column[i] for column in columns) for i in range(len(elites)))


def _archives(pool: Sequence[Trial], generation: int, bins: int) -> tuple[tuple[Trial, ...], ...]:
    """One for each skill to be learned, that whose turn it is first; none where nothing was scored."""
    measured = skills(pool)
    if bins < 1:
        raise EvolutionError(f"{bins} bins hold nobody; give at least one")
    if len(measured) == 1:
        raise EvolutionError(
            f"Quality-diversity needs a second skill beside {measured[0].name!r}; add one, or choose tournament"
        )
    turns = [skill for skill in measured if skill.part == "skills"]
    first = generation % len(turns) if turns else 0
    return tuple(archive(pool, skill, bins) for skill in (*turns[first:], *turns[:first]))


def _bin(trial: Trial, skill: Skill, bins: int) -> int:
    found = skill_fitness(trial, skill)
    return 0 if found is None else min(bins * found.right // found.n, bins - 1)


def _scaled(values: Sequence[float]) -> list[float]:
    lowest, highest = min(values), max(values)
    if highest == lowest:
        return [MOST] * len(values)
    return [LEAST + (MOST - LEAST) * (each - lowest) / (highest - lowest) for each in values]
