"""What the test server does when a model is made on it: keep blobs by digest, and refuse what a real server refuses."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from email.message import Message
from typing import Any, BinaryIO

BLOBS = "/api/blobs/"


def content(stream: BinaryIO, headers: Message) -> bytes:
    """A request's body, sent whole or in chunks."""
    if headers.get("Transfer-Encoding", "").lower() != "chunked":
        return stream.read(int(headers.get("Content-Length") or 0))
    parts = []
    while size := int(stream.readline().split(b";")[0], 16):
        parts.append(stream.read(size))
        stream.readline()
    stream.readline()
    return b"".join(parts)


def blob(blobs: dict[str, bytes], method: str, path: str, said: bytes) -> tuple[int, str | None]:
    """Status and error of HEAD and POST /api/blobs/:digest."""
    digest = path.removeprefix(BLOBS)
    if method == "HEAD":
        return (200, None) if digest in blobs else (404, None)
    if f"sha256:{hashlib.sha256(said).hexdigest()}" != digest:
        return 400, f"digest mismatch, expected {digest}"
    blobs[digest] = said
    return 201, None


def refusal(body: Mapping[str, Any], blobs: Mapping[str, bytes], names: set[str]) -> str | None:
    """Why /api/create cannot make the model; None where it can."""
    parent, files, adapters = body.get("from"), body.get("files") or {}, body.get("adapters") or {}
    if not parent and not files:
        return "neither 'from' or 'files' was specified"
    if parent and (parent if ":" in parent else f"{parent}:latest") not in names:
        return f"pull model manifest: {parent} does not exist"
    missing = [digest for digest in (*files.values(), *adapters.values()) if digest not in blobs]
    if missing:
        return f"blob {missing[0]} not found"
    odd = [name for name, digest in {**files, **adapters}.items() if not blobs[digest].startswith(b"GGUF")]
    return f"{odd[0]}: invalid file magic" if odd else None
