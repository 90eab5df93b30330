"""Chroma as the vector index: a graph on disk that answers in milliseconds at 100,000 memories.

    home/memory/
    ├── chroma.lock        one owner at a time: two processes on one path corrupt it, for good
    ├── chroma.opening     there while an index is opened and tried: left behind, it says the index killed its owner
    ├── chroma.forgotten   there when a vector was deleted but its bytes may linger: the next owner begins afresh
    └── chroma/
        ├── 1/             the index; a broken one is dropped for a fresh 2/, filled again from SQL
        └── 1.delivered    the number up to which it has heard the journal

Importing Chroma costs seconds, so only `open_chroma` does it. It holds ids and vectors, never text; it never calls
out (no telemetry, no embedding function of its own) and ignores the `.env` of the folder it runs in.

>>> index = open_chroma(Path("var/memory"), "all-minilm-l6-v2-int8")  # doctest: +SKIP
>>> index.search(vector, 5)  # doctest: +SKIP
[Hit(memory_id='9f…', score=0.71), …]
"""

from __future__ import annotations

import hashlib
import logging
import shutil
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.core.errors import StoreCorrupt, StoreFull, StoreLocked
from workbench.memory.failures import translated
from workbench.memory.index.exact import Hit
from workbench.memory.memories import Vectors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

QUIET: dict[str, Any] = {"_env_file": None, "anonymized_telemetry": False}
COLLECTION: dict[str, Any] = {"embedding_function": None, "configuration": {"hnsw": {"space": "cosine"}}}
GRAMMAR = "rfc3987_syntax"
log = logging.getLogger(__name__)


class ChromaIndex:
    """One collection of one embedder's vectors; made by `open_chroma`."""

    name = "chroma"

    def __init__(self, client: Any, collection: Any, release: Callable[[], None], place: Path) -> None:
        """Made by `open_chroma`; `release` gives the lock back, `place` is the folder of the index."""
        self._client = client
        self._collection = collection
        self._release = release
        self._place = place
        self._lock = threading.Lock()
        self._closed = False

    def upsert(self, ids: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Take in vectors of shape (N, D), replacing those already held under the same ids."""
        if ids:
            with self._working():
                self._collection.upsert(ids=list(ids), embeddings=vectors)

    def delete(self, ids: Sequence[str]) -> None:
        """Drop ids; ids it does not hold are passed over."""
        if ids:
            with self._working():
                self._collection.delete(ids=list(ids))

    def search(self, vector: NDArray[np.float32], k: int) -> list[Hit]:
        """At most `k` hits, best first; equal scores in the order of their ids."""
        if k < 1:
            return []
        with self._working():
            found = self._collection.query(query_embeddings=vector[None, :], n_results=k, include=["distances"])
        pairs = zip(found["ids"][0], found["distances"][0], strict=True)
        return sorted((Hit(name, 1.0 - distance) for name, distance in pairs), key=lambda hit: (-hit.score, hit[0]))

    def vectors(self, ids: Sequence[str]) -> Vectors:
        """The vectors of those ids that it holds."""
        import numpy as np

        if not ids:
            return Vectors((), np.zeros((0, 0), np.float32))
        with self._working():
            found = self._collection.get(ids=list(ids), include=["embeddings"])
        return Vectors(tuple(found["ids"]), np.asarray(found["embeddings"], np.float32))

    def ids(self) -> frozenset[str]:
        with self._working():
            return frozenset(self._collection.get(include=[])["ids"])

    def holds_any(self, ids: Iterable[str]) -> bool:
        """Whether at least one of these ids is in it."""
        with self._working():
            return bool(self._collection.get(ids=list(ids), include=[])["ids"])

    def count(self) -> int:
        with self._working():
            return int(self._collection.count())

    def alone(self) -> AbstractContextManager[None]:
        """Whoever tells it what to hold does so inside this: here nobody else can, since the files have one owner."""
        return nullcontext()

    @property
    def delivered(self) -> int:
        """The last entry of the journal that the index has heard; lost, it hears all of it again, without harm."""
        return delivered_at(self._place)

    @delivered.setter
    def delivered(self, seq: int) -> None:
        fresh = _cursor(self._place).with_suffix(".new")
        with translated(str(self._place)):
            fresh.write_text(str(seq))
            fresh.replace(_cursor(self._place))

    def leave_nothing_behind(self) -> None:
        """A vector was forgotten: the graph only unlinks it, so the next owner fills a fresh index."""
        _forgotten(self._place).touch()

    def trust(self) -> None:
        """It opened and answered: from now on a killed process does not count as its fault."""
        _marker(self._place).unlink(missing_ok=True)

    def close(self) -> None:
        """Release the files and the lock; a second call does nothing."""
        self._end(keep=True)

    def drop(self) -> None:
        """Close and delete a broken index: whoever opens next fills a fresh one from SQL."""
        self._end(keep=False)

    def _end(self, *, keep: bool) -> None:
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._client.close()
            if not keep:
                _remove(self._place)
            self.trust()
            self._release()

    @contextmanager
    def _working(self) -> Iterator[None]:
        with self._lock, self._in_our_words():
            if self._closed:
                raise StoreLocked(f"The index {self._place} was closed; open the memory again")
            yield

    def _in_our_words(self) -> AbstractContextManager[None]:
        return _in_our_words(str(self._place))


def open_chroma(folder: Path, embedder: str, *, fresh: bool = False) -> ChromaIndex:
    """Open the index as its only owner; one that cannot be read is replaced by an empty one.

    Args:
        folder: where the lock and the index lie; created when missing.
        embedder: whose vectors; each embedder has a collection of its own.
        fresh: replace the one on disk by an empty one, whatever its state.
    Raises:
        StoreLocked: another process owns it.
        StoreError: the folder cannot be written.
    """
    release = _own(folder)
    try:
        return _open_or_replace(folder / "chroma", embedder, release, fresh=fresh)
    except BaseException:
        release()
        raise


@contextmanager
def owned(folder: Path) -> Iterator[None]:
    """Nobody else opens the index meanwhile.

    Raises:
        StoreLocked: another process has it open.
    """
    release = _own(folder)
    try:
        yield
    finally:
        release()


def _own(folder: Path) -> Callable[[], None]:
    """Take the lock file and return how to give it back; the system gives it back when the process dies."""
    from filelock import FileLock, Timeout

    lock = FileLock(folder / "chroma.lock", timeout=0, thread_local=False)
    with translated(str(folder)):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire()
        except Timeout as error:
            raise StoreLocked(
                f"Another workbench uses the index in {folder}; close it, or set memory.index to auto or exact"
            ) from error
    return lock.release


def latest_place(root: Path) -> Path:
    """The folder of the index in use, below `home/memory/chroma`; the first one where there is none yet."""
    return root / str(max((int(path.name) for path in root.glob("*") if path.name.isdecimal()), default=1))


@contextmanager
def quick_import() -> Iterator[None]:
    """Import Chroma inside this: where JupyterLab is installed, jsonschema, which Chroma loads, would build a grammar
    of international addresses, and that costs more seconds than Chroma itself.
    """
    unless_loaded = "jsonschema" not in sys.modules and GRAMMAR not in sys.modules
    if unless_loaded:
        sys.modules[GRAMMAR] = None  # type: ignore[assignment]  # "not installed", which jsonschema expects
    try:
        yield
    finally:
        if unless_loaded:
            del sys.modules[GRAMMAR]


def delivered_at(place: Path) -> int:
    """What `ChromaIndex.delivered` says, of an index that is not open."""
    try:
        return int(_cursor(place).read_text())
    except (FileNotFoundError, ValueError):
        return 0


def collection_name(embedder: str) -> str:
    """The collection that holds an embedder's vectors."""
    return f"memories-{hashlib.sha256(embedder.encode()).hexdigest()[:16]}"


def _open_or_replace(root: Path, embedder: str, release: Callable[[], None], *, fresh: bool) -> ChromaIndex:
    place = latest_place(root)
    if fresh:
        log.info("The index %s is dropped, to be filled afresh", place)
    elif _forgotten(place).exists():
        log.info("Something was forgotten; the index %s is filled afresh, so that no vector of it is left", place)
    elif _marker(place).exists():
        log.warning("The process that last opened the index %s died of it; it is filled again from the database", place)
    else:
        try:
            return _open_at(place, embedder, release)
        except StoreCorrupt as error:
            log.warning("%s; it is filled again from the database", error)
    _remove(place)
    _forgotten(place).unlink(missing_ok=True)
    return _open_at(
        root / str(int(place.name) + 1), embedder, release
    )  # a new path: Chroma remembers a path that failed


def _marker(place: Path) -> Path:
    """A graph cut short makes Chroma's native code end the process; without a mark, every start would die of it."""
    return place.parent.with_suffix(".opening")


def _cursor(place: Path) -> Path:
    return place.with_name(f"{place.name}.delivered")


def _forgotten(place: Path) -> Path:
    return place.parent.with_suffix(".forgotten")


def _remove(place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    _cursor(place).unlink(missing_ok=True)


def _open_at(path: Path, embedder: str, release: Callable[[], None]) -> ChromaIndex:
    with quick_import():
        import chromadb
        from chromadb.config import Settings

    with translated(str(path)):
        path.mkdir(parents=True, exist_ok=True)
        _marker(path).touch()
    with _in_our_words(str(path)):
        client = chromadb.PersistentClient(path=path, settings=Settings(**QUIET))
        collection = client.get_or_create_collection(collection_name(embedder), **COLLECTION)
        collection.count()
    return ChromaIndex(client, collection, release, path)


@contextmanager
def _in_our_words(place: str) -> Iterator[None]:
    """Chroma's errors are ours when they leave this block."""
    from chromadb.errors import ChromaError

    try:
        yield
    except ChromaError as error:
        if "disk is full" in str(error):
            raise StoreFull(f"No space is left for the index {place}; free some space, then start again") from error
        raise StoreCorrupt(f"The index {place} cannot be used ({error}); restart to rebuild it") from error
