"""Layers are grouped by depth, so that a coefficient can differ between the bottom and the top of a model.

    layers  0 … 9   10 … 19   20 … 29            coefficients: one row a parent, one column a group
              │        │         │
    group     0        1         2

It does not know what the coefficients do.

>>> LayerGroups(30).of("model.layers.12.mlp.up_proj")
1
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workbench.adapters.adapter import Adapter
from workbench.adapters.peft_config import layer_number
from workbench.core.errors import AdapterError

Coefficients = Sequence[float | Sequence[float]]  # by parent: one number, or one for each group


@dataclass(frozen=True, slots=True)
class LayerGroups:
    """Groups of equal depth; thirds by default.

    Args:
        layers: how many numbered layers the model has.
        count: of groups.
    """

    layers: int
    count: int = 3

    def of(self, layer: str) -> int:
        """The group of a layer by its name; one without a number (`lm_head`) belongs to the last."""
        number = layer_number(layer)
        return self.count - 1 if number is None else min(number * self.count // self.layers, self.count - 1)

    @classmethod
    def over(cls, adapters: Iterable[Adapter], count: int = 3) -> LayerGroups:
        """Groups over the layers that these adapters touch, for where the model itself is not at hand."""
        numbers = (layer_number(layer) for adapter in adapters for layer in adapter.factors)
        return cls(1 + max((number for number in numbers if number is not None), default=0), count)


def matrix(coefficients: Coefficients, parents: int, groups: LayerGroups | None) -> tuple[tuple[float, ...], ...]:
    """One row a parent, one column a group; a single number fills its row.

    Raises:
        AdapterError: too few or too many, or one that is no finite number.
    """
    width = groups.count if groups else 1
    rows = tuple(_row(each, width) for each in coefficients)
    if len(rows) != parents or any(len(row) != width for row in rows):
        raise AdapterError(f"Give one coefficient, or {width} by layer group, for each of the {parents} parents")
    if not all(math.isfinite(each) for row in rows for each in row):
        raise AdapterError("A coefficient is no finite number; give numbers such as 0.5")
    return rows


def _row(each: float | Sequence[float], width: int) -> tuple[float, ...]:
    return tuple(float(one) for one in each) if isinstance(each, Sequence) else (float(each),) * width
