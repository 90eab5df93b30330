"""The weights that Ollama already keeps on this machine, found without its server.

    qwen2:1.5b ──► manifests/registry.ollama.ai/library/qwen2/1.5b       JSON: layers with mediaType, digest, size
                        └─ application/vnd.ollama.image.model ──► blobs/sha256-…      the GGUF file

Names are read as Ollama reads them: `[host/][namespace/]model[:tag]`. The folder is OLLAMA_MODELS, else
`~/.ollama/models`, else where the Linux service keeps it. It does not know what is in the weights.

>>> parts("qwen2"), parts("hf.co/me/mine:q8_0")
(('registry.ollama.ai', 'library', 'qwen2', 'latest'), ('hf.co', 'me', 'mine', 'q8_0'))
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from workbench.core.errors import ModelNotFound

HOST, NAMESPACE, TAG = "registry.ollama.ai", "library", "latest"
WEIGHTS = "application/vnd.ollama.image.model"
SERVICE = Path("/usr/share/ollama/.ollama/models")  # where the Linux installer's service keeps them
WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")  # of a name; none may climb out of the folder
DIGEST = re.compile(r"sha256:([0-9a-f]{64})")


class Parts(NamedTuple):
    """A model's name, in full."""

    host: str
    namespace: str
    model: str
    tag: str

    @property
    def shown(self) -> str:
        """As a person writes it, without what goes without saying."""
        host = "" if self.host == HOST else f"{self.host}/"
        namespace = "" if (self.host, self.namespace) == (HOST, NAMESPACE) else f"{self.namespace}/"
        return f"{host}{namespace}{self.model}:{self.tag}"


@dataclass(frozen=True, slots=True)
class Blob:
    """The weights of one model; `sha256` is what the manifest promises."""

    path: Path
    sha256: str
    size_bytes: int


def parts(name: str) -> Parts:
    """The full name of `[host/][namespace/]model[:tag]`.

    Raises:
        ModelNotFound: that cannot be a model's name.
    """
    *before, last = name.split("/")
    model, _, tag = last.partition(":")
    host, namespace = {0: (HOST, NAMESPACE), 1: (HOST, *before), 2: tuple(before)}.get(len(before), ("", ""))
    found = Parts(host, namespace, model, tag or TAG)
    if not all(WORD.fullmatch(word) for word in (found.host.replace(":", "."), *found[1:])):
        raise ModelNotFound(f"{name!r} is not the name of an Ollama model; write it like qwen2:1.5b")
    return found


def models_folder() -> Path:
    """Where Ollama keeps its models on this machine.

    Raises:
        ModelNotFound: there is no such folder.
    """
    named = os.environ.get("OLLAMA_MODELS", "").strip()
    places = [Path(named).expanduser()] if named else [Path.home() / ".ollama" / "models", SERVICE]
    for place in places:
        if (place / "manifests").is_dir():
            return place
    raise ModelNotFound(
        f"Ollama keeps no models in {places[0]}; set OLLAMA_MODELS to its folder, or run: ollama pull qwen2:1.5b"
    )


def weights(name: str) -> Blob:
    """The file of a model's weights, its size compared with the manifest's.

    Raises:
        ModelNotFound: no folder, no such model, a manifest that cannot be read, or a blob that is missing or cut short.
    """
    folder, wanted = models_folder(), parts(name)
    manifest = _manifest(folder, wanted)
    layer = _weights_layer(manifest, wanted)
    digest = DIGEST.fullmatch(str(layer.get("digest")))
    if digest is None:
        raise ModelNotFound(f"The manifest of {wanted.shown} names no weights; run: ollama pull {wanted.shown}")
    blob = Blob(folder / "blobs" / f"sha256-{digest[1]}", digest[1], int(layer.get("size") or 0))
    if not blob.path.is_file():
        raise ModelNotFound(
            f"Ollama lists {wanted.shown} but its weights {blob.path.name[:19]}… are missing; "
            f"run: ollama pull {wanted.shown}"
        )
    if blob.path.stat().st_size != blob.size_bytes:
        raise ModelNotFound(
            f"The weights of {wanted.shown} have {blob.path.stat().st_size:,} bytes instead of "
            f"{blob.size_bytes:,}; run: ollama pull {wanted.shown}"
        )
    return blob


def installed(folder: Path) -> tuple[str, ...]:
    """The names of all models in the folder, in alphabetical order."""
    return tuple(sorted(_names(folder / "manifests")))


def _names(manifests: Path) -> Iterator[str]:
    for path in manifests.glob("*/*/*/*"):
        if path.is_file() and not path.name.startswith("."):
            yield Parts(*path.relative_to(manifests).parts).shown


def _manifest(folder: Path, wanted: Parts) -> dict[str, Any]:
    path = folder.joinpath("manifests", *wanted)
    if not path.is_file():
        there = ", ".join(installed(folder)) or "nothing"
        raise ModelNotFound(
            f"Ollama keeps no {wanted.shown} in {folder}, only: {there}; run: ollama pull {wanted.shown}"
        )
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError, OSError) as error:
        raise ModelNotFound(
            f"The manifest of {wanted.shown} cannot be read ({error}); run: ollama pull {wanted.shown}"
        ) from error
    return read if isinstance(read, dict) else {}


def _weights_layer(manifest: dict[str, Any], wanted: Parts) -> dict[str, Any]:
    for layer in manifest.get("layers") or ():
        if isinstance(layer, dict) and layer.get("mediaType") == WEIGHTS:
            return layer
    raise ModelNotFound(f"The manifest of {wanted.shown} names no weights; run: ollama pull {wanted.shown}")
