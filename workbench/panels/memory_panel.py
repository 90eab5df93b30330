"""The memory dashboard: what is remembered, why it is recalled, and three things to do about it.

    page shown ──ready──► open the memory, read it whole ──► table, map, lifetimes           (before that: nothing)
    filter, order, page, choose ──► state ──► redraw                                         (nothing is read again)
    question ──explain──► recall, not counted ──► hits with the parts of their scores
    edit, pin, restore, forget ──► Memory ──► read again ──► redraw

One message is worked on at a time, in the order they came, so that a slow reading never overwrites a later one. It
decides nothing about memory: that is `Memory`'s and the settings'.

>>> desk = open_memory_panel()                                           # doctest: +SKIP
>>> desk.view                                                            # doctest: +SKIP
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import ipywidgets

from workbench.agent import open_memory
from workbench.core.errors import QuestionError
from workbench.core.settings import Settings, load_settings
from workbench.logbook import start_log
from workbench.memory import Memory
from workbench.memory.upkeep.inspection import Plane, VectorMap, vector_map
from workbench.panels import memory_showing, memory_state
from workbench.panels.memory_state import MOST_HITS, ORDERS, Desk, Explained, Order
from workbench.panels.memory_widgets import (
    MemoryCard,
    MemoryHead,
    MemoryLifetimes,
    MemoryMap,
    MemoryTable,
    RecallReasons,
)
from workbench.panels.tasks import Tasks
from workbench.panels.upkeep import keep_up
from workbench.panels.widgets import UpkeepBar

RECALL_IMPORTS = ("numpy", "onnxruntime", "tokenizers", "sqlalchemy", "alembic.command")

Content = dict[str, Any]


class MemoryPanel:
    """State, widgets and what is done for them; make one with `open_memory_panel`.

    Args:
        open_the_memory: opens the memory; called in a thread, when a page is shown.
        log_file: what an unexpected error's sentence points to.
    """

    def __init__(self, open_the_memory: Callable[[], Memory], *, log_file: Callable[[], Path]) -> None:
        self.desk = Desk()
        self.head, self.table, self.recall = MemoryHead(), MemoryTable(), RecallReasons()
        self.card, self.map, self.lifetimes = MemoryCard(), MemoryMap(), MemoryLifetimes()
        self.upkeep = UpkeepBar()
        self.view = _layout(
            ipywidgets.VBox([self.head, self.upkeep]), (self.recall, self.table), (self.card, self.map, self.lifetimes)
        )
        self._open_the_memory = open_the_memory
        self._tasks = Tasks(self._tell, log_file=log_file)
        self._memory: Memory | None = None
        self._keeping_up: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self._mapped: tuple[int, VectorMap] | None = None
        for widget in (self.head, self.table, self.recall, self.card, self.map):
            widget.on_msg(self._from_page)
        self.lifetimes.on_msg(self._from_page)
        self._draw(self.desk)

    async def refresh(self) -> None:
        """Read the store again and show it."""
        memory = await self._opened()
        self._draw(await asyncio.to_thread(self._read, memory))

    async def explain(self, question: str, k: int) -> None:
        """Show what a question recalls, and why; the recall does not count as one.

        Raises:
            QuestionError: the question is empty, or k is not between 1 and 20.
        """
        if not question.strip():
            raise QuestionError("The question is empty; write what you would ask the agent")
        if not 1 <= k <= MOST_HITS:
            raise QuestionError(f"{k} hits cannot be shown; choose 1 to {MOST_HITS}")
        memory = await self._opened()
        dials = memory.settings.memory
        hits = await memory.recall(question, k=k, counted=False)
        handed = await memory.recall(
            question, k=dials.recall_k, tokens=dials.recall_tokens, min_score=dials.recall_min_score, counted=False
        )
        found = Explained(question, k, hits, frozenset(hit.memory_id for hit in handed))
        if self.desk.view is not None and self.desk.view.spots:
            found = await asyncio.to_thread(_placed, found, memory, self.desk.view.plane)
        self._draw(memory_state.explained(self.desk, found))

    async def edit(self, memory_id: str, text: str) -> None:
        """Give a memory another text."""
        await (await self._opened()).edit(memory_id, text)
        await self._after("Saved; it is found by its new words from now on.")

    async def pin(self, memory_id: str, *, pinned: bool) -> None:
        """Keep a memory from expiring, or no longer."""
        await (await self._opened()).pin(memory_id, pinned=pinned)
        await self._after("Pinned; it will not expire." if pinned else "No longer pinned.")

    async def restore(self, memory_id: str) -> None:
        """Make a merged, superseded, expired or doubted memory active again."""
        memory = await self._opened()
        await asyncio.to_thread(memory.consolidator.undo, memory_id)
        await self._after("Active again; consolidation leaves it so.")

    async def forget(self, memory_id: str) -> None:
        """Remove a memory for good; the page has asked before."""
        from workbench.cycles import Forgetting
        from workbench.learning import Learning

        memory = await self._opened()
        gone = await asyncio.to_thread(Forgetting(memory, Learning(memory.settings)).memories, [memory_id])
        await self._after(" ".join(("Forgotten for good.", *gone.sentences)))

    async def close(self) -> None:
        """End all tasks and close the memory."""
        await self._tasks.close()
        if self._memory is not None:
            await asyncio.to_thread(self._memory.close)

    async def _begin(self) -> None:
        """What a page needs first; then, beside whatever it asks for, the embedder that a recall would wait for."""
        await self.refresh()
        if self.desk.memories and self._keeping_up is None:
            self._keeping_up = self._tasks.start(self._keep_up())

    async def _keep_up(self) -> None:
        memory = await self._opened()
        await memory.warm()
        await keep_up(memory, self.upkeep)

    async def _opened(self) -> Memory:
        """The memory, opened once; after a failure the next call tries again."""
        if self._memory is None:
            self._memory = await asyncio.to_thread(self._open_the_memory)
        return self._memory

    async def _after(self, sentence: str) -> None:
        """Show the store as the change has left it, and the open recall as it would be now."""
        await self.refresh()
        if self.desk.explained is not None:
            await self.explain(self.desk.explained.question, self.desk.explained.k)
        self.head.notice = sentence

    def _read(self, memory: Memory) -> Desk:
        rows = memory.memories
        seen = rows.last_change()
        if self._mapped is None or self._mapped[0] != seen:
            self._mapped = (seen, vector_map(rows, memory.embedder.name))
        return memory_state.read(self.desk, rows.list(), memory.sessions.list(), rows.history(), self._mapped[1])

    def _from_page(self, _: Any, content: Content, buffers: Any) -> None:
        work = self._asked(content)
        if work is not None:
            self._tasks.start(self._in_turn(work))

    def _asked(self, content: Content) -> Coroutine[Any, Any, None] | None:
        """What a message of the page asks for; None for one that is not known."""
        match content:
            case {"type": "ready"}:
                return self._begin()
            case {"type": "refresh"}:
                return self.refresh()
            case {"type": "explain", "question": str(question), "k": int(k)}:
                return self.explain(question, k)
            case {"type": "edit", "id": str(name), "text": str(text)}:
                return self.edit(name, text)
            case {"type": "pin", "id": str(name), "pinned": bool(pinned)}:
                return self.pin(name, pinned=pinned)
            case {"type": "restore", "id": str(name)}:
                return self.restore(name)
            case {"type": "forget", "id": str(name)}:
                return self.forget(name)
            case _:
                return self._moved(content)

    async def _moved(self, content: Content) -> None:
        """What needs no store: filters, order, pages, the choice."""
        match content:
            case {"type": "filter", "filters": dict(said)}:
                self._draw(memory_state.narrowed(self.desk, memory_state.filters_from(said)))
            case {"type": "order", "by": str(by)} if by in ORDERS:
                self._draw(memory_state.ordered(self.desk, cast(Order, by)))
            case {"type": "page", "page": int(page)}:
                self._draw(memory_state.turned(self.desk, page))
            case {"type": "choose", "id": str() | None as name}:
                self._draw(memory_state.chose(self.desk, name))

    async def _in_turn(self, work: Coroutine[Any, Any, None]) -> None:
        async with self._turn:
            self.head.problem = self.head.notice = ""
            await work

    def _tell(self, sentence: str) -> None:
        self.head.problem = sentence

    def _draw(self, desk: Desk) -> None:
        """Take over a state and show it; a trait that stays equal sends nothing."""
        self.desk = desk
        now = time.time()
        settings = self._memory.settings if self._memory else Settings()
        self.head.shown = memory_showing.head(desk, str(settings.home))
        self.table.shown = memory_showing.table(desk, now)
        self.recall.shown = memory_showing.recall(desk.explained)
        self.card.shown = memory_showing.card(desk, settings, now)
        self.map.shown = memory_showing.spots(desk)
        self.map.marks = memory_showing.marks(desk)
        self.lifetimes.shown = memory_showing.lifetimes(desk)


def open_memory_panel(*, home: Path | str | None = None) -> MemoryPanel:
    """A memory panel on the settings' home; nothing is opened until a page shows it.

    Args:
        home: the state folder, outranking the settings.
    """
    for module in RECALL_IMPORTS:  # in this thread: a kernel heated in advance has done so before anyone comes
        import_module(module)

    def settings() -> Settings:
        return load_settings(overrides={"home": Path(home)} if home else {})

    def opening() -> Memory:
        loaded = settings()
        start_log(loaded)
        return open_memory(loaded)

    return MemoryPanel(opening, log_file=lambda: settings().home / "logs" / "workbench.log")


def _placed(found: Explained, memory: Memory, plane: Plane) -> Explained:
    """A recall with the places of its hits and of its question on the map."""
    vectors = memory.memories.vectors(memory.embedder.name, ids=[hit.memory_id for hit in found.hits])
    hits = plane.place(vectors.matrix).tolist() if vectors.ids else []
    places = {name: (x, y) for name, (x, y) in zip(vectors.ids, hits, strict=True)}
    x, y = plane.place(memory.embedder.embed_query(found.question)[None])[0].tolist()
    return replace(found, places=places, spot=(x, y))


def _layout(head: Any, main: tuple[Any, ...], side: tuple[Any, ...]) -> ipywidgets.Box:
    head.add_class("wb-wide")
    columns = [ipywidgets.VBox(list(widgets)) for widgets in (main, side)]
    for column in columns:
        column.add_class("wb-side")
    columns[1].add_class("wb-beside")
    page = ipywidgets.Box([head, *columns])
    page.add_class("wb-page")
    page.add_class("wb-memory-page")
    return page
