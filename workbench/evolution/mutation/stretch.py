"""The largest singular values of the merged ΔW grow or shrink, each by a log-normal factor, group by group.

    σⱼ ─► wⱼ · σⱼ          w' = w · exp N(0, step²), within [¼, 4]          a new factor starts at 1

After the mutation of CycleQD (Kuroki et al. 2024, arXiv 2410.14735), which moves only along directions that training
found. There factors are uniform; a log-normal one doubles as easily as it halves, so that mutating it again and again
drifts nowhere.

>>> from workbench.evolution.genome import only
>>> bent = mutated(only("aa"), groups=LayerGroups(30), rng=random.Random(0), values=2)
>>> [len(row) for row in bent.stretch]
[2, 2, 2]
"""

from __future__ import annotations

import math
import random
from dataclasses import replace

from workbench.adapters.merging import LayerGroups
from workbench.evolution.crossover.columns import Row, stretch_of, widened
from workbench.evolution.genome import Genome

STEP = 0.2  # standard deviation of a factor's logarithm
VALUES = 8  # singular values with a factor of their own: as many as a specialist has
FACTORS = (0.25, 4.0)


def mutated(
    genome: Genome, *, groups: LayerGroups, rng: random.Random, step: float = STEP, values: int = VALUES
) -> Genome:
    """A mutant with other singular values; see `Mutate` for the other arguments and errors.

    Args:
        step: standard deviation of the logarithm of a factor.
        values: how many singular values of each layer get a factor; never more than the genome's rank.
    """
    wide = widened(genome, groups)
    count = values if genome.rank is None else min(values, genome.rank)

    def moved(row: Row) -> Row:
        padded = row + (1.0,) * (count - len(row))
        return tuple(_bounded(factor * math.exp(rng.normalvariate(0.0, step))) for factor in padded)

    return replace(wide, stretch=tuple(moved(stretch_of(wide, column)) for column in range(groups.columns)))


def _bounded(factor: float) -> float:
    low, high = FACTORS
    return min(max(factor, low), high)
