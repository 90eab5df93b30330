"""A genome becomes another one near it; each file has one `mutated(genome, *, groups, rng) -> Genome`.

    noise      every coefficient moves a little; rarely one becomes 0; an adapter that hardly counts is dropped
    stretch    the largest singular values of the merged ΔW grow or shrink
    hyper      the lesson after the merge has another learning rate, more or fewer steps, another batch
    teach      a few steps on the examples that the candidate gets wrong

Parents keep their order. None of them knows weights: a lesson is given, and singular values change, when the genome is
expressed and taught.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Protocol

from workbench.adapters.merging import LayerGroups
from workbench.evolution.genome import Genome
from workbench.evolution.mutation import hyper, noise, stretch, teach

__all__ = ["MUTATIONS", "Mutate"]


class Mutate(Protocol):
    """How a genome changes."""

    def __call__(self, genome: Genome, *, groups: LayerGroups, rng: random.Random) -> Genome:
        """The mutant: equal arguments and an equal state of `rng` give an equal one.

        Args:
            groups: what the columns of coefficients stand for.
        Raises:
            EvolutionError: the genome does not fit the groups.
        """
        ...


MUTATIONS: Mapping[str, Mutate] = {
    "noise": noise.mutated,
    "stretch": stretch.mutated,
    "hyper": hyper.mutated,
    "teach": teach.mutated,
}
