"""Layer-wise crossover: each depth comes whole from one parent or the other, and from each at least one.

    first    ■ ■ ■
    second   □ □ □      ─►      ■ □ □            every such child is equally likely: 2ᵈ − 2 at d depths

Where both parents are linear sums, the child's ΔW of a layer is the very ΔW that one of them has there. With columns by
kind of module a depth's attention and MLP stay together; `modules` parts them.

>>> from workbench.evolution.genome import only
>>> crossed(only("aa"), only("bb"), fitness=(1, 1), groups=LayerGroups(30), rng=random.Random(0)).coefficients
((0.0, 0.0, 1.0), (1.0, 1.0, 0.0))
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
    """A child of whole depths; see `Cross`."""
    if groups.count < 2:
        raise EvolutionError("Layer-wise crossover needs two depths at least; give more layer groups, or leave it out")
    one, other = widened(first, groups), widened(second, groups)
    frame = fitter(one, other, fitness, rng)
    mixed = rng.randrange(1, 2**groups.count - 1)  # bit by depth; neither all 0 nor all 1
    takes = [bool(mixed >> groups.depth_of(column) & 1) for column in range(groups.columns)]
    return exchanged(one, other, takes, frame=frame)
