"""A linear layer with its LoRA pair as one step of autograd, where PEFT takes seven.

    y  = x·Wᵀ + (x·Aᵀ)·(s·B)ᵀ
    ∂x = ∂y·W + (∂y·s·B)·A        ∂A = (∂y·s·B)ᵀ·x        ∂B = s·∂yᵀ·(x·Aᵀ)

The same numbers as PEFT's own forward to rounding, with no pass over memory but the products: no copies, no casts, no
scaling; only x and its thin product x·Aᵀ are kept for the gradient. For plain float weights without dropout; quantised
ones stay PEFT's. It imports torch and PEFT: import it on use.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor


def made_thin(model: Any, name: str) -> int:
    """Give every fitting layer of PEFT's the forward of this file; returns how many there are."""
    from peft.tuners.lora import Linear

    layers: list[Any] = [module for module in model.modules() if type(module) is Linear and _fits(module, name)]
    for layer in layers:
        layer.forward = partial(_forward, layer, name)
    return len(layers)


def _fits(layer: Any, name: str) -> bool:
    weight = layer.base_layer.weight
    return (
        type(layer.base_layer) is torch.nn.Linear
        and weight.is_floating_point()
        and not weight.requires_grad
        and isinstance(layer.lora_dropout[name], torch.nn.Identity)
    )


def _forward(layer: Any, name: str, x: Tensor) -> Tensor:
    a, b = layer.lora_A[name].weight, layer.lora_B[name].weight
    apply: Any = _Thin.apply
    y: Tensor = apply(x, layer.base_layer.weight, layer.base_layer.bias, a, b, layer.scaling[name])
    return y


class _Thin(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, x: Tensor, w: Tensor, bias: Tensor | None, a: Tensor, b: Tensor, s: float) -> Tensor:
        flat = x.reshape(-1, x.shape[-1])  # (tokens, in)
        y = flat @ w.t() if bias is None else torch.addmm(bias, flat, w.t())  # (tokens, out)
        thin = flat @ a.to(x.dtype).t()  # (tokens, rank)
        y.addmm_(thin, b.to(x.dtype).t(), alpha=s)
        context.save_for_backward(x, w, a, b, thin)
        context.scale = s
        return y.view(*x.shape[:-1], y.shape[-1])

    @staticmethod
    def backward(context: Any, *slopes: Tensor) -> Any:
        x, w, a, b, thin = context.saved_tensors
        flat, slope = x.reshape(-1, x.shape[-1]), slopes[0].reshape(-1, w.shape[0])
        narrow_a, narrow_b = a.to(x.dtype), b.to(x.dtype)
        down = (slope @ narrow_b).mul_(context.scale)  # (tokens, rank)
        by_a = down.t() @ flat  # (rank, in)
        by_b = (slope.t() @ thin).mul_(context.scale)  # (out, rank)
        by_x = None
        if context.needs_input_grad[0]:
            by_x = (slope @ w).addmm_(down, narrow_a).view(x.shape)
        return by_x, None, None, by_a.to(a.dtype), by_b.to(b.dtype), None
