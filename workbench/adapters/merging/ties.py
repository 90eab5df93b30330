"""TIES: parents vote on the sign of every weight, and only those who agree count (Yadav et al. 2023, arXiv 2306.01708).

    trim       keep the share `density` of each ΔWᵢ that is largest in magnitude, the rest is 0
    elect      γ = sign(Σ cᵢ ΔWᵢ)
    merge      ΔW = mean over the parents i with sign(cᵢ ΔWᵢ) = γ of cᵢ ΔWᵢ

The paper trims over the whole model at once; here it is done layer by layer, so that one layer is in memory at a time.
The mean leaves the size of one parent, not of their sum: coefficients above 1 play the part of the paper's λ.
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
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Ties:
    """The rule with its density: the share of weights kept of each parent, above 0 up to 1."""

    density: float = 0.2  # the paper's k = 20 %

    def __post_init__(self) -> None:
        if not 0 < self.density <= 1:
            raise AdapterError(f"A density of {self.density} cannot be; give a share above 0 up to 1")

    def combined(self, pairs: Sequence[Factors], coefficients: Sequence[float], rank: int | None) -> Truncated:
        trimmed = [c * trim(b @ a, self.density) for (a, b), c in zip(pairs, coefficients, strict=True)]
        return truncated_dense(agreed_mean(trimmed), rank)


def ties(
    parents: Sequence[Adapter],
    coefficients: Coefficients,
    *,
    density: float = 0.2,
    groups: LayerGroups | None = None,
    rank: int | None = None,
) -> Adapter:
    """TIES of the parents; see `merge` for the other arguments and errors.

    Args:
        rank: None keeps it exact at full rank, which takes more room than the weights themselves.
    """
    return merge(parents, Ties(density), coefficients, groups=groups, rank=rank).adapter


def trim(delta: Tensor, density: float) -> Tensor:
    """The share `density` of largest magnitude, at least one weight; of equal ones at the edge all stay."""
    import torch

    count = max(1, round(density * delta.numel()))
    edge = delta.abs().flatten().kthvalue(delta.numel() - count + 1).values
    return torch.where(delta.abs() >= edge, delta, 0.0)


def agreed_mean(deltas: Sequence[Tensor]) -> Tensor:
    """The mean of those that have the sign of the sum, weight by weight; where nobody counts, 0."""
    import torch

    stack = torch.stack(list(deltas))  # (parents, out, in)
    agree = (stack.sign() == stack.sum(dim=0).sign()) & (stack != 0)
    return torch.where(agree, stack, 0.0).sum(dim=0) / agree.sum(dim=0).clamp(min=1)
