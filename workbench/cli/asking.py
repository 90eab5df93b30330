"""Commands that speak with the agent: ask, chat, feedback.

Only the answer goes to standard output, token by token on a terminal; how it was found goes to standard error, so that
`workbench ask "…" > answer.txt` holds the answer alone.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import threading
from collections.abc import Coroutine
from contextlib import suppress
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli.desk import console, open_desk, run_async

if TYPE_CHECKING:
    from workbench.agent import Agent
    from workbench.core.records import Session, Turn
    from workbench.core.settings import Settings


class StrategyOption(StrEnum):
    direct = "direct"
    chain = "chain"
    vote = "vote"


Strategy = Annotated[StrategyOption | None, typer.Option(help="How to think; settings decide when left out.")]
SessionName = Annotated[str | None, typer.Option(help="Continue this session, or begin one with this name.")]
ModelName = Annotated[str | None, typer.Option(help="A model's name; settings decide when left out.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the whole turn as JSON.")]
Stream = Annotated[
    bool | None, typer.Option(help="Print tokens as they come; by default on a terminal, whole answers elsewhere.")
]


def ask(
    question: Annotated[str, typer.Argument(help="The question; - reads it from standard input.")],
    strategy: Strategy = None,
    session: SessionName = None,
    model: ModelName = None,
    as_json: AsJson = False,
    stream: Stream = None,
) -> None:
    """Ask one question."""
    settings = open_desk()
    text = sys.stdin.buffer.read() if question == "-" else question
    shown = None if as_json else Shown(sys.stdout.isatty() if stream is None else stream)
    turn = run_async(_ask(settings, text, strategy=_name(strategy), session=session, model=model, shown=shown))
    if as_json:
        print(json.dumps(turn.to_dict(), ensure_ascii=False, indent=2))


def chat(strategy: Strategy = None, session: SessionName = None, model: ModelName = None) -> None:
    """Talk until an empty line; Ctrl-C stops an answer in mid-sentence, and nothing of it is kept."""
    run_async(_chat(open_desk(), strategy=_name(strategy), session=session, model=model))


def feedback(
    turn: Annotated[str, typer.Argument(help="The turn's id, or its first characters.")],
    up: Annotated[bool, typer.Option("--up", help="A good answer.")] = False,
    down: Annotated[bool, typer.Option("--down", help="A bad answer.")] = False,
    correct: Annotated[str | None, typer.Option(help="The answer it should have given.")] = None,
) -> None:
    """Keep a thumb or a correction with a turn."""
    from workbench.core.errors import QuestionError

    if up + down + (correct is not None) != 1:
        raise QuestionError('Give exactly one of: --up, --down, --correct "the right answer"')
    given = run_async(_give(open_desk(), turn, up=None if correct is not None else up, correction=correct))
    typer.echo(f"Kept with turn {given.turn_id[:8]}: {given.correction or given.kind}")


async def _give(settings: Settings, turn: str, **what: Any) -> Any:
    from workbench.agent import open_agent

    async with open_agent(settings) as agent:
        return await agent.give_feedback(turn, **what)


async def _ask(
    settings: Settings, question: str | bytes, *, session: str | None, shown: Shown | None, **how: Any
) -> Turn:
    from workbench.agent import open_agent

    async with open_agent(settings) as agent:
        continued = await agent.session(session) if session else None
        return await ask_and_show(agent, question, session=continued, shown=shown, **how)


async def ask_and_show(
    agent: Agent, question: str | bytes, *, session: Session | None, shown: Shown | None, **how: Any
) -> Turn:
    """Ask, print the answer, and say underneath how it was found; `shown` None prints nothing."""
    turn = await agent.ask(question, session=session, on_event=shown.on_event if shown else None, **how)
    if shown is not None:
        shown.finish(turn)
        console(stderr=True).print(_footer(turn), style="dim", markup=False)
    return turn


async def _chat(settings: Settings, *, session: str | None, **how: Any) -> None:
    from workbench.agent import open_agent
    from workbench.core.errors import WorkbenchError

    async with open_agent(settings) as agent:
        current = await agent.session(session)
        beside = asyncio.create_task(_beside(agent))
        typer.echo(f"Session '{current.name}'. An empty line, or Ctrl-C at the prompt, ends it.", err=True)
        waiting = Interruptible()
        while text := await waiting.on(_read_line()):
            asking = ask_and_show(agent, text, session=current, shown=Shown(sys.stdout.isatty()), **how)
            try:
                await waiting.on(asking, stopped="\nStopped; nothing of this answer was kept.")
            except WorkbenchError as error:
                typer.echo(error.sentence, err=True)
        beside.cancel()
        await asyncio.gather(beside, return_exceptions=True)


async def _beside(agent: Agent) -> None:
    """What a long-lived agent does between questions; long work is told once, since the prompt stands below."""
    told: set[str] = set()

    def tell(what: str, done: int, of: int) -> None:
        if what not in told and of:
            told.add(what)
            typer.echo(f"({what} {of:,} memories meanwhile; you can go on asking)", err=True)

    await agent.warm()
    await agent.memory.keep_up(tell)


class Interruptible:
    """Ctrl-C stops what is being waited for, not the whole command."""

    def __init__(self) -> None:
        self._task: asyncio.Task[Any] | None = None
        with suppress(NotImplementedError, RuntimeError):  # no signals here: Ctrl-C keeps its usual meaning
            asyncio.get_running_loop().add_signal_handler(signal.SIGINT, self._stop)

    async def on(self, work: Coroutine[Any, Any, Any], *, stopped: str | None = None) -> Any:
        """Await the work; a stop prints `stopped` and gives None, or without a sentence rises as CancelledError."""
        self._task = asyncio.ensure_future(work)
        try:
            return await self._task
        except asyncio.CancelledError:
            if stopped is None or not self._task.cancelled():
                raise
            typer.echo(stopped, err=True)
            return None

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()


async def _read_line() -> str:
    """A line of the person's; read in a thread that may be left behind, since nothing can interrupt `input`."""
    loop = asyncio.get_running_loop()
    line: asyncio.Future[str] = loop.create_future()

    def settle(text: str) -> None:
        if not line.done():
            line.set_result(text)

    def read() -> None:
        try:
            text = input("> ").strip()
        except EOFError:
            text = ""
        with suppress(RuntimeError):  # the command has ended meanwhile
            loop.call_soon_threadsafe(settle, text)

    threading.Thread(target=read, daemon=True).start()
    return await line


class Shown:
    """How an answer reaches standard output: token by token, or whole at the end, so that a pipe gets it alone."""

    def __init__(self, streams: bool) -> None:
        self._streams = streams
        self._started = False

    def on_event(self, event: Any) -> None:
        from workbench.reasoning.events import Retried, TokenArrived, ToolCalled

        if not self._streams:
            return
        if isinstance(event, TokenArrived) and event.part == "answer":
            text = event.text if self._started else event.text.lstrip()
            self._started = self._started or bool(text)
            print(text, end="", flush=True)
        elif isinstance(event, Retried | ToolCalled) and self._started:
            print(flush=True)  # what was said so far was not the answer yet
            self._started = False

    def finish(self, turn: Turn) -> None:
        print("" if self._started else turn.answer, flush=True)


def _footer(turn: Turn) -> str:
    parts = [_answerer(turn), turn.strategy]
    if turn.confidence is not None:
        parts.append(f"confidence {turn.confidence.value:.2f} ({turn.confidence.source})")
    if turn.cut_off:
        parts.append("cut off at reasoning.max_tokens")
    if turn.recalled:
        parts.append(f"{len(turn.recalled)} memories used")
    seconds = sum(timing.duration_ms for timing in turn.timings) / 1000
    return " · ".join([*parts, f"{seconds:.1f} s", f"turn {turn.id[:8]}"])


def _answerer(turn: Turn) -> str:
    """The model, and the adapter over it."""
    if turn.choice is None:
        return "?"
    return f"{turn.choice.model} with {turn.choice.adapter}" if turn.choice.adapter else turn.choice.model


def _name(strategy: StrategyOption | None) -> str | None:
    return strategy.value if strategy else None
