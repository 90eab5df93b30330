"""Examples on the command line: what a file holds, what is wrong with it, how it divides.

workbench corpus skills                     the built-in skills, each with an example
workbench corpus show FILE.jsonl            its data card, and the first examples
workbench corpus check FILE.jsonl           every bad line, contradiction, leak; exit code 1 if there is one
workbench corpus split FILE.jsonl --to DIR  train.jsonl, tune.jsonl, gate.jsonl, by a hash of content

`gathering.py` has the commands that make examples.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli import gathering
from workbench.cli.desk import open_desk, out, say
from workbench.cli.learning import File, read
from workbench.cli.showing import AsJson, print_json, table

SHOWN = 5

app = typer.Typer(
    help="Training examples: make, collect, show, check, split; the built-in skills.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command()
def skills(as_json: AsJson = False) -> None:
    """List the built-in skills and composites, each with an example."""
    from workbench.corpus.skills import COMPOSITES, SKILLS, generate

    rows = []
    for one in (*SKILLS.values(), *COMPOSITES.values()):
        example = generate(one.name, 1, seed=0)[0]
        rows.append((one.name, " + ".join(one.parts), one.description, example.prompt, example.answer))
    if as_json:
        print_json([dict(zip(("name", "parts", "description", "prompt", "answer"), row, strict=True)) for row in rows])
    else:
        out().print(table(("skill", "joins", "what it is", "such as", "answer"), rows))


@app.command()
def show(file: File, as_json: AsJson = False) -> None:
    """Show what a file of examples holds."""
    from workbench.corpus.card import data_card

    open_desk()
    examples = read(file).examples
    card = data_card(examples)
    if as_json:
        print_json(card.to_dict())
        return
    say(card.to_text())
    rows = [(one.skill, one.prompt, one.answer, one.check) for one in examples[:SHOWN]]
    out().print(table(("skill", "prompt", "answer", "checked by"), rows))


@app.command()
def check(file: File, as_json: AsJson = False) -> None:
    """Look for bad lines, contradictions, personal data and answers that are too long."""
    from workbench.corpus.card import data_card
    from workbench.corpus.jsonl import read_examples

    open_desk()
    reading = read_examples(file)
    card = data_card(reading.examples, dropped=reading.duplicates)
    faults = [f"line {line.number}: {line.reason}" for line in reading.bad]
    faults += [f"contradiction: {one}" for one in reading.contradictions]
    if as_json:
        print_json({"faults": faults, "duplicates": reading.duplicates, **card.to_dict()})
    else:
        for fault in faults:
            say(fault)
        say(card.to_text())
    if faults:
        raise typer.Exit(1)


@app.command()
def split(
    file: File,
    to: Annotated[Path, typer.Option(help="Folder for train.jsonl, tune.jsonl and gate.jsonl.")],
    as_json: AsJson = False,
) -> None:
    """Divide a file by a hash of content, near-duplicates together."""
    from workbench.corpus.jsonl import write_examples
    from workbench.corpus.splits import split as divide

    open_desk()
    parts = divide(read(file).examples)
    to.mkdir(parents=True, exist_ok=True)
    counts = {}
    for name in ("train", "tune", "gate"):
        examples = getattr(parts, name)
        counts[name] = len(examples)
        write_examples(to / f"{name}.jsonl", examples)
    if as_json:
        print_json(counts)
    else:
        say(", ".join(f"{name}.jsonl {count}" for name, count in counts.items()) + f" in {to}")


for command in (gathering.generate, gathering.collect, gathering.ask, gathering.synthesise):
    app.command()(command)
