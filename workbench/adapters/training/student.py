"""The model that learns: a frozen base, PEFT's LoRA layers in it, and the loss of a few rows.

    base ─► frozen ─► PEFT layers (rank, alpha, dropout) ─► weights of the start, or fresh ones by the seed
    rows ─► tokens, positions, who reads whom ─► hidden states ─► loss of the answers

Not every architecture can be told who reads whom, nor is its head a plain product: `reading_of` finds out by computing
the same few logits both ways. Where they differ, each example is read alone, or the model's own logits are used. It
does not know steps, optimizers or files. It imports torch: import it on use.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import Tensor

from workbench.adapters.adapter import Adapter, Factors, LoraSpec
from workbench.adapters.rendering import Rendered
from workbench.adapters.training.branches import branches_of
from workbench.adapters.training.lesson import Item
from workbench.adapters.training.loss import answer_loss, goals_of
from workbench.adapters.training.trees import Row, planted, single

NAME = "default"  # PEFT's name of the one adapter
Layout = Literal["branches", "mask", "alone"]


@dataclass(frozen=True, slots=True)
class Reading:
    """How this model can be read without changing what it says."""

    layout: Layout  # who reads whom is said by branches, by a mask, or is the model's own affair
    bare_head: bool  # logits are the output layer's product with the hidden states, and nothing more

    @property
    def packs(self) -> bool:
        """Whether several examples may share a row."""
        return self.layout != "alone"


ALONE = Reading("alone", bare_head=False)


@dataclass(frozen=True)
class Student:
    """A model with trainable factors; `layers` are PEFT's, by the names that an adapter uses."""

    model: Any
    layers: Mapping[str, Any]
    spec: LoraSpec
    reading: Reading = ALONE

    @property
    def device(self) -> Any:
        return self.model.device

    @property
    def parameters(self) -> list[Any]:
        """Trainable ones in a fixed order: A then B of each layer by name."""
        return [factor for layer in sorted(self.layers) for factor in factors_of(self.layers[layer])]

    def adapter(self) -> Adapter:
        """What is learned so far, as a copy on the CPU."""
        pairs = {name: Factors(*map(_copy, factors_of(self.layers[name]))) for name in sorted(self.layers)}
        return Adapter(self.spec, pairs)

    def set_checkpointing(self, on: bool) -> None:
        """Whether activations are computed a second time instead of kept."""
        if on:
            self.model.activation_checkpointing_enable()
        elif self.model.is_activation_checkpointing:
            self.model.activation_checkpointing_disable()

    @contextmanager
    def examined(self) -> Iterator[None]:
        """Inside, nothing is dropped and no gradient is kept."""
        self.model.eval()
        try:
            with torch.no_grad():
                yield
        finally:
            self.model.train()

    def loss(self, rows: Sequence[Row]) -> Tensor:
        """Weighted sum of −log p over all answer tokens of these rows, which are read in one pass."""
        width = max(len(row.tokens) for row in rows)
        places = [number * width + place for number, row in enumerate(rows) for place in row.asked]
        asked = self._read(rows, width).index_select(0, torch.tensor(places, device=self.device))
        goals, before = [], 0
        for row in rows:
            goals += [(before + index, token, weight) for index, token, weight in row.goals]
            before += len(row.asked)
        head = self.model.get_output_embeddings() if self.reading.bare_head else torch.nn.Identity()
        vocabulary = self.model.config.get_text_config().vocab_size
        return answer_loss(asked, head, vocabulary, goals_of(goals, self.device))

    def _read(self, rows: Sequence[Row], width: int) -> Tensor:
        """What stands after each token: hidden states, or logits where the head is more than a product."""
        tokens = _padded([row.tokens for row in rows], width, self.device)
        model = self.model.get_decoder() if self.reading.bare_head else self.model
        found = model(input_ids=tokens, use_cache=False, **self._who_reads_whom(rows, width))
        states: Tensor = found.last_hidden_state if self.reading.bare_head else found.logits
        return states.view(-1, states.shape[-1])

    def _who_reads_whom(self, rows: Sequence[Row], width: int) -> dict[str, Any]:
        if self.reading.layout == "alone":  # each row counts from 0 and reads what came before: a model's own way
            lengths = torch.tensor([len(row.tokens) for row in rows])
            return {"attention_mask": (torch.arange(width) < lengths[:, None]).long().to(self.device)}
        given: dict[str, Any] = {"position_ids": _padded([row.positions for row in rows], width, self.device)}
        if self.reading.layout == "mask":
            mask = torch.stack([reads(row, width) for row in rows])[:, None]  # (rows, 1, width, width)
            return {**given, "attention_mask": mask.to(self.device)}
        # The one place of the mask keeps transformers from making a full one, which nobody would read.
        unread = torch.ones(1, 1, 1, 1, dtype=torch.bool, device=self.device)
        return {**given, "attention_mask": unread, "branches": branches_of(rows, width, self.device)}


def factors_of(layer: Any) -> tuple[Any, Any]:
    """The trainable A and B of one of PEFT's layers."""
    return layer.lora_A[NAME].weight, layer.lora_B[NAME].weight


def reads(row: Row, width: int) -> Tensor:
    """Which token reads which, (width, width): itself and those on its way; padding reads itself."""
    import numpy

    mask = numpy.eye(width, dtype=bool)
    for place, parent in enumerate(row.parents):
        if parent >= 0:
            mask[place] |= mask[parent]
    return torch.from_numpy(mask)


def reading_of(student: Student, longest: int, *, branches: bool) -> Reading:
    """How the model can be read, by the logits of two short examples that share their opening.

    Args:
        longest: tokens of an example at most; a window narrower than that needs masks of the model's own making.
        branches: whether its attention takes them.
    """
    config = student.model.config.get_text_config()
    windows = [getattr(config, name, None) or longest for name in ("sliding_window", "attention_chunk_size")]
    layouts: list[Layout] = ["branches", "mask", "alone"]
    if min(windows) < longest:
        layouts = ["alone"]
    elif not branches:
        layouts = ["mask", "alone"]
    items = [Item("", Rendered((5, 7, 11, 13, *end), (3,)), 1.0) for end in ((17, 19), (23, 29, 31))]
    with student.examined():
        expected = [_own_logits(student, item) for item in items]
        for way in [Reading(layout, bare) for layout in layouts for bare in (True, False)]:
            if all(map(_alike, expected, _last_logits(replace(student, reading=way), items))):
                return way
    return ALONE


def _own_logits(student: Student, item: Item) -> Tensor:
    logits: Tensor = student.model(input_ids=_padded([item.tokens.prompt], 0, student.device)).logits
    return logits[0, -1]


def _last_logits(student: Student, items: Sequence[Item]) -> list[Tensor]:
    rows = planted(items, 64) if student.reading.packs else tuple(map(single, items))
    width = max(len(row.tokens) for row in rows)
    found = student._read(rows, width).view(len(rows), width, -1)
    states = [found[number, place] for number, row in enumerate(rows) for place in row.asked]
    head = student.model.get_output_embeddings() if student.reading.bare_head else torch.nn.Identity()
    return [head(state) for state in states]


def _alike(expected: Tensor, found: Tensor) -> bool:
    """Equal to the rounding of the precision; a mask that is not heeded moves logits by about their spread."""
    near = 1e-3 if expected.dtype == torch.float32 else 0.1
    return bool((expected - found).abs().mean() <= near * expected.std())


def _padded(columns: Sequence[Sequence[int]], width: int, device: Any) -> Tensor:
    return torch.tensor([[*column, *[0] * (width - len(column))] for column in columns], device=device)


def _copy(factor: Any) -> Tensor:
    copied: Tensor = factor.detach().float().cpu().clone()
    return copied
