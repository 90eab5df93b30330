"""Gaussian noise on the coefficients: c' = c + N(0, step²), each on its own.

Rarely one coefficient becomes exactly 0: a parent falls silent at one depth. An adapter whose every coefficient is near
0 is dropped: it would take rank and memory for nothing. The one that counts most always stays.

>>> from workbench.evolution.genome import only
>>> moved = mutated(only("aa"), groups=LayerGroups(30), rng=random.Random(0), rare=0.0)
>>> [round(each, 2) for each in moved.coefficients[0]]
[0.98, 1.0, 1.07]
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from workbench.adapters.merging import LayerGroups
from workbench.evolution.crossover.columns import widened
from workbench.evolution.genome import Genome

STEP = 0.1  # standard deviation; a third of the first step of CMA-ES, for mutants are near what was found good
RARE = 0.1  # chance that a mutant has one coefficient set to 0
NEAR = 0.05  # largest magnitude in a row that counts as 0


def mutated(
    genome: Genome,
    *,
    groups: LayerGroups,
    rng: random.Random,
    step: float = STEP,
    rare: float = RARE,
    near: float = NEAR,
) -> Genome:
    """A mutant nearby; see `Mutate` for the other arguments and errors.

    Args:
        step: standard deviation of the noise, in units of a coefficient.
        rare: chance that one coefficient is set to 0.
        near: an adapter whose coefficients are all within this of 0 is dropped.
    """
    wide = widened(genome, groups)
    rows = [[each + rng.normalvariate(0.0, step) for each in row] for row in wide.coefficients]
    if rng.random() < rare:
        rng.choice(rows)[rng.randrange(groups.columns)] = 0.0
    kept = _counting(rows, near)
    return replace(
        wide,
        parents=tuple(genome.parents[index] for index in kept),
        coefficients=tuple(tuple(rows[index]) for index in kept),
    )


def _counting(rows: Sequence[Sequence[float]], near: float) -> list[int]:
    """Indices of the rows that count; at least one."""
    sizes = [max(map(abs, row)) for row in rows]
    return [index for index, size in enumerate(sizes) if size > near] or [sizes.index(max(sizes))]
