"""The plain sum of parents, each with its coefficient: task arithmetic (Ilharco et al. 2022, arXiv 2212.04089).

ΔW = Σ cᵢ ΔWᵢ = [c₁B₁ c₂B₂ …] · [A₁; A₂; …]          exact at the sum of the ranks; nothing of size (out, in) is built
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.adapters.adapter import Adapter, Factors
from workbench.adapters.merging.groups import Coefficients, LayerGroups
from workbench.adapters.merging.lowrank import Truncated, joined, truncated_pair
from workbench.adapters.merging.merge import merge


@dataclass(frozen=True, slots=True)
class Linear:
    """The rule Σ cᵢ ΔWᵢ."""

    def combined(self, pairs: Sequence[Factors], coefficients: Sequence[float], rank: int | None) -> Truncated:
        bent = [Factors(a, c * b) for (a, b), c in zip(pairs, coefficients, strict=True)]
        counting = [pair for pair, c in zip(bent, coefficients, strict=True) if c] or [_first_direction(bent[0])]
        exact = joined(counting)
        return truncated_pair(exact, len(exact.a) if rank is None else rank)


def linear(
    parents: Sequence[Adapter],
    coefficients: Coefficients,
    *,
    groups: LayerGroups | None = None,
    rank: int | None = None,
) -> Adapter:
    """Σ cᵢ ΔWᵢ; see `merge` for arguments and errors."""
    return merge(parents, Linear(), coefficients, groups=groups, rank=rank).adapter


def _first_direction(pair: Factors) -> Factors:
    """One direction of a pair whose coefficient is zero: the least that says "no change" of a layer."""
    return Factors(pair.a[:1], pair.b[:, :1])
