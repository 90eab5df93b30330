"""The tour's end: a made-up person corrects answers, the agent learns from that, and it is taken back.

    questions, asked for real ─► right: thumb up ┊ wrong: correction ─► learn ─► gate ─► deployed? ─► rollback

The cycle counts apart what memory brought and what the adapter brought. All of it lies in HOME/tour/learning, which is
removed before and after; a person's own memory and shelf are neither read nor touched. Only the base's weights, turned
from GGUF once, stay in HOME/bases for later. It decides nothing: the gate may refuse.

>>> await take_lesson(console(), settings)                                # doctest: +SKIP
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.cli.desk import bar
from workbench.cli.touring import heading, shortened
from workbench.core.errors import TrainingError
from workbench.core.schema import EMBEDDED_MODEL

if TYPE_CHECKING:
    from rich.console import Console

    from workbench.agent import Agent
    from workbench.core.examples import Example
    from workbench.core.settings import Settings
    from workbench.cycles import Cycle

SKILL, WISH = "price", "12.30 USD"
SEED = 3
ANSWER_TOKENS = 24  # an amount takes ten
USES = {"train": "to train on", "tune": "to search by", "confirm": "to choose by", "fresh": "to judge by"}


@dataclass(frozen=True, slots=True)
class Size:
    """How much is asked and trained; as it is, three to four minutes on two cores.

    Args:
        rated: questions that are rated or corrected.
        unseen: questions that are asked before and after, and never corrected.
        steps, batch: of the specialist's training.
        candidates, evaluations: of the search.
    """

    rated: int = 84
    unseen: int = 3
    steps: int = 16
    batch: int = 8
    candidates: int = 4
    evaluations: int = 100


async def take_lesson(out: Console, settings: Settings, size: Size | None = None) -> None:
    """Let a made-up person correct the embedded model, and the agent learn from it, or say why it did not.

    Raises:
        WorkbenchError: of any kind but one that says that this machine cannot train.
    """
    from workbench.agent import open_agent

    size, began = size or Size(), time.monotonic()
    heading(out, 7, "Learn from use", f"a made-up person wants amounts as {WISH}, and corrects what is not")
    with _own_home(settings) as home:
        try:
            async with open_agent(_settings(settings, home, size)) as agent:
                await _lesson(out, agent, size)
        except TrainingError as error:
            out.print(f"  {error.sentence}", style="yellow", markup=False)
            out.print("  Then see the rest: workbench tour --only-learning")
    minutes = (time.monotonic() - began) / 60
    out.print(f"  {minutes:.1f} minutes, in a folder of its own, which is gone again", style="dim")


async def _lesson(out: Console, agent: Agent, size: Size) -> None:
    """The order of this part, top to bottom."""
    from workbench.corpus.skills import generate

    with out.status("turning the embedded model's weights into trainable ones, once"):
        await asyncio.to_thread(lambda: agent.learning.base)  # a machine that cannot train says so before it asks
    plain = _without_recall(agent)
    asked = generate(SKILL, size.rated, seed=SEED)
    unseen = generate(SKILL, size.unseen, seed=SEED + 1, without={one.id for one in asked})
    before = await _ask_all(plain, unseen)
    await _use(out, plain, asked)
    cycle = await _learn(out, agent)
    if cycle.ending is None or not cycle.ending.deployed:
        out.print("  Nothing was deployed: the plain base answers, as before.")
        return
    after = await _ask_all(plain, unseen)
    agent.learning.rollback("the tour's end")
    again = await _ask_all(plain, unseen)
    for one, *answers in zip(unseen, before, after, strict=True):
        _show(out, one, answers)
    same = (
        "the answers are the old ones again, letter for letter" if again == before else "the answers differ from before"
    )
    out.print(f"  workbench rollback: {same}")


async def _use(out: Console, agent: Agent, asked: Sequence[Example]) -> None:
    """Every question is asked, in a session of its own; right gets a thumb up, wrong its correction."""
    right = 0
    with bar("using it") as step:
        for done, one in enumerate(asked, start=1):
            turn = await agent.ask(one.prompt, strategy="direct")
            good = one.is_answered_by(turn.answer or "")
            right += good
            said: dict[str, Any] = {"up": True} if good else {"correction": one.answer}
            await agent.give_feedback(turn.id, **said)
            step(done, len(asked))
    out.print(f"  {len(asked)} questions asked: {right} answers right, {len(asked) - right} corrected")
    out.print("  memory recalls each from the next question on; the weights are taught now", style="dim")


async def _learn(out: Console, agent: Agent) -> Cycle:
    """One cycle, with a progress bar; what came of it in the gate's words."""
    with bar("learning") as step:
        cycle = await agent.learn(on_progress=lambda what, done, of: step(done, of, what))
    parts = ", ".join(f"{cycle.counts[part]} {use}" for part, use in USES.items())
    out.print(f"  dealt out by a hash of each question: {parts}")
    for line in cycle.ending.sentences if cycle.ending else ():
        out.print(f"  {line}", markup=False, style="dim")
    promoted = cycle.ending is not None and cycle.ending.deployed
    out.print(f"  {cycle.sentence}", style="green" if promoted else "yellow", markup=False)
    if cycle.brought is not None:
        out.print(f"  {cycle.brought.sentence}")
    return cycle


async def _ask_all(agent: Agent, examples: Sequence[Example]) -> list[str]:
    """The answers, each question in a session of its own."""
    return [(await agent.ask(one.prompt, strategy="direct")).answer or "" for one in examples]


def _show(out: Console, one: Example, answers: Sequence[str]) -> None:
    """An unseen question, with its answer before and after."""
    from rich.markup import escape

    out.print(f"  [bold]you[/]     {escape(one.prompt)}")
    for when, answer in zip(("before", "after"), answers, strict=True):
        mark = "[green]right[/]" if one.is_answered_by(answer) else f"[yellow]wrong: {escape(one.answer)}[/]"
        out.print(f"  [bold cyan]{when:6}[/]  {escape(shortened(answer))}  {mark}")


def _without_recall(agent: Agent) -> Agent:
    """The same agent, that recalls nothing: what it then knows, its weights know."""
    from workbench.agent import Agent

    memory = agent.settings.memory.model_copy(update={"recall_k": 0})
    settings = agent.settings.model_copy(update={"memory": memory})
    return Agent(settings, agent.memory, agent.backends, agent.learning)


@contextmanager
def _own_home(settings: Settings) -> Iterator[Path]:
    """An empty folder that is gone afterwards, whatever happens inside."""
    home = settings.home / "tour" / "learning"
    shutil.rmtree(home, ignore_errors=True)
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _settings(settings: Settings, home: Path, size: Size) -> Settings:
    """Small enough for a tour."""
    dials = settings.training
    changes = {
        "home": home,
        "model": settings.model.model_copy(update={"backend": "embedded", "name": None}),
        "memory": settings.memory.model_copy(update={"database_url": None}),
        "reasoning": settings.reasoning.model_copy(update={"max_tokens": ANSWER_TOKENS}),
        "training": dials.model_copy(
            update={
                "base": EMBEDDED_MODEL,
                "bases_folder": dials.bases_folder or settings.home / "bases",
                "steps": size.steps,
                "batch": size.batch,
            }
        ),
        "evolution": settings.evolution.model_copy(update={"size": size.candidates, "teach_steps": 0}),
        "learn": settings.learn.model_copy(
            update={"least_new": 3, "least_fresh": 2, "least_fresh_again": 2, "evaluations": size.evaluations}
        ),
    }
    return settings.model_copy(update=changes)
