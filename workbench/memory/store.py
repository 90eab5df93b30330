"""Memory as the walk sees it: recall before thinking, remember after answering.

    recall(question)  ──► nearest by vector and by words ──► scored, chosen ──► (Recalled, …) with its reasons
    remember(turn)    ──► statements of the question ──► weighed ──► one transaction: turn + memories + journal

    home/memory/
    ├── memory.sqlite     the truth: turns, texts, vectors, what became of them
    └── chroma/           an index over the long-term vectors

What `remember` and `add` have returned survives kill -9 and a power cut. A cancelled `remember` leaves the whole turn
or nothing. Only what the person stated becomes a memory, a correction with the question it is about: never a model's
answer, never its thinking. It does not know prompts, models or screens.

>>> memory = Memory.open(Path("var"))  # doctest: +SKIP
>>> turn = await memory.remember(Turn(question="My dog is called Rufus.", answer="Hello, Rufus!"))  # doctest: +SKIP
>>> [found.text for found in await memory.recall("What is my dog's name?")]  # doctest: +SKIP
['My dog is called Rufus.']
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from workbench.core.errors import ModelError, StoreError
from workbench.core.records import Feedback, Recalled, Session, Statement, Turn
from workbench.memory.embedders import Embedder, MiniLM
from workbench.memory.weighing.memorable import memorable
from workbench.prompts.corrections import correction_statement

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from workbench.core.schema import Settings
    from workbench.memory.consolidation.consolidator import Consolidator
    from workbench.memory.database import Database
    from workbench.memory.index.exact import Hit, VectorIndex
    from workbench.memory.index.keeper import IndexKeeper
    from workbench.memory.memories import Memories, Vectors
    from workbench.memory.recall.recaller import Recaller
    from workbench.memory.sessions.conversation import Conversation
    from workbench.memory.sessions.sessions import Sessions
    from workbench.memory.weighing.writer import Writer

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")
UNCOUNTED = 64  # recalls counted in RAM before they are written down
BATCH = 200  # statements in one transaction of `add`
LOOKS_EVERY_S = 300.0  # between two looks whether something waits; a look costs a millisecond


class Memory:
    """Remember and recall; made by `Memory.open`."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        sessions: Sessions,
        memories: Memories,
        keeper: IndexKeeper,
        embedder: Embedder,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        from workbench.memory.consolidation.consolidator import Consolidator
        from workbench.memory.recall.recaller import Recaller
        from workbench.memory.sessions.conversation import Conversation
        from workbench.memory.weighing.writer import Writer

        self.settings = settings
        self.sessions = sessions
        self.memories = memories
        self.embedder = embedder
        self.database = database
        self._keeper = keeper
        self._clock = clock
        self._writer: Writer = Writer(embedder, keeper.current, settings.importance, clock=clock)
        self.recaller: Recaller = Recaller(memories, _Index(keeper), embedder.embed_query, clock=clock)
        self.conversation: Conversation = Conversation(database)
        self.consolidator: Consolidator = Consolidator(
            memories, sessions, embedder.name, settings.importance, settings.consolidation, clock
        )
        self._recalls: Counter[str] = Counter()
        self._closing = threading.Event()
        self._upkeep = threading.Lock()
        self._lock_file = settings.home / "memory" / "upkeep.lock"

    @classmethod
    def open(
        cls,
        home: Path,
        settings: Settings | None = None,
        *,
        embedder: Embedder | None = None,
        **overrides: Any,
    ) -> Memory:
        """Open the memory of a home, creating it when it is new.

        Args:
            home: the user's state folder; memory lies in `home/memory`.
            settings: how it is kept, weighed and recalled; `None` takes the defaults.
            embedder: `None` is the one that comes with the workbench.
            overrides: single settings of the section `memory`, such as `index="exact"`.
        Raises:
            StoreSealed: it is encrypted, or is to be, and the key is missing or wrong; nothing was touched.
            StoreError: the database cannot be opened.
        """
        from workbench.core.schema import Settings
        from workbench.memory.database import open_database
        from workbench.memory.index.keeper import IndexKeeper
        from workbench.memory.memories import Memories
        from workbench.memory.sessions.sessions import Sessions
        from workbench.memory.vault.keys import keys_from

        settings = settings or Settings(home=home)
        settings = settings.model_copy(update={"home": home, "memory": settings.memory.model_copy(update=overrides)})
        folder = home / "memory"
        embedder = embedder or MiniLM()
        dials = settings.memory
        database = open_database(
            dials.database_url or folder / "memory.sqlite",
            keys=keys_from(settings),
            encrypt=dials.encrypt_memory,
            encrypt_vectors=dials.encrypt_vectors,
        )
        if database.vault.seals_vectors:
            _remove_index(folder, database)
        memories = Memories(database)
        keeper = IndexKeeper(memories, folder, dials.index, embedder.name, chroma_url=dials.chroma_url)
        return cls(settings, database, Sessions(database), memories, keeper, embedder)

    @property
    def index_name(self) -> str:
        """Which index answers now: `exact` or `chroma`."""
        return self._keeper.name

    async def recall(
        self,
        question: str,
        *,
        k: int = 5,
        tokens: int | None = None,
        min_score: float = -1.0,
        counted: bool = True,
    ) -> tuple[Recalled, ...]:
        """The memories that answer a question, best first, each with the parts of its score and the reasons.

        Args:
            k: at most so many.
            tokens: together at most so long.
            min_score: the least cosine, -1..1, of one that holds less than half of the question's words.
            counted: whether this recall counts for what it finds; not when a person only looks.
        Raises:
            StoreError: the database could not be read.
            ModelError: the embedder could not be loaded; a memory without rows never loads it.
        """
        from workbench.memory.recall.choosing import Budget

        budget = Budget(k, tokens, min_score)
        found = await asyncio.to_thread(self.recaller.recall, question, budget)
        if counted:
            self._recalls.update(hit.memory_id for hit in found)
        if self._recalls.total() >= UNCOUNTED:
            await asyncio.to_thread(self._count_recalls)
        return found

    async def remember(self, turn: Turn) -> Turn:
        """Store a turn with the statements made in it, in one transaction.

        Cancelled before the commit, it leaves nothing; during the commit, the whole turn.

        Returns:
            the turn with `session_id` and `memory_ids` filled; statements known before get no new id.
        Raises:
            StoreError: it was not stored, nothing of it.
            ModelError: there is something to remember and the embedder could not be loaded.
        """
        said = [Statement(text, said_at=turn.asked_at) for text in memorable(turn.question, turn.language)]
        statements = await asyncio.to_thread(self._writer.prepare, said)
        stop = threading.Event()
        writing = asyncio.ensure_future(asyncio.to_thread(self.sessions.save, turn, statements, stop=stop))
        try:
            return await asyncio.shield(writing)
        except asyncio.CancelledError:
            stop.set()
            await asyncio.gather(writing, return_exceptions=True)  # no thread writes after the caller has moved on
            raise

    async def add(self, statements: Sequence[Statement], *, session: Session | None = None) -> tuple[str, ...]:
        """Store statements as they are, in order, without a turn: notes, passages, an imported conversation.

        Args:
            session: the conversation they belong to, which makes them neighbours; stored if it is new.
        Returns:
            the id of each statement's memory; one that was known has the id it had.
        Raises:
            StoreError: what is left of them was not stored; earlier batches of 200 are.
            ModelError: the embedder could not be loaded.
        """
        ids: list[str] = []
        for start in range(0, len(statements), BATCH):
            ids += await asyncio.to_thread(self._add, statements[start : start + BATCH], session)
        return tuple(ids)

    async def give_feedback(self, given: Feedback) -> Feedback:
        """Keep what a person said about a turn; a correction is recalled from the next question on.

        Where the embedder cannot be loaded the correction is kept all the same, and not recalled.

        Raises:
            NotStored: no turn fits, or several do.
            StoreError: it was not stored.
        """
        return await asyncio.to_thread(self._give_feedback, given)

    def doubt_corrections(self, turns: Collection[str]) -> None:
        """Recall no correction of these turns, and again what was doubted of others; nothing is forgotten.

        Args:
            turns: their ids.
        Raises:
            NotStored: one of them is no longer there.
            StoreError: it cannot be written; then nothing was.
        """
        texts = [
            correction_statement(turn.question, said[-1].correction, turn.language)
            for turn in map(self.sessions.turn, turns)
            if (said := self.sessions.feedback(turn.id)) and said[-1].correction
        ]
        self.memories.doubt(texts, why="its feedback is doubted")

    async def forget(self, *memory_ids: str) -> None:
        """Remove memories for good: rows, copies in turns and summaries, the index before it next answers.

        What was learned from them is not memory's: `Agent.forget_memories` forgets that as well.

        Raises:
            NotStored: no memory has one of these ids; then all of them stay.
        """
        await asyncio.to_thread(self.sessions.forget_memories, memory_ids)

    async def edit(self, memory_id: str, text: str) -> None:
        """Give a memory another text; it is embedded, and found by the new words from now on.

        Raises:
            NotStored: no memory has that id.
            StoreError: the text is empty, or another memory says the same.
        """
        if not text.strip():
            raise StoreError("A memory needs a text; write one, or forget the memory")
        vectors = await asyncio.to_thread(self.embedder.embed, [text])
        vector = vectors[0].astype("<f4").tobytes()
        await asyncio.to_thread(self.memories.edit, memory_id, text, vector, self.embedder.name)

    async def pin(self, memory_id: str, *, pinned: bool = True) -> None:
        """Keep a memory from expiring, and before the model in every conversation; or no longer.

        Raises:
            NotStored: no memory has that id.
        """
        await asyncio.to_thread(self.memories.pin, memory_id, pinned=pinned)

    async def open_index(self) -> bool:
        """Open Chroma where the mode allows it and no other process owns it; say whether it answers from now on.

        The embedder is loaded first: two threads that import numpy at once, one of them through Chroma, find it
        half-initialised.
        """
        await self.warm()
        return await asyncio.to_thread(self._keeper.open)

    async def catch_up(self, on_progress: Callable[[str, int, int], None] | None = None) -> None:
        """Do what waits: embed anew after a change of embedder, and consolidate when the schedule asks for it.

        Args:
            on_progress: called from another thread with what is done (`embedding`, `consolidating`), how many of it
                are done, and how many there are.
        Raises:
            StoreError: the rest could not be written; the next call goes on.
        """
        from workbench.memory.upkeep.reembedding import pending, reembed

        def tell(what: str) -> Callable[[int, int], None]:
            return lambda done, of: on_progress(what, done, of) if on_progress else None

        def work() -> None:
            with self._upkeep, _alone(self._lock_file) as alone:
                if not alone:  # another process is at it
                    return
                if pending(self.memories, self.embedder.name):
                    told = tell("embedding")
                    reembed(self.memories, self.embedder, lambda now: told(now.done, now.of), self._closing)
                if self.consolidator.due() and not self._closing.is_set():
                    self.consolidator.run(tell("consolidating"))

        await asyncio.to_thread(work)

    async def keep_up(
        self, on_progress: Callable[[str, int, int], None] | None = None, *, every_s: float = LOOKS_EVERY_S
    ) -> None:
        """Catch up now and whenever something waits, until cancelled: what an open agent does beside answering.

        Args:
            on_progress: as in `catch_up`.
            every_s: how often it looks whether something waits, in seconds.
        """
        while True:
            try:
                await self.catch_up(on_progress)
            except StoreError as error:  # a full disk, a locked file: what waits stays, and is tried again
                log.warning("Memory could not catch up: %s", error)
            await asyncio.sleep(every_s)

    async def warm(self) -> None:
        """Load the embedder now, so that the first question does not wait for it."""
        await asyncio.to_thread(self.embedder.embed, ["warm"])

    def close(self) -> None:
        """Write down what was counted, release the index and the database; a second call does nothing."""
        self._closing.set()
        with self._upkeep:  # what is being embedded or consolidated ends its batch first
            pass
        if self._recalls:
            self._count_recalls()
        self._keeper.close()
        self.database.close()

    def _add(self, statements: Sequence[Statement], session: Session | None) -> tuple[str, ...]:
        return self.sessions.note(self._writer.prepare(statements), session, said_at=self._clock())

    def _give_feedback(self, given: Feedback) -> Feedback:
        if given.correction is None or not given.correction.strip():
            return self.sessions.add_feedback(given)
        turn = self.sessions.turn(given.turn_id)
        before = [said.correction for said in self.sessions.feedback(turn.id) if said.correction]
        says, *earlier = (
            correction_statement(turn.question, answer, turn.language) for answer in (given.correction, *before)
        )
        try:
            [statement] = self._writer.prepare([Statement(says, kind="fact")])
        except ModelError as error:
            log.warning("A correction is kept but cannot be recalled: %s", error)
            return self.sessions.add_feedback(given)
        return self.sessions.add_feedback(given, statement, instead_of=earlier)

    def _count_recalls(self) -> None:
        recalls, self._recalls = self._recalls, Counter()
        try:
            self.memories.touch(recalls, self._clock())
        except StoreError as error:  # a count is not worth failing for: it is written with the next ones
            log.info("Some recalls are not counted yet: %s", error)
            self._recalls.update(recalls)


@contextmanager
def _alone(lock_file: Path) -> Iterator[bool]:
    """Whether this process alone keeps up inside; it does not wait for another that does."""
    from filelock import FileLock, Timeout

    lock = FileLock(lock_file, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _remove_index(folder: Path, database: Database) -> None:
    """No readable vector stays on disk beside encrypted ones."""
    from workbench.memory.vault.conversion import remove_index

    try:
        remove_index(folder)
    except BaseException:
        database.close()
        raise


class _Index:
    """The index that answers now; when Chroma fails in use, exact search answers the same question."""

    def __init__(self, keeper: IndexKeeper) -> None:
        self._keeper = keeper

    def search(self, vector: NDArray[np.float32], k: int) -> list[Hit]:
        return self._answered(lambda index: index.search(vector, k))

    def vectors(self, ids: Sequence[str]) -> Vectors:
        return self._answered(lambda index: index.vectors(ids))

    def _answered(self, ask: Callable[[VectorIndex], Answer]) -> Answer:
        index = self._keeper.current()
        try:
            return ask(index)
        except StoreError as error:
            if index.name == "exact":
                raise
            return ask(self._keeper.without_chroma(error))
