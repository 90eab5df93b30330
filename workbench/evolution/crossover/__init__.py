"""Two genomes become one; each file has one `crossed(first, second, *, fitness, groups, rng) -> Genome`.

    blend       every coefficient anew, between those of the parents and a little beyond
    layerwise   whole depths from one parent, the other depths from the other
    modules     attention from one parent, MLP from the other
    rules       a blend that is merged by TIES or DARE

What cannot be mixed (rule, share, rank, seed, lesson) comes together from the fitter parent. None of them knows
weights: a coefficient acts on ΔW when the genome is expressed.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Protocol

from workbench.adapters.merging import LayerGroups
from workbench.evolution.crossover import blend, layerwise, modules, rules
from workbench.evolution.genome import Genome

__all__ = ["CROSSOVERS", "Cross", "possible"]


class Cross(Protocol):
    """How two genomes become one."""

    def __call__(
        self,
        first: Genome,
        second: Genome,
        *,
        fitness: tuple[float, float],
        groups: LayerGroups,
        rng: random.Random,
    ) -> Genome:
        """The child: equal arguments and an equal state of `rng` give an equal one.

        Args:
            fitness: of the first and of the second; higher is better.
            groups: what the columns of coefficients stand for.
        Raises:
            EvolutionError: the genomes do not fit the groups, or the groups leave nothing to exchange.
        """
        ...


CROSSOVERS: Mapping[str, Cross] = {
    "blend": blend.crossed,
    "layerwise": layerwise.crossed,
    "modules": modules.crossed,
    "rules": rules.crossed,
}


def possible(groups: LayerGroups) -> dict[str, Cross]:
    """Those that these groups allow: `layerwise` needs two depths, `modules` columns by kind."""
    refused = {"layerwise": groups.count < 2, "modules": not groups.kinds}
    return {name: cross for name, cross in CROSSOVERS.items() if not refused.get(name)}
