"""What every command needs: settings from the layers and the command's own options, a log file, a console.

It opens no model and no store.
"""

from __future__ import annotations

import asyncio
import logging
import logging.handlers
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from workbench.core.settings import Settings, load_settings

if TYPE_CHECKING:
    from rich.console import Console

Result = TypeVar("Result")
LOG_BYTES = 2_000_000
INTERRUPTED = 130


def open_desk(overrides: Mapping[str, Any] | None = None) -> Settings:
    """Load the settings and send logging to HOME/logs/workbench.log.

    Raises:
        SettingsError: a layer says something wrong.
    """
    settings = load_settings(overrides=overrides)
    start_log(settings)
    return settings


def start_log(settings: Settings) -> None:
    """Log to a rotating file; a home that cannot be written leaves logging off and is reported by the store."""
    folder = settings.home / "logs"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(folder / "workbench.log", maxBytes=LOG_BYTES, backupCount=2)
    except OSError:
        logging.getLogger().addHandler(logging.NullHandler())
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    for former in root.handlers:  # of an earlier command in the same process
        former.close()
    root.handlers = [handler]
    root.setLevel(settings.log_level)


def console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, highlight=False)


def run_async(work: Coroutine[Any, Any, Result]) -> Result:
    """The one event loop of a command; Ctrl-C cancels the work and ends the command with exit code 130."""
    import typer

    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        typer.echo("\nStopped; nothing of an unfinished turn was kept.", err=True)
        raise typer.Exit(INTERRUPTED) from None
