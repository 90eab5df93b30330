"""An adapter becomes the GGUF file that llama.cpp and Ollama load over the same base.

    model.layers.0.self_attn.q_proj ──► blk.0.attn_q.weight.lora_a  (rank, in)
                                        blk.0.attn_q.weight.lora_b  (out, rank)

llama.cpp adds  (alpha / rank) · B · A  with one alpha for the file and the rank of each pair; so alpha = s · R for the
largest rank R, and the B of a thinner pair is scaled by rank / R. For the llama architecture it turns neighbouring
pairs where transformers turns halves of a head, so the rows of q and k are put into that order (`_interleaved`).

The same adapter gives the same bytes. It does not know who will load them.

>>> write_gguf(adapter, base, Path("mine.gguf"))                         # doctest: +SKIP
PosixPath('mine.gguf')
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.adapters.adapter import Adapter, Factors
from workbench.adapters.bases import Base
from workbench.core.errors import AdapterError, AdapterUnfit

if TYPE_CHECKING:
    import numpy as np

ARCHITECTURES = {  # config.model_type: llama.cpp's name of it
    "llama": "llama",
    "mistral": "llama",
    "qwen2": "qwen2",
    "qwen3": "qwen3",
    "gemma2": "gemma2",
    "gemma3_text": "gemma3",
}
TURNED_IN_PAIRS = frozenset({"llama"})  # llama.cpp keeps q and k of these in the order of the original Llama


@dataclass(frozen=True, slots=True)
class Shape:
    """What the export must know of the base."""

    architecture: str
    layers: int
    heads: int
    kv_heads: int
    tied: bool  # the output projection is the embedding matrix, so no adapter can lie on it


def write_gguf(adapter: Adapter, base: Base, path: Path) -> Path:
    """The adapter as a GGUF LoRA file in float32, written whole or not at all.

    Args:
        path: the file to write; what was there is replaced.
    Raises:
        AdapterUnfit: made for another base, of scale 0, or on layers that llama.cpp does not know.
        AdapterError: the file cannot be written; what was there is there still.
    """
    if adapter.spec.base != base.identity:
        raise AdapterUnfit(f"The adapter was made for another base than {base.name}; open the one it was trained on")
    shape = _shape(base)
    tensors = dict(_tensors(adapter, shape))
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, made = tempfile.mkstemp(prefix=".making-", suffix=".gguf", dir=path.parent)
    os.close(handle)
    try:
        _write(Path(made), shape.architecture, _alpha(adapter), tensors, adapter.identity)
        Path(made).chmod(0o644)
        Path(made).replace(path)
    except OSError as error:
        raise AdapterError(
            f"{path.name} cannot be written ({error.strerror or error}); make room on the disk"
        ) from error
    finally:
        Path(made).unlink(missing_ok=True)
    return path


def _alpha(adapter: Adapter) -> float:
    """s · R; llama.cpp reads an alpha of 0 as a scale of 1, so that one must not be written."""
    if not adapter.factors or adapter.spec.scale == 0:
        raise AdapterUnfit("The adapter changes nothing, so there is nothing to export; train or merge it first")
    return adapter.spec.scale * _largest_rank(adapter)


def _largest_rank(adapter: Adapter) -> int:
    return max(pair.a.shape[0] for pair in adapter.factors.values())


def _tensors(adapter: Adapter, shape: Shape) -> Iterator[tuple[str, np.ndarray]]:
    import gguf

    architecture = next(one for one, name in gguf.MODEL_ARCH_NAMES.items() if name == shape.architecture)
    names = gguf.get_tensor_name_map(architecture, shape.layers)
    most = _largest_rank(adapter)
    for layer in sorted(adapter.factors):
        name = names.get_name(layer)
        if name is None or (name == "output" and shape.tied):
            raise AdapterUnfit(f"llama.cpp has no weight of its own for the layer {layer}; train without that target")
        a, b = _as_llama_cpp(adapter.factors[layer], name, shape, most)
        yield f"{name}.weight.lora_a", a
        yield f"{name}.weight.lora_b", b


def _as_llama_cpp(pair: Factors, name: str, shape: Shape, most: int) -> tuple[np.ndarray, np.ndarray]:
    a, b = pair.a.float().contiguous().numpy(), pair.b.float().contiguous().numpy()
    rank = a.shape[0]
    if rank != most:
        b = b * (rank / most)
    heads = {"attn_q": shape.heads, "attn_k": shape.kv_heads}.get(name.rpartition(".")[2])
    if heads is None or shape.architecture not in TURNED_IN_PAIRS:
        return a, b
    return a, _interleaved(b, heads)


def _interleaved(b: np.ndarray, heads: int) -> np.ndarray:
    """Within each head, rows 0 … d/2-1 and d/2 … d-1 take turns:  0, d/2, 1, d/2+1, …"""
    import numpy as np

    out, rank = b.shape
    rows = b.reshape(heads, 2, out // heads // 2, rank)
    return np.ascontiguousarray(rows.swapaxes(1, 2).reshape(out, rank))


def _shape(base: Base) -> Shape:
    config: dict[str, Any] = json.loads((base.folder / "config.json").read_text(encoding="utf-8"))
    kind = str(config.get("model_type"))
    if kind not in ARCHITECTURES:
        known = ", ".join(sorted(ARCHITECTURES))
        raise AdapterUnfit(f"Adapters of {kind} models cannot be exported to GGUF, only those of: {known}")
    heads = int(config["num_attention_heads"])
    return Shape(
        architecture=ARCHITECTURES[kind],
        layers=int(config["num_hidden_layers"]),
        heads=heads,
        kv_heads=int(config.get("num_key_value_heads") or heads),
        tied=bool(config.get("tie_word_embeddings")),
    )


def _write(path: Path, architecture: str, alpha: float, tensors: dict[str, Any], identity: str) -> None:
    import gguf

    writer = gguf.GGUFWriter(path, architecture)
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, alpha)
    writer.add_name(identity[:16])
    for name, values in tensors.items():
        writer.add_tensor(name, values)
    with closing(writer):
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
