"""`workbench tour`: real turns on a real model, each explained as it happens, in a memory of its own.

    1 ask   2 think in steps   3 tell it something   4 a fresh start: does it still know?   5 vote   6 correct it

The tour's memory lies in HOME/tour and is emptied first, so that a person's own memory is neither shown nor touched.
`touring_learning` is its end, 7: learning from use.
"""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING, Any

from workbench.core.checkers import check

if TYPE_CHECKING:
    from rich.console import Console

    from workbench.core.records import Turn
    from workbench.core.settings import Settings

SUM, TOTAL = "What is 17 + 25?", "42"
PORT, NUMBER = "Which port does the billing service use?", "7431"
FACT = "My dog is called Rufus."
RECALL = "What is my dog called?"
VOTE = "What is the capital of Italy?"
BAR_CELLS = 40


async def take_tour(out: Console, settings: Settings, *, model: str | None) -> None:
    """Walk a newcomer through asking, thinking, remembering, recalling, voting and correcting."""
    from workbench.agent import open_agent

    home = settings.home / "tour"
    await asyncio.to_thread(shutil.rmtree, home, ignore_errors=True)
    memory = settings.memory.model_copy(update={"database_url": None})  # the tour's own, never the person's
    changes = {"home": home, "model": _model_settings(settings, model), "memory": memory}
    settings = settings.model_copy(update=changes)
    async with open_agent(settings) as agent:
        heading(out, 1, "Ask at once", "one prompt, one reply")
        _judge(out, await _show(out, agent, SUM, "direct"))
        heading(out, 2, "Think in steps", "analyse, plan, use a tool, put together")
        _judge(out, await _show(out, agent, SUM, "chain"))
        heading(out, 3, "Tell it something", "what you state is remembered; what it answers is not")
        told = await _show(out, agent, FACT, "direct")
        out.print(f"  kept in long-term memory: {len(told.memory_ids)} statement", style="green")
    async with open_agent(settings) as agent:
        heading(out, 4, "A fresh start", "everything was closed and opened again; a new session asks")
        with out.status("opening the vector index (Chroma)"):
            await agent.warm()
        out.print(f"  the index that answers: {agent.memory.index_name}")
        await _show(out, agent, RECALL, "direct")
        heading(out, 5, "Vote", "sample several chains of thought until the lead is safe")
        await _show(out, agent, VOTE, "vote")
        heading(out, 6, "Correct it", "what you correct is a memory at once; the model stays what it is")
        await _correct(out, agent)


async def _correct(out: Console, agent: Any) -> None:
    """Ask what no model can know, correct it, ask again."""
    turn = await _show(out, agent, PORT, "direct")
    await agent.give_feedback(turn.id, correction=NUMBER)
    out.print(f"  [bold]you[/]    (correcting) {NUMBER}")
    again = await _show(out, agent, PORT, "direct")
    if check("contains", again.answer or "", NUMBER):
        out.print(f"  right: {NUMBER}, for memory told it", style="green")
    else:
        out.print(f"  memory told it {NUMBER}, and this model made nothing of it", style="yellow")


async def _show(out: Console, agent: Any, question: str, strategy: Any) -> Turn:
    from rich.markup import escape

    out.print(f"  [bold]you[/]    {escape(question)}")
    turn: Turn = await agent.ask(question, strategy=strategy, on_event=_Narrator(out))
    out.print(f"  [bold cyan]agent[/]  {escape(shortened(turn.answer or ''))}")
    if turn.confidence is not None:
        out.print(
            f"         confidence {turn.confidence.value:.2f}, {turn.confidence.source}: {turn.confidence.detail}",
            style="dim",
        )
    _print_timeline(out, turn)
    return turn


def _judge(out: Console, turn: Turn) -> None:
    """Say whether the sum is right: a model this small often errs without its tools, and the tour does not hide it."""
    if check("number", turn.answer or "", TOTAL):
        out.print(f"  right: {TOTAL}", style="green")
    else:
        out.print(f"  wrong: it is {TOTAL}; a model of this size cannot add reliably by itself", style="yellow")


class _Narrator:
    """Prints what happens in a turn, an event a line."""

    def __init__(self, out: Console) -> None:
        self._out = out

    def __call__(self, event: Any) -> None:
        from rich.markup import escape

        from workbench.reasoning.events import StepFinished, ThoughtFinished, ToolAnswered, VoteCast

        if isinstance(event, StepFinished) and event.step == "choose":
            self._line("model", escape(f"{event.turn.choice.model}: {event.turn.choice.reasons[-1]}"))
        elif isinstance(event, StepFinished) and event.step == "recall":
            for memory in event.turn.recalled:
                self._line("recall", escape(f"“{memory.text}” ({memory.why})"))
        elif isinstance(event, ThoughtFinished) and not event.thought.name.startswith("vote"):
            self._line(event.thought.name, escape(shortened(event.thought.text)))
        elif isinstance(event, ToolAnswered):
            said = event.use.output if event.use.output is not None else event.use.error
            self._line("tool", escape(f"{event.use.call.name} {list(event.use.call.arguments.values())} → {said}"))
        elif isinstance(event, VoteCast):
            self._line(
                f"vote {event.votes}", escape(f"{shortened(event.answer)}  (lead is safe with p = {event.lead:.2f})")
            )

    def _line(self, label: str, text: str) -> None:
        self._out.print(f"         [magenta]{label}[/] {text}", style="dim")


def _print_timeline(out: Console, turn: Turn) -> None:
    """The turn as bars: where its time went."""
    total = max(timing.start_ms + timing.duration_ms for timing in turn.timings)
    for timing in turn.timings:
        if timing.duration_ms < total / 100:
            continue
        start = round(BAR_CELLS * timing.start_ms / total)
        length = max(1, round(BAR_CELLS * timing.duration_ms / total))
        out.print(
            f"         {timing.step:9}{' ' * start}[blue]{'━' * length}[/] {timing.duration_ms:.0f} ms", style="dim"
        )


def heading(out: Console, number: int, title: str, subtitle: str) -> None:
    """The head of a part."""
    out.print(f"\n[bold]{number}  {title}[/]  [dim]{subtitle}[/]")


def say_next(out: Console) -> None:
    """What to type after the tour."""
    out.print()
    out.rule("[bold]Where to go next")
    out.print("  make lab                      notebooks, beginning with 00_start_here")
    out.print("  make dashboards               chat in the browser, with a live view of memory")
    out.print('  workbench ask "…"             one question; --strategy direct, chain or vote')
    out.print("  workbench feedback, learn     correct its answers; learn from them once there are some dozens")
    out.print("  workbench doctor              what is installed, and what to do about what is not")
    out.print("  With Ollama running, larger models answer: workbench models says which and why.", style="dim")


def shortened(text: str, limit: int = 160) -> str:
    """On one line, at most so many characters."""
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def _model_settings(settings: Settings, model: str | None) -> Any:
    """The embedded model unless another is named: the tour shows what everybody has."""
    changes = {"backend": "embedded", "name": None} if model is None else {"backend": "auto", "name": model}
    return settings.model.model_copy(update=changes)
