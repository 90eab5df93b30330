"""What identifies a base: the SHA-256 of its weights, remembered while the file stays as it is.

A file of 5 GB takes ten seconds to read, so the digest is kept in the cache under the file's path, size and time of
change; a file that changed is read again. It does not know what the weights are.

>>> sha256_of(Path("model.gguf"), Path("var/bases"))                     # doctest: +SKIP
'b179c9523d0e…'
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from workbench import disk

REMEMBERED = ".digests"  # folder in the cache
SETTLED_NS = 2_000_000_000  # a file changed within the last two seconds may change again within one tick of its clock


def sha256_of(path: Path, cache: Path) -> str:
    """The digest of one file."""
    path = path.resolve()
    status = path.stat()
    mark = [str(path), status.st_size, status.st_mtime_ns]
    note = cache / REMEMBERED / f"{hashlib.sha256(str(path).encode()).hexdigest()[:32]}.json"
    known = _read(note)
    if known is not None and known[:-1] == mark:
        return str(known[-1])
    digest = _digest(path)
    after = path.stat()
    if [after.st_size, after.st_mtime_ns] == mark[1:] and _now_ns() - after.st_mtime_ns > SETTLED_NS:
        _write(note, [*mark, digest])
    return digest


def sha256_of_all(paths: Sequence[Path], cache: Path) -> str:
    """One digest of several files: of a single one its own, else of the list of names and digests."""
    if len(paths) == 1:
        return sha256_of(paths[0], cache)
    listed = "".join(f"{sha256_of(path, cache)}  {path.name}\n" for path in sorted(paths))
    return hashlib.sha256(listed.encode()).hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _now_ns() -> int:
    import time

    return time.time_ns()


def _read(note: Path) -> list[object] | None:
    try:
        known = json.loads(note.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError, UnicodeDecodeError):
        return None
    return known if isinstance(known, list) else None


def _write(note: Path, known: list[object]) -> None:
    note.parent.mkdir(parents=True, exist_ok=True)
    with disk.replacing(note) as file:
        json.dump(known, file)
