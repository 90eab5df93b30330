"""Commands that show: sessions, models, config, doctor, tour."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.desk import console, open_desk, run_async

if TYPE_CHECKING:
    from rich.table import Table

    from workbench.core.records import Session, Turn
    from workbench.core.settings import Settings
    from workbench.models.backends import Found

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
STATES = {"ok": "ok", "note": "–", "bad": "no"}


def config(as_json: AsJson = False) -> None:
    """Show every setting: value, unit, where it comes from."""
    from workbench.core.settings import describe

    rows = describe(open_desk())
    if as_json:
        _print_json([{"key": r.key, "value": r.value, "unit": r.unit, "origin": str(r.origin)} for r in rows])
        return
    shown = [(r.key, "–" if r.value is None else r.value, r.unit or "", r.origin, r.meaning) for r in rows]
    console().print(_table(("setting", "value", "unit", "origin", "meaning"), shown))


def sessions(
    session: Annotated[str | None, typer.Argument(help="A session's name or id: list its turns.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the conversations, the latest first, or the turns of one."""
    from workbench.agent import open_memory

    memory = open_memory(open_desk())
    try:
        if session is None:
            _show_sessions(memory.sessions.list(), as_json)
        else:
            _show_turns(memory.sessions.turns(memory.sessions.get(session).id), as_json)
    finally:
        memory.close()


def _show_sessions(found: Sequence[Session], as_json: bool) -> None:
    if as_json:
        _print_json([{"id": one.id, "name": one.name, "turns": one.turn_count} for one in found])
    elif found:
        rows = [(one.name, _when(one.created_at), one.turn_count, one.id[:8]) for one in found]
        console().print(_table(("session", "begun", "turns", "id"), rows))
    else:
        console().print('No sessions yet; begin one with: workbench ask "…"')


def _show_turns(found: Sequence[Turn], as_json: bool) -> None:
    if as_json:
        _print_json([turn.to_dict() for turn in found])
    else:
        rows = [(turn.id[:8], _when(turn.asked_at), turn.question, turn.answer) for turn in found]
        console().print(_table(("turn", "asked", "question", "answer"), rows))


def _when(seconds: float) -> str:
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
    console().print(_table(("", "check", "finding", "what to do"), rows))
    if any(one.state == "bad" for one in findings):
        raise typer.Exit(1)


def tour(
    model: Annotated[str | None, typer.Option(help="Tour another model than the embedded one.")] = None,
) -> None:
    """Ask, remember, recall: a few real turns on the embedded model, explained."""
    from workbench.cli.touring import take_tour

    run_async(take_tour(open_desk(), model=model))


async def _models(settings: Settings, complexity: float) -> None:
    from workbench.agent import open_agent

    async with open_agent(settings) as agent:
        found = await agent.backends.find()
        choice = await agent.backends.choose(complexity)
    rows = _catalog_rows(settings.model.context_tokens, found)
    console().print(_table(("model", "engine", f"needs at {settings.model.context_tokens} tokens", "here"), rows))
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


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
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


def _print_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))
