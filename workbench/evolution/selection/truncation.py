"""Truncation: only the best share breeds, and the elite is among the parents for certain.

    by value   1 2 │ 3 4 5 6 7 8 │ 9 … 16
               elite             │ cut off           parents = elite + draws from 1 … 8, shuffled

(Mühlenbein & Schlierkamp-Voosen 1993, "Predictive models for the breeder genetic algorithm".) Shuffled, so that parents
taken in pairs are not always the same pairs. It does not know single skills.

>>> select(trials, 8, generation=3, rng=random.Random(0), kept=0.25)    # doctest: +SKIP
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from workbench.core.errors import EvolutionError
from workbench.evolution.selection.eligible import by_value
from workbench.evolution.trial import Trial

KEPT = 0.5
ELITE = 0.125


def select(
    trials: Sequence[Trial],
    count: int,
    *,
    generation: int,
    rng: random.Random,
    kept: float = KEPT,
    elite: float = ELITE,
) -> tuple[Trial, ...]:
    """The elite once, then uniform draws from the best share; with fewer parents than elite, the best of the elite.

    Args:
        kept: share of the population that breeds, rounded, at least one.
        elite: share of the population that is certain to, rounded, at least one.

    Raises:
        EvolutionError: no trials, a count below one, or shares that are not 0 < elite ≤ kept ≤ 1.
    """
    if not 0 < elite <= kept <= 1:
        raise EvolutionError(f"elite={elite} and kept={kept} do not fit; give shares with 0 < elite ≤ kept ≤ 1")
    order = by_value(trials, count)
    certain = order[: min(count, _size(elite, order))]
    parents = [*certain, *rng.choices(order[: _size(kept, order)], k=count - len(certain))]
    rng.shuffle(parents)
    return tuple(parents)


def survivors(trials: Sequence[Trial], count: int, *, generation: int) -> tuple[Trial, ...]:
    """The best by value, the best first; the errors of `select`."""
    return by_value(trials, count)[:count]


def _size(share: float, order: Sequence[Trial]) -> int:
    return max(1, round(share * len(order)))
