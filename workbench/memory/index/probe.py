"""What an index on disk holds, read by a process of its own: one cut short ends whoever opens it.

    look(folder, embedder) ──► python -m workbench.memory.index.probe FOLDER EMBEDDER ──► JSON ──► Held, or why not

The child takes the lock of the index, reads and changes nothing. It does not know the database.

>>> look(Path("var/memory"), "all-minilm-l6-v2-int8").ids  # doctest: +SKIP
frozenset({'9f…', …})
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.core.errors import StoreCorrupt, StoreLocked, WorkbenchError

PROBES = 16  # vectors that are looked for; ids are random, so the first are a fair sample
NEAR = 10  # the graph is approximate: a vector is among so many nearest to itself
PATIENCE_S = 300.0
LOCKED, BROKEN = 3, 4  # exit codes


@dataclass(frozen=True, slots=True)
class Held:
    """What an index holds."""

    ids: frozenset[str]
    samples: Mapping[str, Sequence[float]]  # id -> vector, of a few
    lost: frozenset[str]  # of these few, those that a search for their own vector does not find


def look(folder: Path, embedder: str) -> Held:
    """Read the index in `home/memory`.

    Raises:
        StoreLocked: another process owns it.
        StoreCorrupt: it cannot be read, or it ended the process that tried.
    """
    command = [sys.executable, "-m", "workbench.memory.index.probe", str(folder), embedder]
    try:
        child = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    except subprocess.TimeoutExpired as error:
        raise StoreCorrupt(f"The index in {folder} could not be read within {PATIENCE_S:g} s") from error
    if child.returncode == 0:
        told = json.loads(child.stdout)
        return Held(frozenset(told["ids"]), told["samples"], frozenset(told["lost"]))
    said = (child.stderr.strip().splitlines() or ["no word"])[-1]
    if child.returncode == LOCKED:
        raise StoreLocked(said)
    if child.returncode < 0:
        said = f"it ended the process that opened it: {signal.Signals(-child.returncode).name}"
    raise StoreCorrupt(f"The index in {folder} cannot be read ({said})")


def _told(folder: Path, embedder: str) -> dict[str, Any]:
    import chromadb
    from chromadb.config import Settings

    from workbench.memory.index.chroma import QUIET, collection_name, latest_place, owned

    with owned(folder):
        client: Any = chromadb.PersistentClient(path=latest_place(folder / "chroma"), settings=Settings(**QUIET))
        if collection_name(embedder) not in {one.name for one in client.list_collections()}:
            return {"ids": [], "samples": {}, "lost": []}
        collection = client.get_collection(collection_name(embedder), embedding_function=None)
        ids = sorted(collection.get(include=[])["ids"])
        found = collection.get(ids=ids[:PROBES] or ["none"], include=["embeddings"])
        vectors = {name: [float(x) for x in row] for name, row in zip(found["ids"], found["embeddings"], strict=True)}
        lost = [name for name, row in vectors.items() if name not in _nearest(collection, row)]
        client.close()
    return {"ids": ids, "samples": vectors, "lost": lost}


def _nearest(collection: Any, vector: Sequence[float]) -> list[str]:
    found = collection.query(query_embeddings=[vector], n_results=NEAR, include=["distances"])
    return list(found["ids"][0])


def main() -> int:
    """Entry point of the child."""
    from workbench.memory.index.chroma import quick_import

    with quick_import():
        from chromadb.errors import ChromaError

    folder, embedder = Path(sys.argv[1]), sys.argv[2]
    try:
        told = _told(folder, embedder)
    except StoreLocked as error:
        print(error.sentence, file=sys.stderr)
        return LOCKED
    except (ChromaError, WorkbenchError) as error:
        print(error, file=sys.stderr)
        return BROKEN
    json.dump(told, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
