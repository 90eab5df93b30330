"""Commands that show: models, config, doctor, tour; and how every command shows a table or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.desk import console, open_desk, run_async
from workbench.core.errors import QuestionError

if TYPE_CHECKING:
    from rich.table import Table

    from workbench.core.settings import Settings
    from workbench.models.backends import Found

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
TOUR_STOPPED = "Stopped; your own memory was not touched."
STATES = {"ok": "ok", "note": "–", "bad": "no"}


def config(as_json: AsJson = False) -> None:
    """Show every setting: value, unit, where it comes from."""
    from workbench.core.settings import describe

    rows = describe(open_desk())
    if as_json:
        print_json([{"key": r.key, "value": r.value, "unit": r.unit, "origin": str(r.origin)} for r in rows])
        return
    shown = [(r.key, "–" if r.value is None else r.value, r.unit or "", r.origin, r.meaning) for r in rows]
    console().print(table(("setting", "value", "unit", "origin", "meaning"), shown))


def when(seconds: float) -> str:
    """A time as tables show it, in the person's own time zone."""
    from datetime import datetime

    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M")


def models(
    complexity: Annotated[float, typer.Option(min=0.0, max=1.0, help="Of the question to choose for.")] = 0.3,
) -> None:
    """Show the models, what each needs, and which one would answer now, with the reasons."""
    run_async(_models(open_desk(), complexity))


def doctor() -> None:
    """Check what is installed and say what to do about what is not."""
    from workbench.cli.checkup import examine

    findings = run_async(examine(open_desk()))
    rows = [(STATES[one.state], one.check, one.finding, one.remedy) for one in findings]
    console().print(table(("", "check", "finding", "what to do"), rows))
    if any(one.state == "bad" for one in findings):
        raise typer.Exit(1)


def tour(
    model: Annotated[str | None, typer.Option(help="Ask another model than the embedded one.")] = None,
    skip_learning: Annotated[bool, typer.Option("--skip-learning", help="End before the learning cycle.")] = False,
    only_learning: Annotated[bool, typer.Option("--only-learning", help="Show the learning cycle alone.")] = False,
) -> None:
    """Ask, remember, recall, correct, learn: real turns and a real learning cycle on the embedded model, explained."""
    if skip_learning and only_learning:
        raise QuestionError("Nothing is left of the tour; give --skip-learning or --only-learning, not both")
    run_async(_tour(open_desk(), model, asking=not only_learning, learning=not skip_learning), TOUR_STOPPED)


async def _tour(settings: Settings, model: str | None, *, asking: bool, learning: bool) -> None:
    from workbench.cli.touring import say_next, take_tour
    from workbench.cli.touring_learning import take_lesson

    out = console()
    out.rule("[bold]A tour of the workbench")
    if asking:
        await take_tour(out, settings, model=model)
    if learning:
        await take_lesson(out, settings)
    say_next(out)


async def _models(settings: Settings, complexity: float) -> None:
    from workbench.agent import open_agent

    async with open_agent(settings) as agent:
        found = await agent.backends.find()
        choice = await agent.backends.choose(complexity)
    rows = _catalog_rows(settings.model.context_tokens, found)
    console().print(table(("model", "engine", f"needs at {settings.model.context_tokens} tokens", "here"), rows))
    out = console()
    out.print(f"For complexity {complexity:g}, {choice.model} answers ({choice.backend}):", markup=False)
    for reason in choice.reasons:
        out.print(f"  because {reason}", markup=False)
    for refusal in choice.refused:
        out.print(f"  not {refusal.model}: {refusal.reason}", style="dim", markup=False)


def _catalog_rows(tokens: int, found: Found) -> list[tuple[str, ...]]:
    from workbench.hardware.planner import show_gib
    from workbench.models.catalog import CATALOG, canonical_name, planned_bytes

    installed = {canonical_name(one.name) for one in found.usable}
    rows = []
    for card in CATALOG:
        need = planned_bytes(card.name, min(tokens, card.architecture.context_tokens))
        here = card.backend == "embedded" or canonical_name(card.name) in installed
        rows.append((card.name, card.backend, show_gib(need), "yes" if here else f"ollama pull {card.name}"))
    others = installed - {canonical_name(card.name) for card in CATALOG}
    return [*rows, *((name, "ollama", "see its own file", "yes") for name in sorted(others))]


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A plain table; every cell is text as it is, so that a name in brackets is not read as a style."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
    for column in table.columns:
        column.overflow = "fold"
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    return table


def print_json(value: object) -> None:
    """JSON on standard output, for a program to read."""
    print(json.dumps(value, ensure_ascii=False, indent=2))
