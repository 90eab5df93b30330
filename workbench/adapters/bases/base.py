"""The record of a base model: its name, what identifies its weights, and where they lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Base:
    """A base model on this machine.

    Args:
        name: as a person gives it, such as `smollm2-135m` or `ollama:qwen2:1.5b`.
        identity: SHA-256 of the file its weights come from; adapters carry it, so that none lands on another base.
        folder: a transformers folder with config, tokenizer and safetensors.
        gguf: the file that llama.cpp serves; None where there is none.
        licence: SPDX name where it is known.
    """

    name: str
    identity: str
    folder: Path
    gguf: Path | None = None
    licence: str | None = None
