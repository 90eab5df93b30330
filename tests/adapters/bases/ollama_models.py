"""A models folder as Ollama lays it out, around a GGUF file that is linked into it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

HOST = "registry.ollama.ai"


def keep(folder: Path, name: str, gguf: Path, *, host: str = HOST, namespace: str = "library") -> Path:
    """Put a model into the folder as `ollama pull` would; returns the blob."""
    digest = hashlib.sha256(gguf.read_bytes()).hexdigest()
    blob = folder / "blobs" / f"sha256-{digest}"
    blob.parent.mkdir(parents=True, exist_ok=True)
    if not blob.exists():
        blob.symlink_to(gguf)
    model, _, tag = name.partition(":")
    path = folder / "manifests" / host / namespace / model / tag
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = "application/vnd.ollama.image"
    layers = [
        {"mediaType": f"{kind}.template", "digest": "sha256:" + "1" * 64, "size": 3},
        {"mediaType": f"{kind}.model", "digest": f"sha256:{digest}", "size": gguf.stat().st_size},
    ]
    path.write_text(json.dumps({"schemaVersion": 2, "layers": layers}))
    return blob
