"""The typer application, and what becomes of an error: a sentence for the person, a traceback for the log.

>>> run(["--version"])                                                  # doctest: +SKIP
0
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Annotated

import typer

from workbench import __version__
from workbench.cli import adapters, asking, corpus, evolving, learning, learning_from_use, memory, sessions, showing
from workbench.core.errors import WorkbenchError
from workbench.logbook import log_places

BAD_INPUT = 2
BROKEN = 1
log = logging.getLogger(__name__)

app = typer.Typer(
    name="workbench",
    help="A local agent that reasons, remembers, and shows how.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(asking.ask)
app.command()(asking.chat)
app.command()(asking.feedback)
app.add_typer(sessions.app, name="sessions")
app.add_typer(memory.app, name="memory")
for command in (
    learning.train,
    learning.score,
    learning.standard,
    learning.gate,
    learning.deploy,
    learning.rollback,
):
    app.command()(command)
app.command()(learning_from_use.learn)
app.command()(evolving.evolve)
app.add_typer(evolving.app, name="runs")
app.add_typer(adapters.app, name="adapters")
app.add_typer(corpus.app, name="corpus")
app.command()(showing.models)
app.command()(showing.config)
app.command()(showing.doctor)
app.command()(showing.tour)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"workbench {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """A local agent that reasons, remembers, and shows how."""


def run(arguments: Sequence[str]) -> int:
    """Run one command line; returns the exit code: 0 done, 2 bad input, 1 a fault of ours, 130 interrupted."""
    try:
        app(args=list(arguments))
    except SystemExit as done:  # typer reports a wrong option itself, with exit code 2
        return done.code if isinstance(done.code, int) else 0
    except WorkbenchError as error:
        log.info("refused", exc_info=True)
        typer.echo(error.sentence, err=True)
        return BAD_INPUT
    except Exception:
        log.exception("a fault of ours")
        place = next(iter(log_places()), "the lines above")
        typer.echo(f"The workbench itself failed; details are in {place}. Please report it.", err=True)
        return BROKEN
    return 0
