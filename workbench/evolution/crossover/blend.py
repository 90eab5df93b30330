"""BLX-α: every gene of the child is drawn from the interval of its parents' genes, made wider on both sides.

            α·d        d = |x − y|        α·d
    ├────────────┼────────────────────┼────────────┤          child ~ U[min − α·d, max + α·d], gene by gene
               min(x, y)           max(x, y)

Eshelman & Schaffer 1993, "Real-coded genetic algorithms and interval-schemata" (FOGA 2). An adapter that a parent lacks
has coefficient 0 there, a singular value that it leaves alone the factor 1. The child's variance is
σ²(½ + (1 + 2α)²/6): at α = .37 that of its parents, at .5 a sixth more, so that selection does not close the
population in at once.

>>> from workbench.adapters.merging import LayerGroups
>>> from workbench.evolution.genome import only
>>> rng = random.Random(0)
>>> crossed(only("aa"), only("bb"), fitness=(1.0, 1.0), groups=LayerGroups(30, 1), rng=rng, alpha=0.0).parents
('aa', 'bb')
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import zip_longest

from workbench.adapters.merging import LayerGroups
from workbench.evolution.crossover.columns import Row, adapters_of, assembled, fitter, row_of, stretch_of, widened
from workbench.evolution.genome import Genome

ALPHA = 0.5  # the paper's


def crossed(
    first: Genome,
    second: Genome,
    *,
    fitness: tuple[float, float],
    groups: LayerGroups,
    rng: random.Random,
    alpha: float = ALPHA,
    toward_fitter: bool = False,
) -> Genome:
    """A blend of both; see `Cross` for the other arguments and errors.

    Args:
        alpha: how far beyond the parents' genes, as a share of their distance.
        toward_fitter: draw from a triangle with its peak at the fitter parent's gene, instead of evenly.
    """
    one, other = widened(first, groups), widened(second, groups)
    frame = fitter(one, other, fitness, rng)
    lead = 0 if fitness[0] > fitness[1] else 1

    def gene(*genes: float) -> float:
        reach = alpha * abs(genes[0] - genes[1])
        low, high = min(genes) - reach, max(genes) + reach
        peaked = toward_fitter and fitness[0] != fitness[1]
        return rng.triangular(low, high, genes[lead]) if peaked else rng.uniform(low, high)

    rows = {
        adapter: tuple(map(gene, row_of(one, adapter), row_of(other, adapter))) for adapter in adapters_of(one, other)
    }
    columns = [(stretch_of(one, column), stretch_of(other, column)) for column in range(groups.columns)]
    return assembled(frame, rows, [_stretched(gene, pair) for pair in columns])


def _stretched(gene: Callable[[float, float], float], rows: Sequence[Row]) -> Row:
    """Factors stay at 0 or above, where alone they mean something."""
    return tuple(max(0.0, gene(x, y)) for x, y in zip_longest(*rows, fillvalue=1.0))
