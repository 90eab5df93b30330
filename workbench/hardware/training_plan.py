"""Predict what training an adapter needs before the base is loaded; pure arithmetic, no reading of files or devices.

    total       = weights + adapter + activations + logits + runtime
    weights     = linear parameters · bytes by precision  +  embeddings and norms in the precision they stay in
    adapter     = rank · Σ (in + out) · (weight 4 + gradient 4 + two moments: 8 on a CPU, 2 on a GPU)
    activations = tokens · layers · (10 · hidden + 2 · heads · head_size + 4 · intermediate) · bytes
                  twice computed: tokens · layers · hidden · bytes, and one layer in full
    logits      = 3 · 48 MiB                       (scores, their gradient and a copy, one chunk of the answers' tokens)

Why the activations look like that. What a layer of the Llama kind keeps for its gradient is: three copies of the hidden
state for each of two norms, inputs of the projections among them, the rotated queries, keys and values repeated for all
heads, the attention's output, and four intermediate states of the gated MLP; a layer's LoRA keeps nothing of its own.

It does not know any model by name, nor how much is free.

>>> shape = TrainingShape(30, 576, 1536, 9, 3, 64, 49_152)
>>> training_plan(shape, "fp32", rank=8, tokens=512).total > training_plan(shape, "nf4", rank=8, tokens=512).total
True
"""

from __future__ import annotations

from dataclasses import dataclass

from workbench.hardware.planner import MIB, in_gib, show_gib

CHUNK_BYTES = 48 * MIB  # of logits held at once
RUNTIME_BYTES = {"cpu": 768 * MIB, "cuda": 64 * MIB}  # PyTorch, transformers and the tokenizer; the allocator's slack
LINEAR_BYTES = {
    "fp32": 4.0,
    "bf16": 2.0,
    "int8": 1.0,
    # Half a byte; a byte of scale for 64 weights, scaled again by four bytes for 256 of them (QLoRA, section 3).
    "nf4": 0.5 + 1 / 64 + 4 / (64 * 256),
    "fp4": 0.5 + 1 / 64 + 4 / (64 * 256),
}


@dataclass(frozen=True, slots=True)
class TrainingShape:
    """The numbers of a decoder-only transformer of the Llama kind that decide what training it takes."""

    layers: int
    hidden_size: int
    intermediate_size: int
    heads: int
    kv_heads: int
    head_size: int
    vocabulary: int
    tied: bool = True  # input and output embeddings are one

    @property
    def linears(self) -> tuple[tuple[int, int], ...]:
        """(in, out) of each linear layer of one block."""
        hidden, inner = self.hidden_size, self.intermediate_size
        wide, narrow = self.heads * self.head_size, self.kv_heads * self.head_size
        attention = ((hidden, wide), (hidden, narrow), (hidden, narrow), (wide, hidden))
        return (*attention, (hidden, inner), (hidden, inner), (inner, hidden))

    @property
    def linear_parameters(self) -> int:
        return self.layers * sum(inward * outward for inward, outward in self.linears)

    @property
    def other_parameters(self) -> int:
        """Embeddings and norms, which are not quantised."""
        return self.vocabulary * self.hidden_size * (1 if self.tied else 2) + (2 * self.layers + 1) * self.hidden_size

    def adapter_parameters(self, rank: int) -> int:
        return self.layers * rank * sum(inward + outward for inward, outward in self.linears)


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """The predicted need of one run at its peak, in bytes."""

    weights: int
    adapter: int
    activations: int
    logits: int
    runtime: int

    @property
    def total(self) -> int:
        return self.weights + self.adapter + self.activations + self.logits + self.runtime

    def __str__(self) -> str:
        parts = [f"{name} {in_gib(getattr(self, name)):.2f}" for name in self.__slots__]
        return f"{show_gib(self.total)} ({', '.join(parts)})"


def training_plan(
    shape: TrainingShape,
    precision: str,
    *,
    rank: int,
    tokens: int,
    checkpointing: bool = False,
    device: str = "cpu",
) -> TrainingPlan:
    """Predict a run's peak.

    Args:
        precision: fp32, bf16, int8, nf4 or fp4, of the frozen linear layers.
        tokens: read in one pass at most.
        device: cpu or cuda.
    """
    element = 4 if precision == "fp32" else 2
    return TrainingPlan(
        weights=round(shape.linear_parameters * LINEAR_BYTES[precision]) + shape.other_parameters * element,
        adapter=shape.adapter_parameters(rank) * (4 + 4 + (2 if device == "cuda" else 8)),
        activations=activation_bytes(shape, tokens, element, checkpointing=checkpointing),
        logits=3 * CHUNK_BYTES,
        runtime=RUNTIME_BYTES[device],
    )


def activation_bytes(shape: TrainingShape, tokens: int, element_bytes: int, *, checkpointing: bool) -> int:
    """What is kept between forward and backward for `tokens` tokens."""
    wide = shape.heads * shape.head_size
    layer = tokens * (10 * shape.hidden_size + 2 * wide + 4 * shape.intermediate_size) * element_bytes
    if checkpointing:
        return layer + tokens * shape.layers * shape.hidden_size * element_bytes
    return layer * shape.layers
