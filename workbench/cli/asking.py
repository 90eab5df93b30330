"""Commands that speak with the agent: ask, chat, feedback.

Only the answer goes to standard output, token by token; what was done to find it goes to standard error, so that
`workbench ask "…" > answer.txt` holds the answer alone.
"""

from __future__ import annotations

import json
import sys
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


def ask(
    question: Annotated[str, typer.Argument(help="The question; - reads it from standard input.")],
    strategy: Strategy = None,
    session: SessionName = None,
    model: ModelName = None,
    as_json: AsJson = False,
) -> None:
    """Ask one question."""
    settings = open_desk()
    text = sys.stdin.buffer.read() if question == "-" else question
    turn = run_async(_ask(settings, text, strategy=_name(strategy), session=session, model=model, quiet=as_json))
    if as_json:
        print(json.dumps(turn.to_dict(), ensure_ascii=False, indent=2))


def chat(strategy: Strategy = None, session: SessionName = None, model: ModelName = None) -> None:
    """Talk until an empty line; Ctrl-C stops an answer in mid-sentence and keeps nothing of it."""
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
    settings: Settings,
    question: str | bytes,
    *,
    strategy: Any,
    session: str | None,
    model: str | None,
    quiet: bool,
) -> Turn:
    from workbench.agent import open_agent

    async with open_agent(settings) as agent:
        continued = await agent.session(session) if session else None
        return await ask_and_show(agent, question, session=continued, strategy=strategy, model=model, quiet=quiet)


async def ask_and_show(
    agent: Agent,
    question: str | bytes,
    *,
    session: Session | None,
    strategy: Any,
    model: str | None,
    quiet: bool = False,
) -> Turn:
    """Ask, print the answer as it comes, and say underneath how it was found."""
    stream = _AnswerStream()
    turn = await agent.ask(
        question, session=session, strategy=strategy, model=model, on_event=None if quiet else stream.on_event
    )
    if not quiet:
        stream.finish(turn)
        console(stderr=True).print(_footer(turn), style="dim")
    return turn


async def _chat(settings: Settings, *, strategy: Any, session: str | None, model: str | None) -> None:
    import asyncio

    from workbench.agent import open_agent
    from workbench.core.errors import WorkbenchError

    async with open_agent(settings) as agent:
        current = await agent.session(session)
        warming = asyncio.create_task(agent.warm())
        typer.echo(f"Session '{current.name}'. An empty line ends it.", err=True)
        while text := await asyncio.to_thread(_read_line):
            try:
                await ask_and_show(agent, text, session=current, strategy=strategy, model=model)
            except WorkbenchError as error:
                typer.echo(error.sentence, err=True)
        await warming


def _read_line() -> str:
    try:
        return input("> ").strip()
    except EOFError:
        return ""


class _AnswerStream:
    """Prints the answer's tokens; a dropped connection starts the answer on a new line."""

    def __init__(self) -> None:
        self._started = False

    def on_event(self, event: Any) -> None:
        from workbench.reasoning.events import Retried, TokenArrived

        if isinstance(event, TokenArrived) and event.part == "answer":
            text = event.text if self._started else event.text.lstrip()
            self._started = self._started or bool(text)
            print(text, end="", flush=True)
        elif isinstance(event, Retried) and self._started:
            print(flush=True)
            typer.echo(f"{event.reason} Starting again.", err=True)
            self._started = False

    def finish(self, turn: Turn) -> None:
        print("" if self._started else turn.answer, flush=True)


def _footer(turn: Turn) -> str:
    parts = [turn.choice.model if turn.choice else "?", turn.strategy]
    if turn.confidence is not None:
        parts.append(f"confidence {turn.confidence.value:.2f} ({turn.confidence.source})")
    if turn.recalled:
        parts.append(f"{len(turn.recalled)} memories used")
    seconds = sum(timing.duration_ms for timing in turn.timings) / 1000
    return " · ".join([*parts, f"{seconds:.1f} s", f"turn {turn.id[:8]}"])


def _name(strategy: StrategyOption | None) -> str | None:
    return strategy.value if strategy else None
