"""Module exchange: attention comes from one parent, MLP from the other, at every depth.

    first    attention ■   MLP ■
    second   attention □   MLP □      ─►      ■ □   or   □ ■

Attention moves what was read and MLPs hold what is known, so a child can look where one parent looks and answer as the
other does. It needs columns by kind: LayerGroups(layers, count, kinds=True).

>>> from workbench.evolution.genome import only
>>> groups = LayerGroups(30, 1, kinds=True)
>>> crossed(only("aa"), only("bb"), fitness=(1, 1), groups=groups, rng=random.Random(0)).coefficients
((0.0, 1.0), (1.0, 0.0))
"""

from __future__ import annotations

import random

from workbench.adapters.merging import LayerGroups
from workbench.core.errors import EvolutionError
from workbench.evolution.crossover.columns import exchanged, fitter, widened
from workbench.evolution.genome import Genome


def crossed(
    first: Genome,
    second: Genome,
    *,
    fitness: tuple[float, float],
    groups: LayerGroups,
    rng: random.Random,
) -> Genome:
    """A child with the attention of one and the MLP of the other; see `Cross`."""
    if not groups.kinds:
        raise EvolutionError("Module exchange needs columns by kind; make the layer groups with kinds=True")
    one, other = widened(first, groups), widened(second, groups)
    frame = fitter(one, other, fitness, rng)
    kind = rng.choice(("attention", "mlp"))
    return exchanged(one, other, [groups.kind_of(column) == kind for column in range(groups.columns)], frame=frame)
