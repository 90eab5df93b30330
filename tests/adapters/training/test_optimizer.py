from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import torch
from bitsandbytes.optim.adamw import AdamW8bit
from safetensors.torch import load, save

from workbench.adapters.training.optimizer import adamw, packed_state, restore_state, stepped
from workbench.adapters.training.schedule import rate

Maker = Callable[[list[Any]], Any]


def eight_bit(parameters: list[Any]) -> Any:
    """What a GPU gets, but not paged."""
    return AdamW8bit(parameters, lr=0.01, weight_decay=0.0)


def full(parameters: list[Any]) -> Any:
    return adamw(parameters, 0.01)


def parameters() -> list[Any]:
    """One large enough for 8-bit moments, one that keeps 32."""
    torch.manual_seed(0)
    return [torch.nn.Parameter(torch.randn(80, 100)), torch.nn.Parameter(torch.randn(3, 5))]


def moved(optimizer: Any, moving: list[Any], steps: range) -> None:
    for step in steps:
        for one in moving:
            one.grad = torch.sin(one.detach() * (step + 1))
        stepped(optimizer, moving, 0.01)


@pytest.mark.parametrize("make", [full, eight_bit])
def test_an_optimizer_put_back_from_plain_tensors_moves_as_the_first(make: Maker) -> None:
    unbroken = parameters()
    moved(make(unbroken), unbroken, range(6))
    broken = parameters()
    first = make(broken)
    moved(first, broken, range(3))
    tensors, numbers = packed_state(first)
    second = make(broken)
    restore_state(second, load(save(tensors)), json.loads(json.dumps(numbers)))
    moved(second, broken, range(3, 6))
    assert all(torch.equal(one, other) for one, other in zip(unbroken, broken, strict=True))


def test_a_long_gradient_is_cut_to_length_one() -> None:
    parameter = torch.nn.Parameter(torch.zeros(4))
    parameter.grad = torch.full((4,), 50.0)
    plain = torch.optim.SGD([parameter], lr=1.0)
    assert stepped(plain, [parameter], 1.0) == pytest.approx(100.0)
    assert float(parameter.detach().norm()) == pytest.approx(1.0, rel=1e-4)
    assert parameter.grad is None


def test_the_rate_warms_up_over_a_tenth_and_falls_to_nearly_nothing() -> None:
    rates = [rate(step, 40, 2e-3) for step in range(40)]
    assert rates[:4] == pytest.approx([0.5e-3, 1e-3, 1.5e-3, 2e-3])
    assert rates[3] == max(rates)
    assert rates[3:] == sorted(rates[3:], reverse=True)
    assert 0 < rates[-1] < 0.01 * rates[3]
    assert rates[21] == pytest.approx(1.04e-3, rel=0.05)


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_the_shortest_runs_move_too(steps: int) -> None:
    assert all(0 < rate(step, steps, 1.0) <= 1 for step in range(steps))
