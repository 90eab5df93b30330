"""Tournament: k are drawn with replacement, the one with the highest value is a parent; so for each parent.

    P(the best of n wins) = 1 − (1 − 1/n)ᵏ        k = 1 draws blindly; the larger k, the harder the pressure

(Goldberg & Deb 1991, "A comparative analysis of selection schemes used in genetic algorithms".) Only who is ahead
matters, not by how much. It does not know single skills.

>>> select(trials, 8, generation=3, rng=random.Random(0), size=4)    # doctest: +SKIP
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from workbench.core.errors import EvolutionError
from workbench.evolution.selection.eligible import by_value, eligible
from workbench.evolution.selection.scores import value
from workbench.evolution.trial import Trial

SIZE = 2


def select(
    trials: Sequence[Trial], count: int, *, generation: int, rng: random.Random, size: int = SIZE
) -> tuple[Trial, ...]:
    """The winners of `count` tournaments; of equal values the one drawn first wins.

    Args:
        size: k, how many meet in a tournament.

    Raises:
        EvolutionError: no trials, or a count or size below one.
    """
    if size < 1:
        raise EvolutionError(f"A tournament of {size} has no winner; give a size of at least one")
    pool = eligible(trials, count)
    return tuple(max(rng.choices(pool, k=size), key=value) for _ in range(count))


def survivors(trials: Sequence[Trial], count: int, *, generation: int) -> tuple[Trial, ...]:
    """The best by value, the best first; the errors of `select`."""
    return by_value(trials, count)[:count]
