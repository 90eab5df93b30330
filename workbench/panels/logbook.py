"""Where a dashboard's tracebacks go: HOME/logs/workbench.log, the file that the command line writes too.

The page shows a sentence; whoever wants to know why reads the file. It does not know what is logged.

>>> start_log(load_settings()).name                                      # doctest: +SKIP
'workbench.log'
"""

from __future__ import annotations

import logging
from pathlib import Path

from workbench.core.settings import Settings


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
        handler = logging.FileHandler(path, encoding="utf-8")
    except OSError:
        return path
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    log.addHandler(handler)
    log.setLevel(settings.log_level)
    log.propagate = False  # a kernel's root logger would print tracebacks on the page
    return path
