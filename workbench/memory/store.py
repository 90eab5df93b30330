"""Memory as the walk sees it: recall before thinking, remember after answering.

    recall(question)  ──► embed ──► nearest vectors ──► (Recalled, …) with a score and a reason
    remember(turn)    ──► statements of the question ──► embed ──► one transaction: turn + memories + outbox

    home/memory/
    ├── memory.sqlite     the truth: turns, texts, vectors
    └── chroma/           an index over it

What `remember` has returned survives kill -9 and a power cut. A cancelled `remember` leaves the whole turn or nothing.
Only what the person stated becomes a memory: never a model's answer, never its thinking. It does not know prompts,
models or screens.

>>> memory = Memory.open(Path("var"))  # doctest: +SKIP
>>> turn = await memory.remember(Turn(question="My dog is called Rufus.", answer="Hello, Rufus!"))  # doctest: +SKIP
>>> [found.text for found in await memory.recall("What is my dog's name?")]  # doctest: +SKIP
['My dog is called Rufus.']
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.core.errors import StoreError
from workbench.core.records import Recalled, Turn
from workbench.memory.embedder import Embedder, MiniLM
from workbench.memory.memorable import memorable

if TYPE_CHECKING:
    from workbench.memory.database import Database
    from workbench.memory.index import Hit
    from workbench.memory.index_keeper import IndexKeeper, IndexMode
    from workbench.memory.memories import Memories, NewMemory, StoredMemory
    from workbench.memory.sessions import Sessions

DAY_S = 86_400.0
SPANS = ((DAY_S * 365, "year"), (DAY_S * 30, "month"), (DAY_S, "day"), (3_600.0, "hour"), (60.0, "minute"))


class Memory:
    """Remember and recall; made by `Memory.open` or from parts."""

    def __init__(
        self,
        database: Database,
        sessions: Sessions,
        memories: Memories,
        keeper: IndexKeeper,
        embedder: Embedder,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.sessions = sessions
        self._database = database
        self.memories = memories
        self._keeper = keeper
        self._embedder = embedder
        self._clock = clock

    @classmethod
    def open(
        cls,
        home: Path,
        *,
        database_url: str | None = None,
        index: IndexMode = "auto",
        embedder: Embedder | None = None,
    ) -> Memory:
        """Open the memory of a home, creating it when it is new.

        Args:
            home: the user's state folder; memory lies in `home/memory`.
            database_url: any SQLAlchemy URL; `None` is SQLite in the home.
            index: see `index_keeper.py`.
            embedder: `None` is the one that comes with the workbench.
        Raises:
            StoreError: the database cannot be opened.
        """
        from workbench.memory.database import open_database
        from workbench.memory.index_keeper import IndexKeeper
        from workbench.memory.memories import Memories
        from workbench.memory.sessions import Sessions

        folder = home / "memory"
        embedder = embedder or MiniLM()
        database = open_database(database_url or folder / "memory.sqlite")
        memories = Memories(database)
        keeper = IndexKeeper(memories, folder, index, embedder.name)
        return cls(database, Sessions(database), memories, keeper, embedder)

    @property
    def index_name(self) -> str:
        """Which index answers now: `exact` or `chroma`."""
        return self._keeper.name

    async def recall(
        self, question: str, *, k: int = 5, min_score: float = 0.0, exclude_session: str | None = None
    ) -> tuple[Recalled, ...]:
        """The memories nearest to a question, best first.

        Args:
            k: at most so many.
            min_score: the least cosine, -1..1.
            exclude_session: a session whose statements are passed over, since its history is read anyway.
        Raises:
            StoreError: the database could not be read.
            ModelError: the embedder could not be loaded; a memory without rows never loads it.
        """
        return await asyncio.to_thread(self._recall, question, k, min_score, exclude_session)

    async def remember(self, turn: Turn) -> Turn:
        """Store a turn with the statements made in it, in one transaction.

        Cancelled before the commit, it leaves nothing; during the commit, the whole turn.

        Returns:
            the turn with `session_id` and `memory_ids` filled; statements known before get no new id.
        Raises:
            StoreError: it was not stored, nothing of it.
            ModelError: there is something to remember and the embedder could not be loaded.
        """
        statements = await asyncio.to_thread(self._statements, turn)
        stop = threading.Event()
        writing = asyncio.ensure_future(asyncio.to_thread(self.sessions.save, turn, statements, stop=stop))
        try:
            return await asyncio.shield(writing)
        except asyncio.CancelledError:
            stop.set()
            await asyncio.gather(writing, return_exceptions=True)  # no thread writes after the caller has moved on
            raise

    async def forget(self, memory_id: str) -> None:
        """Remove one memory for good, from SQL now and from the index before it next answers.

        Raises:
            NotStored: no memory has that id.
        """
        await asyncio.to_thread(self.memories.forget, [memory_id])

    async def open_index(self) -> bool:
        """Open Chroma where the mode allows it and no other process owns it; say whether it answers from now on.

        The embedder is loaded first: two threads that import numpy at once, one of them through Chroma, find it
        half-initialised.
        """
        await self.warm()
        return await asyncio.to_thread(self._keeper.open)

    async def warm(self) -> None:
        """Load the embedder now, so that the first question does not wait for it."""
        await asyncio.to_thread(self._embedder.embed, ["warm"])

    def close(self) -> None:
        """Release the index and the database; a second call does nothing."""
        self._keeper.close()
        self._database.close()

    def _recall(self, question: str, k: int, min_score: float, exclude: str | None) -> tuple[Recalled, ...]:
        if k < 1 or not question.strip() or not self.memories.count(state="active"):
            return ()
        passed_over = len(self.memories.list(session_id=exclude, state="active")) if exclude else 0
        hits = [hit for hit in self._hits(question, k + passed_over) if hit.score >= min_score]
        stored = self.memories.fetch([hit.memory_id for hit in hits])
        found = ((hit, stored[hit.memory_id]) for hit in hits if hit.memory_id in stored)
        kept = [(hit, row) for hit, row in found if exclude is None or row.session_id != exclude]
        return tuple(_recalled(hit, row, self._clock()) for hit, row in kept[:k])

    def _hits(self, question: str, k: int) -> list[Hit]:
        [vector] = self._embedder.embed([question])
        index = self._keeper.current()
        try:
            return index.search(vector, k)
        except StoreError as error:
            if index.name == "exact":
                raise
            return self._keeper.without_chroma(error).search(vector, k)

    def _statements(self, turn: Turn) -> Sequence[NewMemory]:
        from workbench.memory.memories import NewMemory

        texts = memorable(turn.question, turn.language)
        if not texts:
            return ()
        vectors = self._embedder.embed(texts).astype("<f4")
        pairs = zip(texts, vectors, strict=True)
        return [NewMemory(text, vector.tobytes(), self._embedder.name) for text, vector in pairs]


def _recalled(hit: Hit, row: StoredMemory, now: float) -> Recalled:
    why = f"cosine {hit.score:.2f} to the question, said {when_said(now - row.said_at)}"
    return Recalled(row.id, row.text, hit.score, why, row.said_at, row.session_id)


def when_said(age_s: float) -> str:
    """How long ago, in the largest unit that fits: `just now`, `1 hour ago`, `2 days ago`."""
    for span_s, unit in SPANS:
        if age_s >= span_s:
            count = int(age_s // span_s)
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"
