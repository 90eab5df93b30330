"""From the name a person gives to a base on this machine; GGUF weights are turned into a folder once.

    smollm2-135m | ollama:NAME | FILE.gguf ──► GGUF file ──► folder in the cache ─┐
    FOLDER | org/name ────────────────────────────────────────────────────────────┴─► Base

>>> open_base("ollama:qwen2:1.5b", cache).licence                          # doctest: +SKIP
'apache-2.0'
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from workbench.adapters.bases import huggingface, ollama_folder
from workbench.adapters.bases.base import Base
from workbench.adapters.bases.fingerprint import sha256_of, sha256_of_all
from workbench.adapters.bases.gguf_weights import as_folder
from workbench.core.errors import ModelNotFound
from workbench.models import embedded

OLLAMA = "ollama:"
FORMS = f"{embedded.NAME}, ollama:NAME, a GGUF file, a Hugging Face folder or org/name"


def open_base(name: str, cache: Path, *, on_progress: Callable[[str, float], None] | None = None) -> Base:
    """The base of that name.

    Args:
        name: `smollm2-135m`, `ollama:NAME`, a GGUF file, a Hugging Face folder or id.
        cache: folder for weights turned from GGUF.
        on_progress: called with what is being done and the share of it that is done, while weights are turned.
    Raises:
        ModelNotFound: it is not on this machine; nothing is fetched.
        ModelRefused: its weights are of a form or an architecture that is not read.
        MemoryBudgetError: turning its weights would not fit this machine's memory or disk.
    """
    if name in (embedded.NAME, "embedded"):
        weights = embedded.verify_weights()
        folder = as_folder(weights, embedded.WEIGHTS_SHA256, cache, on_progress=on_progress)
        return Base(embedded.NAME, embedded.WEIGHTS_SHA256, folder, weights, "Apache-2.0")
    if name.startswith(OLLAMA):
        blob = ollama_folder.weights(name.removeprefix(OLLAMA))
        return _from_gguf(name, blob.path, blob.sha256, cache, on_progress, promised=True)
    path = Path(name).expanduser()
    if path.is_file():
        return _from_gguf(name, path, sha256_of(path, cache), cache, on_progress)
    return _from_folder(name, path, cache)


def _from_gguf(
    name: str,
    path: Path,
    identity: str,
    cache: Path,
    on_progress: Callable[[str, float], None] | None,
    *,
    promised: bool = False,
) -> Base:
    """Args: promised: the identity is what a manifest says; it is compared with the file before that is first used."""
    folder = as_folder(path, identity, cache, promised=promised, on_progress=on_progress)
    return Base(name, identity, folder, path, huggingface.licence(folder))


def _from_folder(name: str, path: Path, cache: Path) -> Base:
    if path.is_dir():
        folder = path.resolve()
    elif re.fullmatch(r"[\w.-]+/[\w.-]+", name) and path.suffix != ".gguf":
        folder = huggingface.in_cache(name)
    else:
        raise ModelNotFound(f"There is no base {name!r} on this machine; give {FORMS}")
    weights = huggingface.weights(folder, name)
    return Base(name, sha256_of_all(weights, cache), folder, None, huggingface.licence(folder))
