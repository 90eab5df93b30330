"""Commands that show: sessions, models, config, doctor, tour."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.desk import console, open_desk, run_async

if TYPE_CHECKING:
    from rich.table import Table

    from workbench.core.records import Choice
    from workbench.core.settings import Settings
    from workbench.models.backends import Found

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def config(as_json: AsJson = False) -> None:
    """Show every setting: value, unit, where it comes from."""
    from workbench.core.settings import describe

    rows = describe(open_desk())
    if as_json:
        print(
            json.dumps(
                [{"key": r.key, "value": r.value, "unit": r.unit, "origin": str(r.origin)} for r in rows], indent=2
            )
        )
        return
    table = _table("setting", "value", "unit", "origin", "meaning")
    for row in rows:
        table.add_row(
            row.key, "–" if row.value is None else str(row.value), row.unit or "", str(row.origin), row.meaning
        )
    console().print(table)


def sessions(as_json: AsJson = False) -> None:
    """List the conversations, the latest first."""
    from datetime import datetime

    from workbench.agent import open_memory

    memory = open_memory(open_desk())
    try:
        found = memory.sessions.list()
    finally:
        memory.close()
    if as_json:
        print(json.dumps([{"id": s.id, "name": s.name, "turns": s.turn_count} for s in found], indent=2))
        return
    table = _table("session", "begun", "turns", "id")
    for one in found:
        begun = datetime.fromtimestamp(one.created_at).strftime("%Y-%m-%d %H:%M")
        table.add_row(one.name, begun, str(one.turn_count), one.id[:8])
    console().print(table if found else 'No sessions yet; begin one with: workbench ask "…"')


def models(
    complexity: Annotated[float, typer.Option(min=0.0, max=1.0, help="Of the question to choose for.")] = 0.3,
) -> None:
    """Show the models, what each needs, and which one would answer now, with the reasons."""
    run_async(_models(open_desk(), complexity))


def doctor() -> None:
    """Check what is installed and say what to do about what is not."""
    from workbench.cli.checkup import examine

    findings = run_async(examine(open_desk()))
    from rich.markup import escape

    table = _table("", "check", "finding", "what to do")
    for one in findings:
        table.add_row(
            {"ok": "[green]ok[/]", "note": "[yellow]–[/]", "bad": "[red]no[/]"}[one.state],
            one.check,
            escape(one.finding),
            escape(one.remedy),
        )
    console().print(table)
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
    console().print(_catalog_table(settings, found))
    console().print(f"For complexity {complexity:g}, [bold]{choice.model}[/] answers ({choice.backend}):")
    _print_reasons(choice)


def _print_reasons(choice: Choice) -> None:
    for reason in choice.reasons:
        console().print(f"  because {reason}")
    for refusal in choice.refused:
        console().print(f"  not {refusal.model}: {refusal.reason}", style="dim")


def _catalog_table(settings: Settings, found: Found) -> Table:
    from workbench.hardware.planner import plan, show_gib
    from workbench.models.catalog import CATALOG, canonical_name

    tokens = settings.model.context_tokens
    installed = {canonical_name(one.name) for one in found.usable}
    table = _table("model", "engine", f"needs at {tokens} tokens", "here")
    for card in CATALOG:
        need = plan(card.architecture, min(tokens, card.architecture.context_tokens)).total
        here = card.backend == "embedded" or canonical_name(card.name) in installed
        table.add_row(card.name, card.backend, show_gib(need), "yes" if here else f"ollama pull {card.name}")
    for name in sorted(installed - {canonical_name(card.name) for card in CATALOG}):
        table.add_row(name, "ollama", "see its own file", "yes")
    return table


def _table(*columns: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
