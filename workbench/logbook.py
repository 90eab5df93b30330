"""Where tracebacks go: HOME/logs/workbench.log, one file for the command line and the dashboards.

A person sees a sentence; whoever wants to know why reads the file. It does not know what is logged.

>>> start_log(load_settings()).name                                      # doctest: +SKIP
'workbench.log'
"""

from __future__ import annotations

import logging
import logging.handlers
import sys
from pathlib import Path

from workbench.core.settings import Settings

KEPT_BYTES = 2_000_000
OLDER_FILES = 2


class _LogFile(logging.handlers.RotatingFileHandler):
    """A log that a full disk cuts short without a word: the sentence on the screen says that it is full."""

    def handleError(self, record: logging.LogRecord) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


def start_log(settings: Settings) -> Path:
    """Send the workbench's own messages to the log file of the home; a second call for the same file does nothing.

    A home that cannot be written leaves the messages to Python's last resort, stderr: the store will say what is wrong.
    """
    path = settings.home / "logs" / "workbench.log"
    log = logging.getLogger("workbench")
    if any(getattr(handler, "baseFilename", None) == str(path.absolute()) for handler in log.handlers):
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = _LogFile(path, maxBytes=KEPT_BYTES, backupCount=OLDER_FILES, encoding="utf-8")
    except OSError:
        return path
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    log.addHandler(handler)
    log.setLevel(settings.log_level)
    log.propagate = False  # a kernel's root logger would print tracebacks on the page
    return path


def log_places() -> tuple[str, ...]:
    """The files that messages go to now."""
    handlers = logging.getLogger("workbench").handlers
    return tuple(handler.baseFilename for handler in handlers if isinstance(handler, logging.FileHandler))
