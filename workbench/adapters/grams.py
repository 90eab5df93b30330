"""What was read in a lesson, as sums: of each layer's input the Gram matrix, its first directions alone.

    inputs x of a layer, every token ─► G = mean of x xᵀ ≈ Fᵀ F        F: (directions, in)

With these sums a later lesson can spare what was read before, though no example of it is kept (`training.sparing`).
They are no text, but which words came often can be guessed from them, as from an embedding. Layers that read the same
input share one. Who makes them, `gathering` says.

>>> read_by("model.layers.0.mlp.up_proj")
'model.layers.0.mlp.gate_proj'
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.core.errors import AdapterDamaged

if TYPE_CHECKING:
    from torch import Tensor

SAME = {"k_proj": "q_proj", "v_proj": "q_proj", "up_proj": "gate_proj"}  # layers that read what another reads
SKILLS = "skills"


@dataclass(frozen=True)
class Grams:
    """Of one lesson.

    Args:
        skills: that the lesson was about.
        factors: F, bfloat16, by the name of the layer that reads it, without those that read the same.
    """

    skills: frozenset[str]
    factors: Mapping[str, Tensor]

    def first(self, directions: int) -> Grams:
        """Along so many directions alone, of which most was read."""
        return replace(self, factors={layer: one[:directions] for layer, one in self.factors.items()})

    @cached_property
    def identity(self) -> str:
        """64 digits of SHA-256."""
        import torch

        digest = hashlib.sha256()
        for layer, factor in sorted(self.factors.items()):
            digest.update(f"{layer}:{tuple(factor.shape)};".encode())
            digest.update(factor.contiguous().view(torch.uint8).numpy().tobytes())
        return digest.hexdigest()


def read_by(layer: str) -> str:
    """The layer under whose name this one's input is kept.

    >>> read_by("model.layers.0.self_attn.v_proj")
    'model.layers.0.self_attn.q_proj'
    """
    rest, _, last = layer.rpartition(".")
    return f"{rest}.{SAME.get(last, last)}"


def together(some: Iterable[Grams], layer: str) -> Tensor | None:
    """What lessons read before a layer, all of them counting the same: (k, in), float64; None where none is kept."""
    import torch

    factors = [one.factors[read].double() for one in some if (read := read_by(layer)) in one.factors]
    heard = [one / one.norm() for one in factors if one.any()]
    return torch.cat(heard) if heard else None


def write_grams(grams: Grams, file: Path) -> Path:
    """Write them: 12 MB for the embedded model's base."""
    from safetensors.torch import save_file

    save_file(dict(grams.factors), file, {SKILLS: json.dumps(sorted(grams.skills))})
    return file


def read_grams(file: Path) -> Grams:
    """What was written.

    Raises:
        AdapterDamaged: it is no such file.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, "pt") as opened:
            skills = frozenset(json.loads(opened.metadata()[SKILLS]))
            return Grams(skills, {layer: opened.get_tensor(layer) for layer in opened.keys()})  # noqa: SIM118
    except (SafetensorError, KeyError, TypeError, ValueError, OSError) as error:
        raise AdapterDamaged(
            f"{file} cannot be read; delete the adapter that it lies beside, or train that again"
        ) from error
