"""Memory on the command line: look at it, correct it, tidy it up.

    workbench memory list [--kind --tier --state --session --pinned --limit]
    workbench memory search QUESTION [-k N] [--tokens N]      what recall would choose, and why; not counted as a recall
    workbench memory show | pin | unpin | restore ID          an id, or the beginning of one
    workbench memory edit ID TEXT
    workbench memory forget ID… [--yes]
    workbench memory consolidate [--dry-run]
    workbench memory export [--format json|markdown] [--out FILE]
    workbench memory check | rebuild | encrypt | decrypt | rotate-key | new-key       `memory_upkeep.py`

With `--json` standard output is one JSON document. No rule of memory lives here.
"""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli import memory_showing as shown
from workbench.cli import memory_upkeep, sessions
from workbench.cli.desk import ask_first, bar, open_desk, run_async, say
from workbench.cli.memory_desk import forgetting, opened, tell_unlearned
from workbench.cli.showing import AsJson, print_json

if TYPE_CHECKING:
    from workbench.core.records import Session, Turn
    from workbench.memory import Memory
    from workbench.memory.memories import StoredMemory

SHOWN = 50  # memories of a list, unless another number is asked for


class KindOption(StrEnum):
    fact = "fact"
    event = "event"
    preference = "preference"
    procedure = "procedure"
    document = "document"


class TierOption(StrEnum):
    short = "short"
    long = "long"


class StateOption(StrEnum):
    active = "active"
    superseded = "superseded"
    merged = "merged"
    expired = "expired"
    doubted = "doubted"
    all = "all"


app = typer.Typer(
    help="Look at what is remembered, correct it, tidy it up.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
Id = Annotated[str, typer.Argument(metavar="ID", help="A memory's id, or the beginning of it.")]


@app.command("list")
def list_(
    kind: Annotated[KindOption | None, typer.Option(help="Only this kind.")] = None,
    tier: Annotated[TierOption | None, typer.Option(help="Only short-term or only long-term ones.")] = None,
    state: Annotated[StateOption, typer.Option(help="What became of them.")] = StateOption.active,
    session: Annotated[str | None, typer.Option(help="Only what was stated in this session.")] = None,
    pinned: Annotated[bool, typer.Option("--pinned", help="Only pinned ones.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the latest first.")] = SHOWN,
    as_json: AsJson = False,
) -> None:
    """List memories, the latest said first."""
    with opened() as memory:
        filters: dict[str, Any] = {
            "kind": kind and kind.value,
            "tier": tier and tier.value,
            "state": None if state is StateOption.all else state.value,
            "session_id": None if session is None else memory.sessions.get(session).id,
            "limit": None if pinned else limit + 1,
        }
        found = [one for one in memory.memories.list(**filters) if one.pinned or not pinned]
    if as_json:
        print_json([asdict(one) for one in found[:limit]])
    elif found:
        shown.memory_table(found[:limit])
        if len(found) > limit:
            typer.echo(f"Only {limit} are shown; --limit shows more.", err=True)
    else:
        say("No such memory; what you state in a conversation is remembered.")


@app.command()
def search(
    question: Annotated[str, typer.Argument(help="As you would ask it.")],
    k: Annotated[int | None, typer.Option("-k", min=1, help="At most so many; settings decide when left out.")] = None,
    tokens: Annotated[int | None, typer.Option(min=1, help="Together at most so long.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show which memories a question would recall, with their scores and the reasons."""
    settings = open_desk()
    dials = settings.memory
    limits: dict[str, Any] = {
        "k": k or dials.recall_k,
        "tokens": tokens or dials.recall_tokens,
        "min_score": dials.recall_min_score,
    }
    with opened(settings) as memory:
        found = run_async(memory.recall(question, **limits, counted=False))
    if as_json:
        print_json([asdict(hit) for hit in found])
    elif found:
        shown.hits(found)
    else:
        say("Nothing that is remembered answers this; see: workbench memory list")


@app.command()
def show(memory_id: Id, as_json: AsJson = False) -> None:
    """Show everything about one memory: where it comes from, what it weighs, what became of it."""
    from workbench.memory.upkeep.inspection import anatomy, story

    with opened() as memory:
        one = memory.memories.get(memory_id)
        session, turn = _source(memory, one)
        weighed = anatomy(one.parts, memory.settings.importance)
        told = story(one.id, memory.memories.history(one.id), memory.memories.list())
    if as_json:
        print_json(shown.portrait_data(one, session, turn, weighed, told))
    else:
        shown.portrait(one, session, turn, weighed, told)


@app.command()
def pin(memory_id: Id) -> None:
    """Keep a memory for good, and before the model in every conversation."""
    _pin(memory_id, "Pinned", pinned=True)


@app.command()
def unpin(memory_id: Id) -> None:
    """Treat a pinned memory as any other again."""
    _pin(memory_id, "No longer pinned", pinned=False)


@app.command()
def edit(memory_id: Id, text: Annotated[str, typer.Argument(help="What it is to say.")]) -> None:
    """Give a memory another text."""
    with opened() as memory:
        one = memory.memories.get(memory_id)
        run_async(memory.edit(one.id, text))
    say(f"{one.id[:8]} says now: {shown.brief(text)}")


@app.command()
def restore(memory_id: Id) -> None:
    """Recall a merged, superseded, expired or doubted memory again."""
    with opened() as memory:
        one = memory.memories.get(memory_id)
        memory.consolidator.undo(one.id)
    say(f"Active again: {one.id[:8]} {shown.brief(one.text)}")


@app.command()
def forget(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Their ids, or the beginnings of them.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove memories for good, with every copy of their text in conversations and in examples."""
    settings = open_desk()
    with opened(settings) as memory:
        found = {one.id: one for one in (memory.memories.get(name) for name in ids)}
        for one in found.values():
            typer.echo(f"{one.id[:8]} {shown.brief(one.text)}", err=True)
        ask_first(f"Forget {_these(len(found))} for good?", yes=yes)
        gone = forgetting(settings, memory).memories(list(found))
    say(f"Forgotten: {_these(len(found))}")
    tell_unlearned(gone)


@app.command()
def consolidate(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Promote, merge, supersede and expire memories, by rules that need no model."""
    with opened() as memory:
        if dry_run:
            plan = memory.consolidator.preview()
            stored = {} if as_json else memory.memories.fetch([one.memory_id for one in plan.decisions])
            print_json(shown.plan_data(plan)) if as_json else shown.plan_table(plan, stored)
            return
        with bar("consolidating") as step:
            done = memory.consolidator.run(step)
    print_json(asdict(done)) if as_json else shown.report(done)


@app.command()
def export(
    form: Annotated[
        sessions.Format, typer.Option("--format", help="json can be imported; markdown is for reading.")
    ] = sessions.Format.json,
    out: Annotated[
        Path | None, typer.Option(help="A new file, readable by you alone; left out, it is printed.")
    ] = None,
) -> None:
    """Write all memories, with the conversations they come from, in plain text."""
    sessions.export(None, form, out)


def _source(memory: Memory, one: StoredMemory) -> tuple[Session | None, Turn | None]:
    """The conversation and the turn that a memory was stated in, where they are still there."""
    session = None if one.session_id is None else memory.sessions.get(one.session_id)
    return session, None if one.turn_id is None else memory.sessions.turn(one.turn_id)


def _pin(memory_id: str, word: str, *, pinned: bool) -> None:
    with opened() as memory:
        one = memory.memories.get(memory_id)
        run_async(memory.pin(one.id, pinned=pinned))
    say(f"{word}: {one.id[:8]} {shown.brief(one.text)}")


def _these(count: int) -> str:
    return "1 memory" if count == 1 else f"{count} memories"


memory_upkeep.register(app)  # after the others, as the help lists them
