"""The chat dashboard: one agent, one question at a time, and the widgets that show both.

    page shown ──ready──► open the agent, load its models, watch the memory      (before that, nothing is opened)
    question   ──ask────► old task cancelled ► agent.ask(on_event) ► state ► redraw every 50 ms
    page gone  ─────────► nobody says `watching` ► the memory is no longer sampled, so the kernel may be culled

A kernel that Voila heats in advance runs the notebook before anyone visits; therefore nothing is written, opened or
loaded until a page says that it is there. It decides nothing about answers: that is the agent's.

>>> chat = open_chat()                                                   # doctest: +SKIP
>>> chat.view                                                            # doctest: +SKIP
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from importlib import import_module
from pathlib import Path
from typing import Any

import ipywidgets

from workbench.agent import Agent, open_agent
from workbench.core.errors import NotStored, WorkbenchError
from workbench.core.records import StrategyName, Turn
from workbench.core.settings import Settings, load_settings
from workbench.hardware.sampler import Sampler
from workbench.logbook import start_log
from workbench.models.embedded import EmbeddedModel
from workbench.models.protocol import Model
from workbench.panels import chat_state, machine_state, showing
from workbench.panels.chat_state import Chat
from workbench.panels.upkeep import keep_up
from workbench.panels.widgets import ChatBox, MemoryChart, Timeline, TurnFacts, UpkeepBar

log = logging.getLogger(__name__)
REDRAW_S = 0.05  # tokens come every 10 ms; one message for five of them keeps the page fluent
WATCHED_S = 150.0  # a page in the background may speak only once a minute
SHOWN_EXCHANGES = 50
TURN_IMPORTS = (
    "numpy",
    "onnxruntime",
    "tokenizers",
    "sqlalchemy",
    "alembic.command",
    "jsonschema",
    "simpleeval",
    "xllamacpp",
    "workbench.reasoning.walk",
)

OpenAgent = Callable[[], AbstractAsyncContextManager[Agent]]
Content = dict[str, Any]


class ChatPanel:
    """State, widgets and the tasks between them; make one with `open_chat`.

    Args:
        open_the_agent: opens the agent; called once, when a page is shown or a question asked.
        log_file: what an unexpected error's sentence points to.
        model, strategy: as in `Agent.ask`.
    """

    def __init__(
        self,
        open_the_agent: OpenAgent,
        *,
        log_file: Callable[[], Path],
        model: str | Model | None = None,
        strategy: StrategyName | None = None,
    ) -> None:
        self.chat = Chat()
        self.box, self.timeline, self.facts, self.memory = ChatBox(), Timeline(), TurnFacts(), MemoryChart()
        self.upkeep = UpkeepBar()
        self.view = _layout(self.box, self.upkeep, self.memory, self.timeline, self.facts)
        self._open_the_agent = open_the_agent
        self._log_file = log_file
        self._asks = {"model": model, "strategy": strategy}
        self._stack = AsyncExitStack()
        self._opening: asyncio.Task[Agent] | None = None
        self._asking: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._sampler: Sampler | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._seen_s = 0.0
        self.box.on_msg(self._from_box)
        self.memory.on_msg(self._from_chart)

    async def agent(self) -> Agent:
        """The agent, opened once; after a failure the next call tries again."""
        if self._opening is None or (self._opening.done() and _went_wrong(self._opening)):
            self._opening = asyncio.create_task(self._stack.enter_async_context(self._open_the_agent()))
        return await asyncio.shield(self._opening)

    def ask(self, question: str) -> asyncio.Task[None]:
        """Put a question; one that is still being answered is stopped first."""
        self.box.problem = ""
        self._draw(chat_state.asked(self.chat, question))
        number = len(self.chat.exchanges)
        self._asking = self._start(self._ask(number, question, self._asking))
        self._asking.add_done_callback(lambda task: self._never_begun(number))
        return self._asking

    def stop(self) -> None:
        """Stop the question under way; nothing of it is kept."""
        if self._asking is not None:
            self._asking.cancel()

    def _never_begun(self, number: int) -> None:
        """A question stopped before its task first ran has nobody else to say so."""
        if self.chat.exchange(number).status == "asking":
            self._draw(chat_state.stopped(self.chat, number))

    async def rate(self, turn_id: str, *, up: bool | None = None, correction: str | None = None) -> None:
        """Keep a thumb or a correction, as `workbench feedback` does."""
        kept = await (await self.agent()).give_feedback(turn_id, up=up, correction=correction)
        self._draw(chat_state.rated(self.chat, kept.turn_id, kept.kind))

    def watch(self) -> None:
        """Show the machine's memory for as long as pages say that they are there."""
        self._seen_s = time.monotonic()
        if self._watching is None or self._watching.done():
            self._watching = self._start(self._watch())

    async def close(self) -> None:
        """End all tasks and close the agent."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._stack.aclose()

    def _from_box(self, _: Any, content: Content, buffers: Any) -> None:
        match content:
            case {"type": "ready"}:
                self._start(self._warm())
            case {"type": "ask", "text": str(text)}:
                self.ask(text)
            case {"type": "stop"}:
                self.stop()
            case {"type": "rate", "turn_id": str(turn_id), "up": bool(up)}:
                self._start(self.rate(turn_id, up=up))
            case {"type": "correct", "turn_id": str(turn_id), "text": str(text)}:
                self._start(self.rate(turn_id, correction=text))

    def _from_chart(self, _: Any, content: Content, buffers: Any) -> None:
        if content == {"type": "watching"}:
            self.watch()

    async def _warm(self) -> None:
        """Load what the first question would wait for."""
        self.box.status = "Getting ready …"
        agent = await self.agent()
        choice = await agent.backends.choose(0.0)
        model = agent.backends.model(choice)
        if isinstance(model, EmbeddedModel):
            await asyncio.to_thread(model.load)
        await agent.warm()
        self._start(keep_up(agent.memory, self.upkeep))
        self.box.status = f"Ready: {choice.model} ({choice.backend}), memory in {agent.settings.home}"

    async def _ask(self, number: int, question: str, earlier: asyncio.Task[None] | None) -> None:
        drawing = asyncio.create_task(self._redraw(number))
        try:
            if earlier is not None:
                earlier.cancel()
                await asyncio.gather(earlier, return_exceptions=True)
            turn = await self._answer(number, question)
        except asyncio.CancelledError:
            self._draw(await self._after_stopping(number))
            raise
        except WorkbenchError as error:
            log.info("Exchange %d failed", number, exc_info=True)
            self._draw(chat_state.failed(self.chat, number, error.sentence))
        else:
            self._draw(chat_state.answered(self.chat, number, turn))
        finally:
            drawing.cancel()

    async def _answer(self, number: int, question: str) -> Turn:
        agent = await self.agent()
        session = await agent.session(self.chat.session_id) if self.chat.session_id else None

        def hear(event: Any) -> None:
            self.chat = chat_state.heard(self.chat, number, event)

        return await agent.ask(question, session=session, on_event=hear, **self._asks)  # type: ignore[arg-type]

    async def _after_stopping(self, number: int) -> Chat:
        """The chat as the store has it: a turn that was being committed when the person stopped it may be whole."""
        turn = self.chat.exchange(number).turn
        if turn is None or self._opening is None:
            return chat_state.stopped(self.chat, number)
        agent = await self._opening
        try:
            stored = await asyncio.to_thread(agent.memory.sessions.turn, turn.id)
        except NotStored:
            return chat_state.stopped(self.chat, number)
        return chat_state.answered(self.chat, number, stored)

    async def _redraw(self, number: int) -> None:
        """Show what was heard since the last time; the turn's clock begins with its first step, as the walk's does."""
        started_s: float | None = None
        while True:
            await asyncio.sleep(REDRAW_S)
            if started_s is None and self.chat.exchange(number).bars:
                started_s = time.monotonic()
            elapsed_ms = 0.0 if started_s is None else (time.monotonic() - started_s) * 1000
            self._draw(chat_state.elapsed(self.chat, number, elapsed_ms))

    async def _watch(self) -> None:
        agent = await self.agent()
        self._sampler = self._sampler or agent.sampler()
        hardware = agent.settings.hardware
        with self._sampler as sampler:
            while time.monotonic() - self._seen_s < WATCHED_S:
                chart = machine_state.memory_chart(sampler.samples(), budget_gib=hardware.budget_gib)
                self.memory.shown = showing.memory_chart(chart)
                await asyncio.sleep(hardware.sample_interval_ms / 1000)

    def _draw(self, chat: Chat) -> None:
        """Take over a state and show it; a trait that stays equal sends nothing."""
        self.chat = chat
        entries = [showing.chat_entry(one) for one in chat.exchanges[-SHOWN_EXCHANGES:]]
        self.box.past = [entry for entry in entries if entry["status"] != "asking"]
        asking = [entry for entry in entries if entry["status"] == "asking"]
        self.box.live = asking[-1] if asking else {}
        self.timeline.shown = showing.timeline(chat.latest)
        self.facts.shown = showing.facts(chat.latest)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._settle)
        return task

    def _settle(self, task: asyncio.Task[None]) -> None:
        """Whatever a task ended with is told: a sentence on the page, the traceback in the log."""
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is None:
            return
        log.error("A task of the chat panel ended with an error", exc_info=error)
        sentence = error.sentence if isinstance(error, WorkbenchError) else self._unexpected(error)
        self.box.status, self.box.problem = "", sentence
        if task is self._asking:
            self._draw(chat_state.failed(self.chat, len(self.chat.exchanges), sentence))

    def _unexpected(self, error: BaseException) -> str:
        kind = type(error).__name__
        return f"Something went wrong inside the workbench ({kind}); read {self._log_file()}, then ask again"


def open_chat(
    *,
    home: Path | str | None = None,
    model: str | Model | None = None,
    strategy: StrategyName | None = None,
) -> ChatPanel:
    """A chat panel on the settings' home; nothing is opened until a page shows it.

    Args:
        home: the state folder, outranking the settings.
        model, strategy: as in `Agent.ask`; None leaves them to the settings.
    """

    _import_ahead()

    def settings() -> Settings:
        return load_settings(overrides={"home": Path(home)} if home else {})

    def opening() -> AbstractAsyncContextManager[Agent]:
        loaded = settings()
        start_log(loaded)
        return open_agent(loaded)

    return ChatPanel(
        opening, log_file=lambda: settings().home / "logs" / "workbench.log", model=model, strategy=strategy
    )


def _import_ahead() -> None:
    """Import what a turn needs, in this thread: a kernel heated in advance has done so before anyone asks."""
    for module in TURN_IMPORTS:
        import_module(module)


def _went_wrong(task: asyncio.Task[Agent]) -> bool:
    return task.cancelled() or task.exception() is not None


def _layout(box: ChatBox, *side: Any) -> ipywidgets.Box:
    column = ipywidgets.VBox(list(side))
    column.add_class("wb-side")
    page = ipywidgets.Box([box, column])
    page.add_class("wb-page")
    return page
