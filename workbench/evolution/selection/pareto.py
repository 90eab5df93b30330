"""NSGA-II: nobody is better for being ahead on the mean; a trial is beaten only by one that is nowhere behind it.

    objectives     value of each skill to be learned · value of each held skill · −size_bytes       higher is better
    i dominates j  nowhere lower, and somewhere higher
    front 0        dominated by nobody; front 1: only by front 0; …
    crowding       d(i) = Σ over objectives of (next higher − next lower) / (highest − lowest)      ∞ at either end

    size │    1        0              who breeds: of two drawn, the lower front; within a front the lonelier
         │ 1      0                   who stays:  front after front, of the one that does not fit the loneliest
         │    0
         └───────────── value

Deb, Pratap, Agarwal & Meyarivan 2002, doi 10.1109/4235.996017. With many objectives nearly everybody is on front 0, and
the crowding decides alone. It does not know how much a skill is worth, nor which point of the front a person wants.

>>> [one.number for one in front(trials)]    # doctest: +SKIP
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from workbench.evolution.selection.eligible import eligible
from workbench.evolution.selection.scores import skill_value, skills, value
from workbench.evolution.trial import Trial

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Place(NamedTuple):
    """Where a trial stands; the lower tuple is ahead (the paper's crowded comparison ≺ₙ)."""

    rank: int
    minus_crowding: float


def select(trials: Sequence[Trial], count: int, *, generation: int, rng: random.Random) -> tuple[Trial, ...]:
    """The winners of `count` binary tournaments between two different trials; of equal places the one drawn first wins.

    Raises:
        EvolutionError: no trials, or a count below one.
    """
    pool = eligible(trials, count)
    places = ranking(objectives(pool))
    drawn = (rng.sample(range(len(pool)), k=min(2, len(pool))) for _ in range(count))
    return tuple(pool[min(pair, key=places.__getitem__)] for pair in drawn)


def survivors(trials: Sequence[Trial], count: int, *, generation: int) -> tuple[Trial, ...]:
    """Front after front, in a front the least crowded first; equal places go by value, then to the earlier.

    Raises:
        EvolutionError: no trials, or a count below one.
    """
    pool = eligible(trials, count)
    places = ranking(objectives(pool))
    order = sorted(range(len(pool)), key=lambda i: (places[i], -value(pool[i]), pool[i].number))
    return tuple(pool[i] for i in order[:count])


def front(trials: Sequence[Trial]) -> tuple[Trial, ...]:
    """The Pareto front, in the order of numbers: those that nobody dominates; none where all have failed.

    Raises:
        EvolutionError: no trials.
    """
    scored = [one for one in eligible(trials) if one.fitness is not None]
    return tuple(scored[i] for i in sorted(fronts(objectives(scored))[0])) if scored else ()


def objectives(trials: Sequence[Trial]) -> NDArray[np.float64]:
    """(trials, objectives), higher is better; what a trial was not scored on counts as the lowest value."""
    import numpy as np

    measured = skills(trials)
    rows = [[*(skill_value(one, skill) for skill in measured), -_size_bytes(one)] for one in trials]
    return np.array(rows, dtype=np.float64)


def fronts(points: NDArray[np.float64]) -> tuple[tuple[int, ...], ...]:
    """Fast non-dominated sort (section III-A): indices by front, the first dominated by nobody.

    Args:
        points: (n, objectives), higher is better. Time O(n² · objectives), memory O(n²).
    """
    import numpy as np

    dominates = _domination(points)  # (n, n): row dominates column
    ahead = dominates.sum(axis=0)  # (n,): how many dominate it; the paper's n_p
    found = []
    while (here := np.flatnonzero(ahead == 0)).size:
        found.append(tuple(map(int, here)))
        ahead -= dominates[here].sum(axis=0)
        ahead[here] = -1  # taken
    return tuple(found)


def crowding(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Crowding distance within one front (section III-B), ∞ for the ends of each objective.

    Args:
        points: (n, objectives). An objective in which all are equal says nothing and adds nothing.
    """
    import numpy as np

    distance = np.zeros(len(points))
    for column in points.T:
        order = np.argsort(column, kind="stable")
        ordered = column[order]
        if ordered[-1] > ordered[0]:
            distance[order[1:-1]] += (ordered[2:] - ordered[:-2]) / (ordered[-1] - ordered[0])
            distance[order[[0, -1]]] = np.inf
    return distance


def ranking(points: NDArray[np.float64]) -> tuple[Place, ...]:
    """The place of every point: its front, and how lonely it is there."""
    places: dict[int, Place] = {}
    for rank, members in enumerate(fronts(points)):
        distances = crowding(points[list(members)])
        places |= {i: Place(rank, -float(each)) for i, each in zip(members, distances, strict=True)}
    return tuple(places[i] for i in range(len(points)))


def _domination(points: NDArray[np.float64]) -> NDArray[np.bool_]:
    import numpy as np

    nowhere_lower = np.ones((len(points), len(points)), dtype=np.bool_)
    somewhere_higher = np.zeros_like(nowhere_lower)
    for column in points.T:
        nowhere_lower &= column[:, None] >= column
        somewhere_higher |= column[:, None] > column
    return nowhere_lower & somewhere_higher


def _size_bytes(trial: Trial) -> int:
    return 0 if trial.fitness is None else trial.fitness.size_bytes
