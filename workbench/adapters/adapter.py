"""A LoRA adapter in memory: for each linear layer it touches, two thin matrices.

    W' = W + ΔW        ΔW = s · B · A        A: (rank, in)   B: (out, rank)        s = alpha / rank

LoRA: Low-Rank Adaptation (Hu et al. 2021, arXiv 2106.09685, eq. 3). With rank-stabilised scaling s = alpha / √rank
(Kalajdzievski 2023, arXiv 2312.03732). It does not know files, training or which model it lies on but by its identity.

>>> LoraSpec(base="…", rank=8, alpha=16).scale
2.0
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor

LINEARS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True, slots=True)
class LoraSpec:
    """What an adapter is, apart from its weights.

    Args:
        base: identity of the base model, `Base.identity`.
        rank: of every pair of factors, unless a pair's own shape is smaller.
        targets: last parts of the names of the layers touched, in alphabetical order.
    """

    base: str
    rank: int = 8
    alpha: float = 16.0
    rslora: bool = False
    targets: tuple[str, ...] = tuple(sorted(LINEARS))

    @property
    def scale(self) -> float:
        return self.alpha / (math.sqrt(self.rank) if self.rslora else self.rank)


class Factors(NamedTuple):
    """One layer's pair, float32 on the CPU."""

    a: Tensor  # (rank, in)
    b: Tensor  # (out, rank)


@dataclass(frozen=True)
class Adapter:
    """A whole adapter; `factors` by the layer's full name, such as `model.layers.0.self_attn.q_proj`."""

    spec: LoraSpec
    factors: Mapping[str, Factors]

    def delta(self, layer: str) -> Tensor:
        """ΔW of one layer, (out, in), float32."""
        a, b = self.factors[layer]
        return self.spec.scale * (b @ a)

    @cached_property
    def identity(self) -> str:
        """SHA-256 over the spec and every weight: the adapter's name on the shelf and in caches, 64 digits."""
        spec = asdict(self.spec) | {"alpha": float(self.spec.alpha)}  # 16 and 16.0 are one adapter
        digest = hashlib.sha256(json.dumps(spec, sort_keys=True).encode())
        for layer in sorted(self.factors):
            for name, factor in zip("ab", self.factors[layer], strict=True):
                digest.update(f"{layer}.{name}:{tuple(factor.shape)};".encode())
                digest.update(factor.float().contiguous().numpy().tobytes())
        return digest.hexdigest()
