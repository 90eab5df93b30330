"""A Hugging Face folder, or an id that is already in the local cache; never the network.

    FOLDER      config.json + *.safetensors (+ tokenizer)
    org/name    the newest snapshot in HF_HUB_CACHE, with the same files

Weights that are only there as `.bin` are refused: they are pickles, and reading one runs what it holds. It does not
know architectures.

>>> in_cache("HuggingFaceTB/SmolLM2-135M-Instruct")                       # doctest: +SKIP
PosixPath('…/snapshots/12fd25f77366fa6b3b4b768ec3050bf629380bac')
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from workbench.core.errors import ModelNotFound, ModelRefused

WANTED = ("*.json", "*.safetensors", "*.jinja", "tokenizer*", "README.md")
INDEX = "model.safetensors.index.json"


def in_cache(name: str) -> Path:
    """The folder of an id in the local cache.

    Raises:
        ModelNotFound: it is not there; the sentence has the command that fetches it.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, local_files_only=True, allow_patterns=list(WANTED)))
    except (HFValidationError, LocalEntryNotFoundError) as error:
        raise ModelNotFound(f"{name} is not in the local Hugging Face cache; fetch it with: {_fetch(name)}") from error


def weights(folder: Path, name: str) -> tuple[Path, ...]:
    """The safetensors files of a folder, all that its index names.

    Raises:
        ModelNotFound: no config, no weights, or some of the files are missing.
        ModelRefused: the weights are pickles.
    """
    if not (folder / "config.json").is_file():
        raise ModelNotFound(f"{folder} has no config.json, so it is no model folder; give the folder that holds one")
    found = tuple(sorted(folder.glob("*.safetensors")))
    listed = _listed(folder)
    missing = sorted(listed - {path.name for path in found})
    if missing:
        raise ModelNotFound(f"{name} is incomplete, {missing[0]} is missing; fetch it again with: {_fetch(name)}")
    if found:
        return tuple(path for path in found if not listed or path.name in listed)
    if any(folder.glob("*.bin")) or any(folder.glob("*.pt")):
        raise ModelRefused(
            f"{name} has its weights only as pickles, which run code when they are read; use a copy in safetensors"
        )
    raise ModelNotFound(f"{folder} has no *.safetensors; fetch the weights with: {_fetch(name)}")


def licence(folder: Path) -> str | None:
    """The licence that the folder's README states in its front matter."""
    import yaml

    try:
        text = (folder / "README.md").read_text(encoding="utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return None
    front = re.match(r"---\r?\n(.*?)\r?\n---", text, re.DOTALL)
    try:
        stated: Any = yaml.safe_load(front[1]) if front else None
    except yaml.YAMLError:
        return None
    said = stated.get("license") if isinstance(stated, dict) else None
    return said if isinstance(said, str) else None


def _listed(folder: Path) -> set[str]:
    import json

    if not (folder / INDEX).is_file():
        return set()
    try:
        named = json.loads((folder / INDEX).read_text(encoding="utf-8"))["weight_map"]
        return {str(file) for file in named.values()}
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, AttributeError) as error:
        raise ModelNotFound(f"{folder / INDEX} cannot be read ({error}); fetch the model again") from error


def _fetch(name: str) -> str:
    return (
        f"hf download {name}" if re.fullmatch(r"[\w.-]+/[\w.-]+", name) else "hf download org/name --local-dir FOLDER"
    )
