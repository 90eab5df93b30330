"""Predict what a model needs before it is loaded; pure arithmetic, no reading of files or devices.

    total   = weights + kv_cache + buffers
    weights = parameters · bytes_per_weight                                  (the model file, whole)
    kv      = 2 · layers · kv_heads · head_size · context · bytes            (2: keys and values)
    buffers = 512 · 4 · (vocabulary + hidden_size) + 96 MiB

Why the buffers look like that. llama.cpp reserves its graph for one full micro-batch of 512 tokens, and the largest
moment in it is the last one: 512 rows of fp32 logits beside 512 rows of the hidden state. For the 7B Qwen family
that is 512 · 4 · (152064 + 3584) = 304.00 MiB, which is the `CUDA0 compute buffer size` that llama.cpp prints.
Newer versions reserve fewer rows of logits, so the formula is an upper bound there: SmolLM2-135M on a CPU reserved
17–23 MiB where 97 MiB are planned, and its process grew by 230 MiB where 377 MiB are planned (4096 tokens).

The other 96 MiB stand for the runtime: libraries, scratch and the allocator's slack. On a GPU the CUDA context takes
some 300 MiB more, but llama.cpp then keeps the input embedding in RAM (292 MiB of a 7B Qwen in Q4_K_M) although it is
counted in `weights`; the two cancel, and one rule serves both devices.

It does not know any model by name, nor how much is free: `snapshot` reads that and `models.selector` compares.

>>> smollm2 = Architecture(134_515_008, 30, 3, 64, 576, 49_152, 98_362_432 / 134_515_008, 8192)
>>> plan(smollm2, 4096).kv_cache == 2 * 30 * 3 * 64 * 4096 * 2
True
"""

from __future__ import annotations

from dataclasses import dataclass

from workbench.core.errors import ContextOverflow, ModelError, SettingsError

MIB = 1024**2
GIB = 1024**3

MICRO_BATCH_TOKENS = 512  # llama.cpp's default n_ubatch, which Ollama keeps
RUNTIME_BYTES = 96 * MIB


def gib(value: float) -> int:
    """So many GiB, in bytes."""
    return round(value * GIB)


def in_gib(size_bytes: float) -> float:
    """So many bytes, in GiB."""
    return size_bytes / GIB


def show_gib(size_bytes: float) -> str:
    """Bytes as a person reads them, such as `4.36 GiB`."""
    return f"{in_gib(size_bytes):.2f} GiB"


@dataclass(frozen=True, slots=True)
class Architecture:
    """The numbers of a decoder-only transformer that decide its memory."""

    parameters: int
    layers: int
    kv_heads: int  # heads that store keys and values; fewer than the query heads under grouped-query attention
    head_size: int
    hidden_size: int
    vocabulary: int
    bytes_per_weight: float  # file bytes / parameters, so that the quantisation's own tables are counted
    context_tokens: int  # the longest context the model was made for

    def __post_init__(self) -> None:
        wrong = [name for name in self.__slots__ if not getattr(self, name) > 0]
        if wrong:
            raise ModelError(
                f"A model's {wrong[0]} must be positive, not {getattr(self, wrong[0])}; check its metadata."
            )


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """The predicted need of one model at one context length, in bytes."""

    weights: int
    kv_cache: int
    buffers: int

    @property
    def total(self) -> int:
        return self.weights + self.kv_cache + self.buffers

    def __str__(self) -> str:
        parts = (("weights", self.weights), ("KV cache", self.kv_cache), ("buffers", self.buffers))
        return f"{show_gib(self.total)} ({', '.join(f'{name} {in_gib(size):.2f}' for name, size in parts)})"


def weights_bytes(architecture: Architecture) -> int:
    """The model file as it lies in memory."""
    return round(architecture.parameters * architecture.bytes_per_weight)


def kv_cache_bytes(architecture: Architecture, context_tokens: int, bytes_per_element: int = 2) -> int:
    """Keys and values of every layer for `context_tokens` tokens; 2 bytes per element is llama.cpp's f16 default."""
    per_token = 2 * architecture.layers * architecture.kv_heads * architecture.head_size
    return per_token * context_tokens * bytes_per_element


def compute_buffer_bytes(architecture: Architecture) -> int:
    """The graph of one micro-batch plus the runtime; the rule is justified at the head of this file."""
    return MICRO_BATCH_TOKENS * 4 * (architecture.vocabulary + architecture.hidden_size) + RUNTIME_BYTES


def plan(architecture: Architecture, context_tokens: int) -> MemoryPlan:
    """Predict the need of a model at a context length.

    Raises:
        SettingsError: the context is shorter than one token.
        ContextOverflow: the context is longer than the model was made for.
    """
    if context_tokens < 1:
        raise SettingsError(f"context_tokens must be at least 1, not {context_tokens}; 4096 is the default.")
    if context_tokens > architecture.context_tokens:
        raise ContextOverflow(
            f"This model reads at most {architecture.context_tokens} tokens, not {context_tokens}; "
            "lower model.context_tokens."
        )
    return MemoryPlan(
        weights=weights_bytes(architecture),
        kv_cache=kv_cache_bytes(architecture, context_tokens),
        buffers=compute_buffer_bytes(architecture),
    )


def fits(planned: MemoryPlan, safe_bytes: int) -> bool:
    """Whether the whole plan stays within the safe limit; exactly at the limit still fits."""
    return planned.total <= safe_bytes
