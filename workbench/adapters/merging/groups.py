"""Layers are grouped by depth, so that a coefficient can differ between the bottom and the top of a model.

    layers  0 … 9   10 … 19   20 … 29            coefficients: one row a parent, one column a group
              │        │         │
    column    0        1         2               by depth
             0 1      2 3       4 5              by depth and kind: attention, then MLP

It does not know what the coefficients do.

>>> LayerGroups(30).of("model.layers.12.mlp.up_proj"), LayerGroups(30, kinds=True).of("model.layers.12.mlp.up_proj")
(1, 3)
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from workbench.adapters.adapter import Adapter
from workbench.adapters.peft_config import layer_number
from workbench.core.errors import AdapterError

Coefficients = Sequence[float | Sequence[float]]  # by parent: one number, or one for each column of groups
Kind = Literal["attention", "mlp"]
KINDS: tuple[Kind, ...] = ("attention", "mlp")  # in the order of their columns


@dataclass(frozen=True, slots=True)
class LayerGroups:
    """Groups of equal depth; thirds by default.

    Args:
        layers: how many numbered layers the model has.
        count: of groups of depth.
        kinds: each group of depth has two columns, its attention and its MLP, instead of one.
    """

    layers: int
    count: int = 3
    kinds: bool = False

    @property
    def columns(self) -> int:
        """How many coefficients a parent has: `count`, or twice as many by kind."""
        return self.count * self._beside

    def of(self, layer: str) -> int:
        """The column of a layer by its name; one without a number (`lm_head`) belongs to the last depth."""
        number = layer_number(layer)
        depth = self.count - 1 if number is None else min(number * self.count // self.layers, self.count - 1)
        return depth * self._beside + (KINDS.index(kind(layer)) if self.kinds else 0)

    def depth_of(self, column: int) -> int:
        """The group of depth that a column belongs to, 0 at the bottom."""
        return column // self._beside

    def kind_of(self, column: int) -> Kind | None:
        """The kind of module in a column; None where kinds are not told apart."""
        return KINDS[column % len(KINDS)] if self.kinds else None

    @classmethod
    def over(cls, adapters: Iterable[Adapter], count: int = 3, kinds: bool = False) -> LayerGroups:
        """Groups over the layers that these adapters touch, for where the model itself is not at hand."""
        numbers = (layer_number(layer) for adapter in adapters for layer in adapter.factors)
        return cls(1 + max((number for number in numbers if number is not None), default=0), count, kinds)

    @property
    def _beside(self) -> int:
        return len(KINDS) if self.kinds else 1


def kind(layer: str) -> Kind:
    """Attention by its name (`self_attn`, `attention`, …); whatever is not attention counts as MLP."""
    name = layer.casefold()
    return "attention" if "attn" in name or "attention" in name else "mlp"


def matrix(coefficients: Coefficients, parents: int, groups: LayerGroups | None) -> tuple[tuple[float, ...], ...]:
    """One row a parent, one column of groups; a single number fills its row.

    Raises:
        AdapterError: too few or too many, or one that is no finite number.
    """
    width = groups.columns if groups else 1
    rows = tuple(_row(each, width) for each in coefficients)
    if len(rows) != parents or any(len(row) != width for row in rows):
        raise AdapterError(f"Give one coefficient, or {width} by layer group, for each of the {parents} parents")
    if not all(math.isfinite(each) for row in rows for each in row):
        raise AdapterError("A coefficient is no finite number; give numbers such as 0.5")
    return rows


def _row(each: float | Sequence[float], width: int) -> tuple[float, ...]:
    return tuple(float(one) for one in each) if isinstance(each, Sequence) else (float(each),) * width
