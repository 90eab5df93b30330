"""The shelf on the command line: list, show, compare, export, import, merge, delete, history.

workbench adapters                          all of them; the champion is marked
workbench adapters show A
workbench adapters compare A B
workbench adapters export A --to FOLDER [--as peft|gguf|merged|ollama]
workbench adapters import FOLDER --name N
workbench adapters merge A B … --name N [--rule linear|ties|dare] [--weights 0.7,0.3] [--rank R]
workbench adapters delete A [--yes] [--force]
workbench adapters history
"""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.desk import ask_first, bar, open_desk, out, run_async, say
from workbench.cli.showing import AsJson, print_json, table, when
from workbench.core.errors import QuestionError

if TYPE_CHECKING:
    from workbench.adapters.shelf import Shelved
    from workbench.learning import Learning


class RuleName(StrEnum):
    linear = "linear"
    ties = "ties"
    dare = "dare"


class Form(StrEnum):
    peft = "peft"
    gguf = "gguf"
    merged = "merged"
    ollama = "ollama"


app = typer.Typer(
    help="Adapters: list, show, compare, export, import, merge, delete, history.",
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
Name = Annotated[str, typer.Argument(metavar="ADAPTER", help="Its name, its hash, or the beginning of its hash.")]


@app.callback()
def adapters(context: typer.Context, as_json: AsJson = False) -> None:
    """List the adapters, the oldest first."""
    if context.invoked_subcommand is None:
        _list(as_json)


@app.command("list")
def listing(as_json: AsJson = False) -> None:
    """List the adapters, the oldest first."""
    _list(as_json)


@app.command()
def show(adapter: Name, as_json: AsJson = False) -> None:
    """Show where an adapter came from, what it was trained on, and how it did."""
    one = _learning().shelf.find(adapter)
    if as_json:
        print_json(_as_dict(one))
        return
    origin, spec = one.card.origin, one.card.spec
    rows: list[tuple[str, object]] = [
        ("name", one.label),
        ("hash", one.identity),
        ("made", f"{when(one.card.made_at)}, by {origin.how}"),
        ("base", f"{origin.base_name} ({origin.base_licence or 'licence unknown'})"),
        ("form", f"rank {spec.rank}, alpha {spec.alpha:g}, {len(spec.targets)} kinds of layers"),
    ]
    if origin.data is not None:
        skills = ", ".join(f"{skill} {count}" for skill, count in origin.data.skills.items())
        rows.append(("data", f"{origin.data.examples} examples ({skills}), hash {origin.data.hash[:12]}"))
    rows += [("parent", f"{parent.identity[:12]} × {list(parent.coefficients)}") for parent in origin.parents]
    rows += [("score", _score(score)) for score in one.card.scores]
    rows += [(name, f"{mark.bytes:,} bytes") for name, mark in one.card.files.items()]
    out().print(table(("", ""), rows))


@app.command()
def compare(left: Name, right: Name, as_json: AsJson = False) -> None:
    """Show what differs between two adapters."""
    found = _learning().shelf.compare(left, right)
    if as_json:
        print_json(asdict(found))
        return
    rows: list[tuple[object, ...]] = [(key, *values) for key, values in {**found.spec, **found.origin}.items()]
    rows += [(skill, *(_score(one) if one else "–" for one in pair)) for skill, pair in found.scores.items()]
    rows += [
        (
            f"layers, third {one.group + 1}",
            f"norm {one.left_norm:.2f}",
            f"norm {one.right_norm:.2f}, cosine {_number(one.cosine)}",
        )
        for one in found.groups
    ]
    out().print(table(("", found.left, found.right), rows))


@app.command()
def history(as_json: AsJson = False) -> None:
    """Show every deploy and rollback, the oldest first."""
    learning = _learning()
    labels = {one.identity: one.label for one in learning.shelf.list()}
    moves = learning.shelf.history()
    if as_json:
        print_json([asdict(move) for move in moves])
        return
    rows = [
        (
            when(move.at),
            move.kind,
            "the plain base" if move.identity is None else labels.get(move.identity, move.identity[:12]),
            move.who,
            move.why,
        )
        for move in moves
    ]
    out().print(table(("when", "move", "answers now", "who", "why"), rows))


@app.command()
def export(
    adapter: Name,
    to: Annotated[Path, typer.Option(help="Folder to write into; made if it is not there.")],
    form: Annotated[
        Form, typer.Option("--as", help="What for: PEFT, llama.cpp, merged weights, or Ollama.")
    ] = Form.peft,
    as_json: AsJson = False,
) -> None:
    """Write an adapter in a form that other programs read."""
    from workbench.sharing import exported, made_in_ollama

    learning = _learning()
    files = exported(learning, adapter, to, form.value)
    said = run_async(made_in_ollama(learning, adapter, files[0])) if form is Form.ollama else None
    if as_json:
        print_json({"files": [str(path) for path in files], "next": said})
        return
    for path in files:
        say(str(path))
    if said:
        say(said)


@app.command("import")
def importing(
    folder: Annotated[Path, typer.Argument(help="A PEFT folder, with adapter_config.json and safetensors.")],
    name: Annotated[str, typer.Option(help="What to call it here.")],
    as_json: AsJson = False,
) -> None:
    """Put an adapter from elsewhere on the shelf, if it lies on the base of the settings."""
    from workbench.sharing import imported

    one = imported(_learning(), folder, name)
    if as_json:
        print_json(_as_dict(one))
    else:
        say(f"{one.label} is on the shelf; see how it does: workbench score FILE.jsonl --adapter {one.label}")


@app.command()
def merge(
    parents: Annotated[list[str], typer.Argument(metavar="ADAPTER...", help="Names or hashes, of one base.")],
    name: Annotated[str, typer.Option(help="What to call the child.")],
    rule: Annotated[RuleName, typer.Option(help="How the changes of the weights become one.")] = RuleName.linear,
    weights: Annotated[str, typer.Option(help="One for each parent, such as 0.7,0.3; 1 for each if left out.")] = "",
    rank: Annotated[int | None, typer.Option(min=1, help="Of the child at most; exact if left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make one adapter of several."""
    with bar("merging") as step:
        made = _learning().merge(
            parents, name, rule=rule.value, weights=_weights(weights, len(parents)), rank=rank, on_progress=step
        )
    if as_json:
        print_json(_as_dict(made.shelved) | {"kept": made.kept})
        return
    lost = "" if made.kept == 1 else f", {made.kept:.1%} of the change kept at rank {made.shelved.card.spec.rank}"
    say(f"{made.shelved.label} is on the shelf{lost}.")
    say(f"See how it does: workbench score FILE.jsonl --adapter {made.shelved.label}")


@app.command()
def delete(
    adapter: Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Even if others were made of it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove an adapter for good."""
    shelf = _learning().shelf
    one = shelf.find(adapter)
    ask_first(f"Delete the adapter {one.label} for good?", yes=yes, what="Deleting")
    shelf.delete(one.identity, force=force)
    if as_json:
        print_json({"deleted": one.identity, "name": one.card.name})
    else:
        say(f"{one.label} is gone.")


def _learning() -> Learning:
    from workbench.learning import Learning

    return Learning(open_desk())


def _list(as_json: bool) -> None:
    shelf = _learning().shelf
    champion, all_of_them = shelf.champion(), shelf.list()
    if as_json:
        print_json(
            [_as_dict(one) | {"champion": one.identity == (champion and champion.identity)} for one in all_of_them]
        )
        return
    if not all_of_them:
        say("No adapter yet; train one: workbench train FILE.jsonl, or workbench train --skill NAME")
        return
    rows = [
        (
            "champion" if champion and one.identity == champion.identity else "",
            one.label,
            one.card.origin.how,
            when(one.card.made_at),
            ", ".join(_score(score) for score in one.card.scores) or "–",
            f"{one.bytes / 1e6:.1f} MB",
        )
        for one in all_of_them
    ]
    out().print(table(("", "adapter", "by", "made", "held-out scores", "size"), rows))
    if champion is None:
        say("The plain base answers.")


def _weights(text: str, parents: int) -> list[float]:
    try:
        found = [float(word) for word in text.split(",")] if text else [1.0] * parents
    except ValueError:
        found = []
    if len(found) != parents:
        raise QuestionError(f"--weights {text} is not {parents} numbers with commas between; write them as 0.7,0.3")
    return found


def _as_dict(one: Shelved) -> dict[str, object]:
    return asdict(one.card)


def _score(score: object) -> str:
    from workbench.adapters.shelf import SkillScore

    assert isinstance(score, SkillScore), "a card keeps scores"
    return f"{score.skill} {score.mean:.0%} ({score.low:.0%}–{score.high:.0%} of {score.n})"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
