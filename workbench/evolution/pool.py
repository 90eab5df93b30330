"""The adapters that a population is made of, and a genome's weights: the one place where genomes meet matrices.

    genome ─► parents' ΔW summed by its rule and coefficients ─► singular values stretched ─► cut to its rank ─► Adapter

What is scored is what would be shelved: nothing is cut or rounded after the last score. A genome that is one adapter at
coefficient 1 gives that adapter itself. It does not train; a lesson is given by who tries the genome.

>>> pool = Pool({adapter.identity: adapter for adapter in specialists}, LayerGroups(30))     # doctest: +SKIP
>>> pool.expressed(genome).identity                                                          # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from workbench.adapters.merging import LayerGroups
from workbench.core.errors import AdapterUnfit, EvolutionError
from workbench.evolution.genome import Genome

if TYPE_CHECKING:
    from workbench.adapters.adapter import Adapter

FLOAT_BYTES = 4


class Pool:
    """Parents by identity.

    Args:
        groups: the layer groups that coefficients tell apart.
    Raises:
        EvolutionError: there is none.
        AdapterUnfit: they lie on different bases.
    """

    def __init__(self, adapters: Mapping[str, Adapter], groups: LayerGroups) -> None:
        if not adapters:
            raise EvolutionError("There is no adapter to begin with; train one: workbench train --skill NAME")
        if len(bases := sorted({one.spec.base[:12] for one in adapters.values()})) > 1:
            raise AdapterUnfit(f"Parents lie on different bases ({', '.join(bases)}); choose parents of one base")
        self.adapters, self.groups = dict(adapters), groups

    def expressed(self, genome: Genome) -> Adapter:
        """The adapter that a genome stands for, its lesson not yet given.

        Raises:
            EvolutionError: a parent is not in the pool.
            AdapterError: coefficients or rank cannot be used.
        """
        from workbench.adapters import merging

        missing = [parent[:12] for parent in genome.parents if parent not in self.adapters]
        if missing:
            raise EvolutionError(f"No adapter {missing[0]} is in this population; begin with those of its ledger")
        parents = [self.adapters[parent] for parent in genome.parents]
        if self._is_one_of_them(genome):
            return parents[0]
        rank = genome.rank or merging.usual_rank(genome.rule, parents)
        by = merging.named_rule(genome.rule, share=genome.share, seed=genome.seed)
        child = merging.merge(parents, by, genome.coefficients, groups=self._groups_of(genome), rank=rank).adapter
        if genome.stretch:
            child = merging.scaled_singular_values(
                child, genome.stretch, groups=self.groups if len(genome.stretch) > 1 else None
            )
        return child

    def _groups_of(self, genome: Genome) -> LayerGroups | None:
        if genome.groups == 1:
            return None
        if genome.groups != self.groups.columns:
            raise EvolutionError(
                f"A genome has {genome.groups} columns of coefficients where this population has {self.groups.columns}"
            )
        return self.groups

    @staticmethod
    def _is_one_of_them(genome: Genome) -> bool:
        plain = genome.rule == "linear" and genome.rank is None and not genome.stretch
        return plain and len(genome.parents) == 1 and set(genome.coefficients[0]) == {1.0}


def size_bytes(adapter: Adapter) -> int:
    """What the adapter's factors take as 32-bit floats."""
    return FLOAT_BYTES * sum(pair.a.numel() + pair.b.numel() for pair in adapter.factors.values())
