"""Lay an adapter over a model's weights for a while, and take it off without a trace.

    W ── saved ──► W + ΔW ── … ──► W, from the saved copy

Adding and then subtracting would drift in low precision, so the touched weights are put back from a copy, bit for bit.
Quantised weights cannot be added to: for those use PEFT's own layers. It does not know where adapters come from.

>>> with attached(model, adapter):                                       # doctest: +SKIP
...     model(tokens)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from workbench.adapters.adapter import Adapter
from workbench.core.errors import AdapterUnfit

if TYPE_CHECKING:
    from torch import Tensor


@contextmanager
def attached(model: Any, adapter: Adapter | None) -> Iterator[None]:
    """Inside, the model answers as with the adapter; None leaves it as it is.

    Raises:
        AdapterUnfit: a layer is missing in the model, has another shape, or is quantised.
    """
    if adapter is None:
        yield
        return
    with added(model, {layer: adapter.delta(layer) for layer in adapter.factors}):
        yield


@contextmanager
def added(model: Any, deltas: Mapping[str, Tensor]) -> Iterator[None]:
    """Inside, each named layer's weight is W + ΔW, summed in float32 and rounded once."""
    import torch

    weights = {layer: _weight(model, layer, delta) for layer, delta in deltas.items()}
    saved = {layer: weight.detach().clone() for layer, weight in weights.items()}
    try:
        with torch.no_grad():
            for layer, weight in weights.items():
                weight.copy_(saved[layer].float() + deltas[layer].to(weight.device))
        yield
    finally:
        with torch.no_grad():
            for layer, weight in weights.items():
                weight.copy_(saved[layer])


def _weight(model: Any, layer: str, delta: Tensor) -> Tensor:
    try:
        weight: Tensor = model.get_submodule(layer).weight
    except AttributeError as error:
        raise AdapterUnfit(f"The model has no layer {layer}; the adapter was made for another base") from error
    if not weight.is_floating_point():
        raise AdapterUnfit(f"The layer {layer} is quantised; open the base in fp32 or bf16")
    if weight.shape != delta.shape:
        raise AdapterUnfit(
            f"The layer {layer} is {tuple(weight.shape)} and the adapter's {tuple(delta.shape)}; it is of another base"
        )
    return weight
