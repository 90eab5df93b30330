"""What the commands of `workbench memory` share: an open memory, a console, a progress bar, a question before deleting.

Piped output is one line a row, however long, so that other programs can read it; on a terminal tables fold.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from workbench.cli.desk import console, open_desk

if TYPE_CHECKING:
    from rich.console import Console

    from workbench.core.settings import Settings
    from workbench.memory import Memory

PIPE_CHARS = 1_000  # a line of a table that nobody looks at on a screen
Step = Callable[[int, int], None]  # done, of


@contextmanager
def opened(settings: Settings | None = None) -> Iterator[Memory]:
    """The memory of the settings' home, closed at the end."""
    from workbench.agent import open_memory

    memory = open_memory(settings or open_desk())
    try:
        yield memory
    finally:
        memory.close()


def out() -> Console:
    """Standard output: as wide as the terminal, or wide enough for a row on one line."""
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_CHARS)


@contextmanager
def bar(label: str) -> Iterator[Step]:
    """A progress bar on standard error, on a terminal only."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    screen = console(stderr=True)
    columns = (TextColumn(label), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as progress:
        task = progress.add_task(label, total=None)
        yield lambda done, of: progress.update(task, completed=done, total=of)


def ask_first(question: str, *, yes: bool) -> None:
    """Go on only when the person agrees.

    Raises:
        QuestionError: there is nobody to ask.
        Exit: the person said no.
    """
    from workbench.core.errors import QuestionError

    if yes:
        return
    if not sys.stdin.isatty():
        raise QuestionError("Forgetting cannot be undone and nobody can be asked here; add --yes to do it anyway")
    if not typer.confirm(question, err=True):
        typer.echo("Nothing was changed.", err=True)
        raise typer.Exit(1)


def say(line: str) -> None:
    """A line for the person, word for word: no brackets in it are read as a style."""
    out().print(line, markup=False)
