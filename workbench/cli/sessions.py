"""Conversations on the command line: list, show, rename, keep from learning, export, import, forget.

    workbench sessions                    all of them, the latest first
    workbench sessions SESSION            the turns of one; `sessions show export` where a name is a command's too
    workbench sessions rename OLD NEW
    workbench sessions learning SESSION --off | --on
    workbench sessions export [SESSION] [--format json|markdown] [--out FILE]
    workbench sessions import FILE
    workbench sessions forget SESSION [--yes] [--keep-memories]
    workbench sessions forget-turn TURN [--yes]

What they print for people goes through rich, as text; what a program reads (`--json`, an export) is the only thing on
standard output. No rule of memory lives here.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from workbench.cli.desk import ask_first, console, open_desk
from workbench.cli.memory_desk import forgetting, opened, tell_unlearned
from workbench.cli.showing import AsJson, print_json, table, when

if TYPE_CHECKING:
    from workbench.core.records import Session, Turn
    from workbench.cycles import Unlearned
    from workbench.memory import Memory
    from workbench.memory.exchange.importing import Imported

SHOW = "show"


class NamedOrCommand(TyperGroup):
    """A first word that is no command is a session: `sessions holiday` is `sessions show holiday`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        return super().resolve_command(ctx, args if args[0] in self.commands else [SHOW, *args])


class Format(StrEnum):
    json = "json"
    markdown = "markdown"


app = typer.Typer(
    cls=NamedOrCommand,
    help="List the conversations, show the turns of one, rename, keep from learning, export, import or forget them.",
    invoke_without_command=True,
    subcommand_metavar="[SESSION | COMMAND [ARGS]...]",
    context_settings={"help_option_names": ["-h", "--help"]},
)
Name = Annotated[str, typer.Argument(metavar="SESSION", help="A session's name or id, or the beginning of it.")]


@app.callback()
def sessions(context: typer.Context, as_json: AsJson = False) -> None:
    """List the conversations, the latest first, or the turns of one."""
    context.obj = as_json
    if context.invoked_subcommand is None:
        with _memory() as memory:
            _list(memory.sessions.list(), as_json)


@app.command()
def show(context: typer.Context, session: Name, as_json: AsJson = False) -> None:
    """List the turns of a conversation; the word `show` may be left out."""
    with _memory() as memory:
        _list_turns(memory.sessions.turns(memory.sessions.get(session).id), as_json or context.obj)


@app.command()
def rename(session: Name, name: Annotated[str, typer.Argument(metavar="NEW", help="Its new name.")]) -> None:
    """Give a conversation another name."""
    with _memory() as memory:
        renamed = memory.sessions.rename(session, name)
    console().print(f"Session {renamed.id[:8]} is called {renamed.name!r} now", markup=False)


@app.command()
def learning(
    session: Name, on: Annotated[bool, typer.Option("--on/--off", help="Whether its turns may become examples.")]
) -> None:
    """Keep a conversation from being learned from, or let it be again."""
    with _memory() as memory:
        found = memory.sessions.set_learning(session, on)
    may = "may be learned from" if on else "is not learned from any more; an adapter trained before stays as it is"
    console().print(f"Session {found.name!r} {may}", markup=False)


@app.command()
def export(
    session: Annotated[str | None, typer.Argument(help="Only this session, and what was stated in it.")] = None,
    form: Annotated[
        Format, typer.Option("--format", help="json can be imported; markdown is for reading.")
    ] = Format.json,
    out: Annotated[
        Path | None, typer.Option(help="A new file, readable by you alone; left out, it is printed.")
    ] = None,
) -> None:
    """Write conversations, feedback and memories to a file or to standard output, in plain text."""
    from workbench.memory.exchange.exporting import exported, save_export

    with _memory() as memory:
        database = memory.database
        only = None if session is None else memory.sessions.get(session).id
        if out is None:
            sys.stdout.writelines(exported(database, session_id=only, form=form.value))
        else:
            held = save_export(database, out, session_id=only, form=form.value)
            said = ", ".join((many(held.sessions, "session"), many(held.turns, "turn"), many(held.memories, "memory")))
            console().print(f"Exported {said} to {out}, which only you can read", markup=False)
        if database.vault.seals:
            console(stderr=True).print("The export is not encrypted, though the memory is: keep it where it is safe.")


@app.command("import")
def import_(file: Annotated[Path, typer.Argument(help="A file written by `sessions export`.")]) -> None:
    """Take in an export; what is here already stays as it is."""
    from workbench.memory.exchange.importing import import_file

    with _memory() as memory, _progress(file) as on_progress:
        done = import_file(memory.database, file, memory.embedder, on_progress=on_progress)
    _tell_imported(done)


@app.command()
def forget(
    session: Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    keep_memories: Annotated[bool, typer.Option("--keep-memories", help="Keep what was stated in it.")] = False,
) -> None:
    """Remove a conversation for good, with what was stated in it, every copy of that, and the examples made of it."""
    settings = open_desk()
    with opened(settings) as memory:
        found = memory.sessions.get(session)
        ask_first(f"Forget session {found.name!r} ({many(found.turn_count, 'turn')}) for good?", yes=yes)
        done = forgetting(settings, memory).session(found.id, keep_memories=keep_memories)
    _tell_forgotten(done)


@app.command("forget-turn")
def forget_turn(
    turn: Annotated[str, typer.Argument(help="The turn's id, or its first characters.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove one turn for good, with what was stated in it, and the examples made of it."""
    settings = open_desk()
    with opened(settings) as memory:
        found = memory.sessions.turn(turn)
        ask_first(f"Forget turn {found.id[:8]} ({found.question[:60]!r}) for good?", yes=yes)
        done = forgetting(settings, memory).turn(found.id)
    _tell_forgotten(done)


def _tell_forgotten(done: Unlearned) -> None:
    gone = done.forgotten
    line = f"Forgotten: {many(gone.turns, 'turn')}, {gone.feedback} feedback, {many(gone.memories, 'memory')}"
    others = f"; copies were taken out of {many(gone.redacted, 'turn')} of other sessions" if gone.redacted else ""
    console().print(line + others, markup=False)
    tell_unlearned(done)


def _list(found: Sequence[Session], as_json: bool) -> None:
    if as_json:
        print_json([{"id": one.id, "name": one.name, "turns": one.turn_count, "learns": one.learns} for one in found])
    elif found:
        rows = [(one.name, when(one.created_at), one.turn_count, _learns(one), one.id[:8]) for one in found]
        console().print(table(("session", "begun", "turns", "learning", "id"), rows))
    else:
        console().print('No sessions yet; begin one with: workbench ask "…"')


def _learns(one: Session) -> str:
    return "on" if one.learns else "off"


def _list_turns(found: Sequence[Turn], as_json: bool) -> None:
    if as_json:
        print_json([turn.to_dict() for turn in found])
    else:
        rows = [(turn.id[:8], when(turn.asked_at), turn.question, turn.answer) for turn in found]
        console().print(table(("turn", "asked", "question", "answer"), rows))


def many(count: int, what: str) -> str:
    """`1 memory`, `2 memories`."""
    plural = f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
    return f"{count:,} {what if count == 1 else plural}"


def _tell_imported(done: Imported) -> None:
    out = console()
    counted = (many(done.sessions, "session"), many(done.turns, "turn"), many(done.memories, "memory"))
    known = f"; {many(done.known, 'record')} in the file were here already" if done.known else ""
    out.print(f"Imported {', '.join(counted)}, {done.feedback} feedback{known}", markup=False)
    for old, new in done.renamed:
        out.print(f"A session named {old!r} was here already; the imported one is called {new!r}", markup=False)


@contextmanager
def _memory() -> Iterator[Memory]:
    from workbench.agent import open_memory

    memory = open_memory(open_desk())
    try:
        yield memory
    finally:
        memory.close()


@contextmanager
def _progress(file: Path) -> Iterator[Any]:
    """A bar over the bytes of the file, on a terminal only."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    total = file.stat().st_size if file.is_file() else None
    screen = console(stderr=True)
    columns = (TextColumn("importing"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeRemainingColumn())
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task("importing", total=total)
        yield lambda done: bar.update(task, completed=done)
