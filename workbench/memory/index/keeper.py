"""Which index answers now, and how the one on disk is kept in step with SQL.

    mode      before open()      after open()
    auto      exact              chroma, or exact where another process owns it
    chroma    chroma (waits)     chroma, or StoreLocked
    exact     exact              exact

    open = take the lock → import Chroma → deliver the journal → compare ids with SQL: add what lacks, drop strays

With `chroma_url` a Chroma server takes the place of the files and several processes share it; one that does not answer
is asked again every half minute, in the background.

Chroma holds long-term memories; the short-term ones beside them, and all of them where Chroma does not answer, are
searched exactly. Where vectors are encrypted no index may lie on disk: then the mode is exact.

A one-shot command never waits for Chroma; a long-lived process opens it once, in the background. Trouble in Chroma
costs speed, never data: exact search over SQL gives the same hits. It does not embed and does not read text.

>>> keeper = IndexKeeper(memories, Path("var/memory"), "auto", "all-minilm-l6-v2-int8")  # doctest: +SKIP
>>> keeper.open(), keeper.current().name  # doctest: +SKIP
(True, 'chroma')
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from workbench.core.errors import StoreCorrupt, StoreError, StoreLocked
from workbench.memory.index.chroma_server import Delivering, open_chroma_server
from workbench.memory.index.exact import ExactIndex, TieredIndex, VectorIndex
from workbench.memory.memories import Memories

if TYPE_CHECKING:
    from workbench.memory.index.chroma import ChromaIndex

log = logging.getLogger(__name__)

IndexMode = Literal["auto", "chroma", "exact"]
BATCH = 500  # vectors in one upsert: Chroma takes about 1,500 a second this way, 100 one by one
PROBES = 16  # ids are random, so the first ones are a fair sample
NEAR = 10  # the graph is approximate: a vector may not be the very first to be found, but is among these
SAME = 0.999  # cosine of a vector with itself, after rounding
RETRY_S = 30.0  # between two attempts at a server that did not answer
Progress = Callable[[int, int], None]  # vectors delivered, vectors in all


class IndexKeeper:
    """Owns the index of one memory; may be called from any thread."""

    def __init__(
        self, memories: Memories, folder: Path, mode: IndexMode, embedder: str, *, chroma_url: str | None = None
    ) -> None:
        """Args: chroma_url: a server that several processes share; `None` is files in `folder`."""
        self._memories = memories
        self._folder = folder
        self._mode = mode
        self._embedder = embedder
        self._url = chroma_url
        self._retry_at: float | None = None  # monotonic; set while the server does not answer
        self._exact = ExactIndex(memories, embedder)
        self._short = ExactIndex(memories, embedder, "short")
        self._chroma: ChromaIndex | None = None
        self._lock = threading.RLock()
        self._closed = False

    @property
    def name(self) -> str:
        """The index that would answer now: `exact` or `chroma`."""
        return "exact" if self._chroma is None else self._chroma.name

    def current(self) -> VectorIndex:
        """The index to search, in step with SQL."""
        if self._chroma is None and (self._mode != "chroma" or self._sealed or self._retry_at is not None):
            self._ask_again()
            return self._exact  # without the lock: a search never waits while another thread opens Chroma
        with self._lock:
            if self._chroma is None and not self.open():
                return self._exact
            try:
                deliver(self._memories, self._opened(), self._embedder)
            except Delivering:
                return self._exact
            except StoreError as error:
                return self.without_chroma(error)
            return TieredIndex(self._opened(), self._short, self._exact)

    def open(self) -> bool:
        """Open Chroma and bring it up to date; say whether it answers from now on.

        Raises:
            StoreLocked: the mode is `chroma` and another process owns the index.
        """
        with self._lock:
            if self._mode == "exact" or self._closed or self._sealed:
                return False
            if self._chroma is None:
                self._chroma = self._open_chroma()
            return self._chroma is not None

    def without_chroma(self, error: StoreError) -> VectorIndex:
        """Give up Chroma after it failed in use: files for the rest of this process, a server for half a minute."""
        with self._lock:
            if self._chroma is not None:
                broken = self._url is None and isinstance(error, StoreCorrupt)
                self._chroma.drop() if broken else self._chroma.close()
            self._chroma = None
            self._give_up(error)
        return self._exact

    def close(self) -> None:
        """Release the index; a second call does nothing."""
        with self._lock:
            self._closed = True
            if self._chroma is not None:
                self._chroma.close()
            self._chroma = None

    @property
    def _sealed(self) -> bool:
        return self._memories.database.vault.seals_vectors

    def _give_up(self, error: StoreError | None) -> None:
        """Files that failed twice would fail, and cost seconds, at every question; a server may come back."""
        if error is not None and self._retry_at is None:
            level = logging.INFO if isinstance(error, Delivering) else logging.WARNING
            log.log(level, "%s; exact search answers meanwhile", error)
        if self._url is None:
            self._mode = "exact"
        else:
            self._retry_at = time.monotonic() + RETRY_S

    def _ask_again(self) -> None:
        if self._retry_at is not None and time.monotonic() >= self._retry_at:
            self._retry_at += RETRY_S
            threading.Thread(target=self.open, name="chroma server", daemon=True).start()

    def _opened(self) -> ChromaIndex:
        assert self._chroma is not None
        return self._chroma

    def _open_chroma(self) -> ChromaIndex | None:
        """Chroma in step with SQL; a broken index is dropped and a fresh one filled, once."""
        failed: StoreError | None = None
        index = None
        try:
            index = self._in_step() or self._in_step()
        except Delivering as error:
            failed = error
        except StoreLocked:
            if self._mode == "chroma":
                raise
            return None  # the owner may end: a later `open` asks again
        except StoreError as error:
            failed = error
        if index is None:
            self._give_up(failed)
        elif self._retry_at is not None:
            log.info("The Chroma server %s answers", self._url)
            self._retry_at = None
        return index

    def _in_step(self) -> ChromaIndex | None:
        index = self._index()
        try:
            if index.delivered > self._memories.last_change():
                index.delivered = 0  # an older database was put in place: the numbers it gives now, it gave before
            deliver(self._memories, index, self._embedder)
            reconcile(self._memories, index, self._embedder)
            if finds_itself(self._memories, index, self._embedder):
                index.trust()
                return index
            log.warning("The index in %s does not find what it holds; it is filled again", self._url or self._folder)
        except StoreCorrupt as error:
            log.warning("%s; it is filled again from the database", error)
        except BaseException:
            index.close()
            raise
        index.drop()
        return None

    def _index(self) -> ChromaIndex:
        from workbench.memory.index.chroma import open_chroma

        if self._url is None:
            return open_chroma(self._folder, self._embedder)
        return open_chroma_server(self._url, self._folder, self._embedder, place=self._memories.database.place)


def deliver(memories: Memories, index: ChromaIndex, embedder: str) -> None:
    """Tell the index what the journal says, batch by batch; the number moves on only after the index has it.

    The tables as they are now decide, not the order of the entries: an id that is long-term and active goes in, any
    other goes out. So a batch may be delivered twice without harm.
    """
    if not memories.changed_since(index.delivered, most=1).ids:
        return
    with index.alone():
        while (news := memories.changed_since(index.delivered, most=BATCH)).ids:
            stored = memories.vectors(embedder, ids=news.ids, tier="long")
            index.upsert(stored.ids, stored.matrix)
            if news.forgotten and index.holds_any(news.forgotten):
                index.leave_nothing_behind()
            index.delete([name for name in news.ids if name not in stored.ids])
            index.delivered = news.last_seq


def reconcile(memories: Memories, index: ChromaIndex, embedder: str, *, on_progress: Progress | None = None) -> None:
    """Make the index hold exactly the long-term ids of SQL: a lost, old or empty index is whole again."""
    with index.alone():
        stored, held = memories.ids(embedder, tier="long"), index.ids()
        done, lacking = 0, sorted(stored - held)
        for some in _batches(lacking):
            vectors = memories.vectors(embedder, ids=some)
            index.upsert(vectors.ids, vectors.matrix)
            done += len(some)
            if on_progress is not None:
                on_progress(done, len(lacking))
        for some in _batches(sorted(held - stored)):
            index.delete(some)


def _batches(ids: list[str]) -> Iterator[list[str]]:
    return (ids[start : start + BATCH] for start in range(0, len(ids), BATCH))


def finds_itself(memories: Memories, index: ChromaIndex, embedder: str) -> bool:
    """Whether the index finds a few stored vectors when asked for them.

    An index that lost its graph on disk still lists every id but finds only what came last, less than half. Sixteen
    random probes miss that once in 65,000 times; the k nearest of a sound graph hold the vector itself.
    """
    some = sorted(memories.ids(embedder, tier="long"))[:PROBES]
    vectors = memories.vectors(embedder, ids=some)
    return all(any(hit.score > SAME for hit in index.search(vector, NEAR)) for vector in vectors.matrix)
