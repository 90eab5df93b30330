"""Small adapters with random weights, for tests of what is done with adapters."""

from __future__ import annotations

import torch

from workbench.adapters.adapter import Adapter, Factors, LoraSpec

BASE = "b" * 64
SHAPES = {"q_proj": (12, 10), "v_proj": (6, 10), "down_proj": (10, 14)}  # (out, in)


def layer_name(number: int, target: str) -> str:
    block = "mlp" if target == "down_proj" else "self_attn"
    return f"model.layers.{number}.{block}.{target}"


def small_adapter(
    seed: int,
    *,
    rank: int = 3,
    alpha: float = 5.0,
    targets: tuple[str, ...] = ("q_proj", "v_proj"),
    layers: int = 3,
    base: str = BASE,
    rslora: bool = False,
) -> Adapter:
    draw = torch.Generator().manual_seed(seed)
    factors = {}
    for number in range(layers):
        for target in targets:
            out, inner = SHAPES[target]
            a = torch.randn(rank, inner, generator=draw)
            factors[layer_name(number, target)] = Factors(a, torch.randn(out, rank, generator=draw))
    return Adapter(LoraSpec(base, rank, alpha, rslora, tuple(sorted(targets))), factors)


def delta(adapter: Adapter, layer: str) -> torch.Tensor:
    """ΔW in float64; zero where the adapter does not touch the layer."""
    if layer not in adapter.factors:
        return torch.zeros(SHAPES[layer.rsplit(".", 1)[-1]], dtype=torch.float64)
    a, b = adapter.factors[layer]
    return adapter.spec.scale * (b.double() @ a.double())


def apart(left: Adapter, right: Adapter) -> float:
    """The largest difference between two ΔW, relative to the largest weight of the first."""
    layers = left.factors.keys() | right.factors.keys()
    size = max(float(delta(left, layer).abs().max()) for layer in layers)
    return max(float((delta(left, layer) - delta(right, layer)).abs().max()) for layer in layers) / (size or 1.0)
