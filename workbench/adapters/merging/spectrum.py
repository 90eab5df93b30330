"""One adapter by its singular values: cut to a rank, bent along its own directions, compared with another.

    ΔW = U · diag(σ) · Vᵀ          truncated: the first r of σ          scaled: σⱼ · wⱼ

Scaling singular values is the mutation of CycleQD (Kuroki et al. 2024, arXiv 2410.14735): it searches the few
directions that training found and leaves the others at rest. Nothing of size (out, in) is built here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from workbench.adapters.adapter import Adapter, Factors
from workbench.adapters.grams import Grams, together
from workbench.adapters.merging import lowrank
from workbench.adapters.merging.groups import LayerGroups
from workbench.adapters.merging.merge import checked_rank, of_pairs, whole
from workbench.core.errors import AdapterError


def truncated(adapter: Adapter, rank: int, read: Sequence[Grams] = ()) -> Adapter:
    """The nearest adapter of at most that rank, layer by layer; `kept(adapter, result)` says how near.

    Args:
        read: near by what it answers to these inputs, all lessons counting the same; without them by its weights.
    Raises:
        AdapterError: the rank is below 1.
    """
    checked_rank(rank)
    return of_pairs(
        adapter.spec.base, {layer: _cut(whole(adapter, layer), layer, rank, read) for layer in adapter.factors}
    )


def scaled_singular_values(
    adapter: Adapter, scales: Sequence[Sequence[float]], *, groups: LayerGroups | None = None
) -> Adapter:
    """The adapter with each layer's j-th largest singular value multiplied by the j-th number of its group's row.

    Args:
        scales: one row a column of groups, or a single row without groups; values beyond a row's end stay as they are.
    Raises:
        AdapterError: not as many rows as groups, or a scale that is no finite number of at least 0.
    """
    if len(scales) != (groups.columns if groups else 1):
        raise AdapterError(f"Give one row of scales for each of the {groups.columns if groups else 1} layer groups")
    if not all(math.isfinite(scale) and scale >= 0 for row in scales for scale in row):
        raise AdapterError("A scale of a singular value is no number of at least 0; give numbers such as 1.2")
    rows = {layer: scales[groups.of(layer) if groups else 0] for layer in adapter.factors}
    return of_pairs(adapter.spec.base, {layer: _scaled(whole(adapter, layer), row) for layer, row in rows.items()})


def kept(before: Adapter, after: Adapter) -> float:
    """Share of the Frobenius norm that a truncation kept, over all layers, 0..1."""
    was = norm(before)
    return norm(after) / was if was else 1.0


def norm(adapter: Adapter, layers: Iterable[str] | None = None) -> float:
    """The Frobenius norm of ΔW over these layers, all by default."""
    chosen = adapter.factors if layers is None else [layer for layer in layers if layer in adapter.factors]
    return math.hypot(*(lowrank.norm(whole(adapter, layer)) for layer in chosen))


def cosine(left: Adapter, right: Adapter, layers: Iterable[str] | None = None) -> float | None:
    """The cosine between two ΔW over these layers, all by default; None where one of them is zero."""
    both = left.factors.keys() & right.factors.keys()
    chosen = sorted(left.factors.keys() | right.factors.keys()) if layers is None else list(layers)
    size = norm(left, chosen) * norm(right, chosen)
    shared = [layer for layer in chosen if layer in both]
    dot = math.fsum(lowrank.inner(whole(left, layer), whole(right, layer)) for layer in shared)
    return max(-1.0, min(1.0, dot / size)) if size else None


def _cut(pair: Factors, layer: str, rank: int, read: Sequence[Grams]) -> Factors:
    inputs = together(read, layer)
    if inputs is None:
        return lowrank.truncated_pair(pair, rank).pair
    return lowrank.truncated_for(pair, rank, inputs).pair


def _scaled(pair: Factors, scales: Sequence[float]) -> Factors:
    import torch

    u, sigma, vt = lowrank.spectrum(pair)
    factors = torch.ones_like(sigma)
    factors[: len(scales)] = torch.tensor(list(scales)[: len(sigma)], dtype=sigma.dtype)
    return lowrank.Spectrum(u, sigma * factors, vt).pair()
