"""DARE: most of each parent's weights are dropped at random and the rest enlarged (Yu et al. 2023, arXiv 2311.03099).

    ΔWᵢ' = m ∘ ΔWᵢ / (1 − p)      m ~ Bernoulli(1 − p)      E[ΔWᵢ'] = ΔWᵢ          ΔW = Σ cᵢ ΔWᵢ'

The generator is handed in and should be saved by its seed: layers are taken in the order of their names and parents in
that of their identities, so one seed gives one child.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.adapters.adapter import Adapter, Factors
from workbench.adapters.merging.groups import Coefficients, LayerGroups
from workbench.adapters.merging.lowrank import Truncated, truncated_dense
from workbench.adapters.merging.merge import merge
from workbench.core.errors import AdapterError

if TYPE_CHECKING:
    from torch import Generator, Tensor


@dataclass(frozen=True, slots=True)
class Dare:
    """The rule with its share of weights dropped, from 0 to below 1, and the generator that draws them."""

    drop: float
    generator: Generator

    def __post_init__(self) -> None:
        if not 0 <= self.drop < 1:
            raise AdapterError(f"A drop of {self.drop} cannot be; give a share from 0 to below 1")

    def combined(self, pairs: Sequence[Factors], coefficients: Sequence[float], rank: int | None) -> Truncated:
        thinned = [c * self._thinned(b @ a) for (a, b), c in zip(pairs, coefficients, strict=True)]
        return truncated_dense(sum(thinned[1:], start=thinned[0]), rank)

    def _thinned(self, delta: Tensor) -> Tensor:
        import torch

        stays = torch.rand(delta.shape, generator=self.generator) >= self.drop
        return torch.where(stays, delta / (1 - self.drop), 0.0)


def dare(
    parents: Sequence[Adapter],
    coefficients: Coefficients,
    *,
    drop: float,
    generator: Generator,
    groups: LayerGroups | None = None,
    rank: int | None = None,
) -> Adapter:
    """DARE and the sum of the parents; see `merge` for the other arguments and errors.

    Args:
        rank: None keeps it exact at full rank, which takes more room than the weights themselves.
    """
    return merge(parents, Dare(drop, generator), coefficients, groups=groups, rank=rank).adapter
