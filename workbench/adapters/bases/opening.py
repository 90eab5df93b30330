"""From the name a person gives to a base on this machine; GGUF weights are turned into a folder once."""

from __future__ import annotations

from pathlib import Path

from workbench.adapters.bases.base import Base
from workbench.adapters.bases.gguf_weights import as_folder
from workbench.core.errors import ModelNotFound
from workbench.models import embedded


def open_base(name: str, cache: Path) -> Base:
    """The base of that name.

    Args:
        name: `smollm2-135m`, `ollama:NAME`, a GGUF file, a Hugging Face folder or id.
        cache: folder for weights turned from GGUF.
    Raises:
        ModelNotFound: it is not on this machine.
    """
    if name in (embedded.NAME, "embedded"):
        weights = embedded.verify_weights()
        folder = as_folder(weights, embedded.WEIGHTS_SHA256, cache)
        return Base(embedded.NAME, embedded.WEIGHTS_SHA256, folder, weights, "Apache-2.0")
    raise ModelNotFound(f"There is no base {name!r} on this machine; use {embedded.NAME}")
