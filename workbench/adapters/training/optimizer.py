"""AdamW for the factors, and its state as plain tensors, so that a checkpoint needs no pickle.

On a GPU the moments are 8-bit and paged (QLoRA: Dettmers et al. 2023, arXiv 2305.14314, section 3); on a CPU they are
float32 and updated in one fused pass. No weight decay: a pair starts small and is stopped early. It imports torch:
import it on use.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

Numbers = dict[str, int | float]
CLIP = 1.0  # longest gradient


def adamw(parameters: Sequence[Any], learning_rate: float) -> Any:
    """The optimizer of the device that the parameters are on."""
    if parameters[0].device.type == "cuda":
        from bitsandbytes.optim.adamw import PagedAdamW8bit

        return PagedAdamW8bit(parameters, lr=learning_rate, weight_decay=0.0)
    return torch.optim.AdamW(parameters, lr=learning_rate, weight_decay=0.0, fused=True)


def stepped(optimizer: Any, parameters: Sequence[Any], learning_rate: float) -> float:
    """Clip, move, forget the gradient; returns the gradient's length before clipping."""
    length = float(torch.nn.utils.clip_grad_norm_(parameters, CLIP))
    for group in optimizer.param_groups:
        group["lr"] = learning_rate
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return length


def packed_state(optimizer: Any) -> tuple[dict[str, Tensor], Numbers]:
    """The moments as `parameter.name` -> tensor, and what is a plain number beside them."""
    tensors: dict[str, Tensor] = {}
    numbers: Numbers = {}
    for key, value in _flat(optimizer.state_dict()["state"]):
        if isinstance(value, Tensor):
            tensors[key] = value.detach().cpu().contiguous()
        else:
            numbers[key] = value
    return tensors, numbers


def restore_state(optimizer: Any, tensors: Mapping[str, Tensor], numbers: Numbers) -> None:
    """Put back what `packed_state` gave."""
    state: dict[Any, Any] = {}
    for key, value in [*tensors.items(), *numbers.items()]:
        parameter, *names, last = key.split(".")
        place = state.setdefault(int(parameter), {})
        for name in names:
            place = place.setdefault(name, {})
        place[last] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})


def _flat(state: Mapping[Any, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf with its path; bitsandbytes keeps its 8-bit moments one dictionary deeper than PyTorch."""
    for name, value in state.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value
