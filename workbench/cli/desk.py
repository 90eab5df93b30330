"""What every command needs: settings from the layers and its own options, a log file, a console, a progress bar.

Piped output is one line a row, however long, so that other programs can read it; on a terminal tables fold. It opens no
model and no store.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypeVar

import typer

from workbench.cli import INTERRUPTED
from workbench.core.settings import Settings, load_settings
from workbench.logbook import start_log

if TYPE_CHECKING:
    from rich.console import Console

Result = TypeVar("Result")
UNFINISHED = "Stopped; nothing of an unfinished turn was kept."
PIPE_CHARS = 1_000  # a line of a table that nobody looks at on a screen
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A setting of `workbench config`, for this call; give it again."),
]


class Step(Protocol):
    """How far a progress bar is: so many done, of so many, and what it says from now on."""

    def __call__(self, done: int, of: int, now: str = ...) -> None: ...


def open_desk(overrides: Mapping[str, Any] | None = None) -> Settings:
    """Load the settings and send logging to HOME/logs/workbench.log.

    Raises:
        SettingsError: a layer says something wrong.
    """
    settings = load_settings(overrides=overrides)
    start_log(settings)
    return settings


def changed(given: Sequence[str] | None) -> dict[str, str]:
    """What `--set` says, by key.

    Raises:
        SettingsError: it is not KEY=VALUE, or says a key twice.
    """
    from workbench.core.errors import SettingsError

    said: dict[str, str] = {}
    for key, equals, value in (one.partition("=") for one in given or ()):
        if not equals or key in said:
            why = "is given twice" if key in said else "is not KEY=VALUE, such as evolution.size=24"
            raise SettingsError(f"--set: {key!r} {why}; correct it or leave it out")
        said[key] = value
    return said


def console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, highlight=False)


def run_async(work: Coroutine[Any, Any, Result], stopped: str = UNFINISHED) -> Result:
    """The one event loop of a command; Ctrl-C cancels the work and ends the command with exit code 130.

    Args:
        stopped: what the person then reads.
    """
    try:
        return asyncio.run(work)
    except (KeyboardInterrupt, asyncio.CancelledError):
        typer.echo(f"\n{stopped}", err=True)
        raise typer.Exit(INTERRUPTED) from None


def out() -> Console:
    """Standard output: as wide as the terminal, or wide enough for a row on one line."""
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_CHARS)


@contextmanager
def interruptible(stopped: str) -> Iterator[None]:
    """Inside, Ctrl-C ends the command with exit code 130.

    Args:
        stopped: what the person then reads.
    """
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(f"\n{stopped}", err=True)
        raise typer.Exit(INTERRUPTED) from None


@contextmanager
def bar(label: str) -> Iterator[Step]:
    """A progress bar on standard error, on a terminal only; a step may change its label."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    screen = console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as progress:
        task = progress.add_task(label, total=None)

        def step(done: int, of: int, now: str = label) -> None:
            progress.update(task, completed=done, total=of, description=now)

        yield step


def ask_first(question: str, *, yes: bool, what: str = "Forgetting") -> None:
    """Go on only when the person agrees.

    Raises:
        QuestionError: there is nobody to ask.
        Exit: the person said no.
    """
    from workbench.core.errors import QuestionError

    if yes:
        return
    if not sys.stdin.isatty():
        raise QuestionError(f"{what} cannot be undone and nobody can be asked here; add --yes to do it anyway")
    if not typer.confirm(question, err=True):
        typer.echo("Nothing was changed.", err=True)
        raise typer.Exit(1)


def say(line: str) -> None:
    """A line for the person, word for word: no brackets in it are read as a style."""
    out().print(line, markup=False)
