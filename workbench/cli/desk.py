"""What every command needs: settings from the layers and the command's own options, a log file, a console.

It opens no model and no store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from workbench.core.settings import Settings, load_settings
from workbench.logbook import start_log

if TYPE_CHECKING:
    from rich.console import Console

Result = TypeVar("Result")
INTERRUPTED = 130


def open_desk(overrides: Mapping[str, Any] | None = None) -> Settings:
    """Load the settings and send logging to HOME/logs/workbench.log.

    Raises:
        SettingsError: a layer says something wrong.
    """
    settings = load_settings(overrides=overrides)
    start_log(settings)
    return settings


def console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, highlight=False)


def run_async(work: Coroutine[Any, Any, Result]) -> Result:
    """The one event loop of a command; Ctrl-C cancels the work and ends the command with exit code 130."""
    import typer

    try:
        return asyncio.run(work)
    except (KeyboardInterrupt, asyncio.CancelledError):
        typer.echo("\nStopped; nothing of an unfinished turn was kept.", err=True)
        raise typer.Exit(INTERRUPTED) from None
