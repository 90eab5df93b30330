"""The one walk of every merge: layer by layer, the parents' ΔW become the child's.

    parents ─► same base? same shapes? ─► each layer: rule(ΔW of those who touch it, their coefficients)
            ─► truncated to the stated rank ─► filled to one rank, alpha = rank ─► Merged

Parents are taken in the order of their identities, so the same parents give the same child in whatever order they come,
bit by bit. A layer that a parent does not touch is a ΔW of zero from it. Which rule it is, this file does not know.

>>> merge([mother, father], Linear(), [0.7, 0.4], rank=8).kept             # doctest: +SKIP
0.97
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from workbench.adapters.adapter import Adapter, Factors, LoraSpec
from workbench.adapters.merging.groups import Coefficients, LayerGroups, matrix
from workbench.adapters.merging.lowrank import Truncated, norm
from workbench.adapters.peft_folder import padded
from workbench.core.errors import AdapterError, AdapterUnfit


class Rule(Protocol):
    """How the ΔW of one layer become one."""

    def combined(self, pairs: Sequence[Factors], coefficients: Sequence[float], rank: int | None) -> Truncated:
        """The child's ΔW of one layer.

        Args:
            pairs: of the parents that touch the layer; each is its ΔW, b @ a, the scale included.
            coefficients: one for each pair.
            rank: the most that the result may have; None: whatever is exact.
        """
        ...


@dataclass(frozen=True)
class Merged:
    """A child, and by layer the Frobenius norm of what truncation cut away."""

    adapter: Adapter
    lost_norms: Mapping[str, float]

    @cached_property
    def kept_by_layer(self) -> dict[str, float]:
        """Share of each layer's Frobenius norm that the child holds; 1 where nothing was cut."""
        return {layer: _share(norm(pair), self.lost_norms[layer]) for layer, pair in self.adapter.factors.items()}

    @cached_property
    def kept(self) -> float:
        """The same over all layers together."""
        held = math.hypot(*(norm(pair) for pair in self.adapter.factors.values()))
        return _share(held, math.hypot(*self.lost_norms.values()))


def merge(
    parents: Sequence[Adapter],
    rule: Rule,
    coefficients: Coefficients,
    *,
    groups: LayerGroups | None = None,
    rank: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Merged:
    """The child of these parents.

    Args:
        coefficients: by parent one number, or one for each column of `groups`.
        rank: of the child at most; None keeps it exact, at the rank that takes.
        on_progress: called with how many layers are done, of how many.
    Raises:
        AdapterUnfit: the parents lie on different bases.
        AdapterError: coefficients or rank cannot be used.
    """
    _agree(parents, rank)
    rows = matrix(coefficients, len(parents), groups)
    order = sorted(range(len(parents)), key=lambda index: (parents[index].identity, rows[index]))
    cut: dict[str, Truncated] = {}
    layers = sorted({layer for parent in parents for layer in parent.factors})
    for done, layer in enumerate(layers, 1):
        column = groups.of(layer) if groups else 0
        touching = [index for index in order if layer in parents[index].factors]
        pairs = [whole(parents[index], layer) for index in touching]
        cut[layer] = rule.combined(pairs, [rows[index][column] for index in touching], rank)
        if on_progress is not None:
            on_progress(done, len(layers))
    child = of_pairs(parents[0].spec.base, {layer: each.pair for layer, each in cut.items()})
    return Merged(child, {layer: each.lost_norm for layer, each in cut.items()})


def whole(adapter: Adapter, layer: str) -> Factors:
    """A layer's pair with the adapter's scale in it, so that b @ a is ΔW."""
    a, b = adapter.factors[layer]
    return Factors(a, adapter.spec.scale * b)


def of_pairs(base: str, pairs: Mapping[str, Factors]) -> Adapter:
    """An adapter whose ΔW are b @ a: every pair is filled to the highest rank, alpha is that rank, the scale 1."""
    rank = max(len(pair.a) for pair in pairs.values())
    targets = tuple(sorted({layer.rsplit(".", 1)[-1] for layer in pairs}))
    spec = LoraSpec(base, rank, float(rank), rslora=False, targets=targets)
    return Adapter(spec, {layer: padded(pair, rank) for layer, pair in pairs.items()})


def checked_rank(rank: int | None) -> None:
    """Refuse a rank below 1."""
    if rank is not None and rank < 1:
        raise AdapterError(f"A rank of {rank} cannot be; give 1 or more")


def _share(held: float, lost: float) -> float:
    return held / math.hypot(held, lost) if lost else 1.0  # what was cut is at right angles to what stayed


def _agree(parents: Sequence[Adapter], rank: int | None) -> None:
    checked_rank(rank)
    if not parents:
        raise AdapterError("There is nothing to merge; name at least one adapter")
    bases = sorted({parent.spec.base for parent in parents})
    if len(bases) > 1:
        named = " and ".join(f"{base[:12]}…" for base in bases)
        raise AdapterUnfit(f"Adapters of different bases ({named}) cannot be merged; choose parents of one base")
    shapes: dict[str, tuple[int, int]] = {}
    for parent in parents:
        for layer, (a, b) in parent.factors.items():
            if shapes.setdefault(layer, (b.shape[0], a.shape[1])) != (b.shape[0], a.shape[1]):
                raise AdapterUnfit(f"The parents differ in the shape of {layer}; they are not of one base")
