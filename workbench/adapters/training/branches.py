"""Attention over a tree of tokens, branch by branch, instead of every token against every other.

    a row of 419 tokens, 16 examples            its branches
    ┌─────────────┐                             opening  ▪ × ▪          (19 × 19)
    │▪            │   419 × 419 pairs,          each own ▪▪ × ▪▪▪       (25 × 44), 16 of them
    │▪▪           │   nine in ten of them
    │▪ ▪          │   masked out                one batch of short attentions: 12 % of the pairs
    │▪  ▪         │
    └─────────────┘

A branch is a run of tokens that follow each other; it asks, and the tokens on its way to the root are asked. Key heads
are not repeated for the query heads that share them: those queries stand below each other. The same numbers as masked
attention, to rounding. It imports torch and transformers: import it on use.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy
import torch
from torch import Tensor

from workbench.adapters.training.trees import Row

NAME = "workbench-branches"  # of this attention, for transformers
MULTIPLE = 8  # of keys: what the fast kernels of GPUs ask of a mask


@dataclass(frozen=True, slots=True)
class Branches:
    """Which tokens ask together, and whom; places count through all rows of a pass, `row · width + place`."""

    askers: Tensor  # (n, q) places; short branches are filled up with place 0, whose answers are not used
    asked: Tensor  # (n, k) places, from the root on
    mask: Tensor  # (n, 1, q, k) True where an asker reads
    back: Tensor  # (rows · width,) where each place's answer stands among n · q


def branches_of(rows: Sequence[Row], width: int, device: Any) -> Branches:
    """The branches of rows that are read in one pass, each filled up to `width`."""
    runs = [(number, run) for number, row in enumerate(rows) for run in _runs(row)]
    ways = [_way(rows[number], run[-1]) for number, run in runs]
    most_keys = -(-max(map(len, ways)) // MULTIPLE) * MULTIPLE
    askers = numpy.zeros((len(runs), max(len(run) for _, run in runs)), dtype=numpy.int64)
    asked = numpy.zeros((len(runs), most_keys), dtype=numpy.int64)
    depth = numpy.zeros_like(askers)
    back = numpy.zeros(len(rows) * width, dtype=numpy.int64)
    for index, ((number, run), way) in enumerate(zip(runs, ways, strict=True)):
        places = number * width + numpy.arange(run[0], run[-1] + 1)
        askers[index, : len(run)] = places
        asked[index, : len(way)] = number * width + numpy.array(way)
        depth[index, : len(run)] = numpy.arange(len(way) - len(run), len(way))
        back[places] = index * askers.shape[1] + numpy.arange(len(run))
    mask = numpy.arange(most_keys) <= depth[..., None]  # the key at position p is read from depth p on
    return Branches(*(torch.from_numpy(found).to(device) for found in (askers, asked, mask[:, None], back)))


def _runs(row: Row) -> list[range]:
    """Tokens that follow each other, cut so that the batch holds the fewest filled-up places."""
    starts = [place for place, parent in enumerate(row.parents) if parent != place - 1 or place == 0]
    whole = [range(first, after) for first, after in zip(starts, [*starts[1:], len(row.parents)], strict=True)]
    sizes = sorted({len(run) for run in whole})
    longest = min(sizes, key=lambda size: size * sum(-(-len(run) // size) for run in whole))
    return [run[first : first + longest] for run in whole for first in range(0, len(run), longest)]


def _way(row: Row, place: int) -> list[int]:
    way = [place]
    while (place := row.parents[place]) >= 0:
        way.append(place)
    return way[::-1]


def given_branches(model: Any) -> bool:
    """Let a model's attention take branches, where it is PyTorch's and can be exchanged; else as before."""
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import sdpa_mask

    if model.config.get_text_config()._attn_implementation != "sdpa" or not model._can_set_attn_implementation():
        return False
    AttentionInterface.register(NAME, _attention)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    model.set_attn_implementation(NAME)
    return True


def _attention(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    branches: Branches | None = None,
    scaling: float | None = None,
    dropout: float = 0.0,
    **rest: Any,
) -> tuple[Tensor, None]:
    """transformers calls this in every layer; without branches it is PyTorch's attention.

    Args:
        query: (rows, heads, width, size); key and value have as many heads or a divisor of them.
    """
    if branches is None:
        from transformers.integrations.sdpa_attention import sdpa_attention_forward

        plain: tuple[Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **rest
        )
        return plain
    rows, heads, width, size = query.shape
    count, length = branches.askers.shape
    groups, shared = key.shape[1], heads // key.shape[1]  # key heads, and query heads of each
    queries = _picked(query, branches.askers).view(count, length, groups, shared, size)
    answers = torch.nn.functional.scaled_dot_product_attention(
        queries.permute(0, 2, 3, 1, 4).reshape(count, groups, shared * length, size),
        _picked(key, branches.asked).transpose(1, 2),
        _picked(value, branches.asked).transpose(1, 2),
        attn_mask=branches.mask.repeat(1, 1, shared, 1),
        dropout_p=dropout,
        scale=scaling,
    )
    in_order = answers.view(count, groups, shared, length, -1).permute(0, 3, 1, 2, 4)
    flat = in_order.reshape(count * length, -1).index_select(0, branches.back)
    return flat.view(rows, width, heads, -1), None


def _picked(states: Tensor, places: Tensor) -> Tensor:
    """(rows, heads, width, size) -> (n, places of a branch, heads, size)."""
    rows, heads, width, size = states.shape
    flat = states.transpose(1, 2).reshape(rows * width, heads * size)
    return flat.index_select(0, places.flatten()).view(*places.shape, heads, size)
