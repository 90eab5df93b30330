"""Work that a widget's message starts: tasks that are held until they end, and whose errors are told.

    start(work) ──► task ──ended well──► forgotten
                         └─ended badly─► the traceback into the log, one sentence to whoever listens

A loop holds only weak references to its tasks, and an error nobody asks for is lost; both are taken care of here. It
knows no widgets.

>>> tasks = Tasks(print, log_file=lambda: Path("var/logs/workbench.log"))  # doctest: +SKIP
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from workbench.core.errors import WorkbenchError

log = logging.getLogger(__name__)


class Tasks:
    """The tasks of one panel.

    Args:
        tell: hears the sentence of every error.
        log_file: what an unexpected error's sentence points to.
    """

    def __init__(self, tell: Callable[[str], None], *, log_file: Callable[[], Path]) -> None:
        self._tell = tell
        self._log_file = log_file
        self._held: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run it in the kernel's loop, and hold it until it has ended."""
        task = asyncio.get_running_loop().create_task(work)
        self._held.add(task)
        task.add_done_callback(self._settle)
        return task

    async def close(self) -> None:
        """Stop all of them and wait until they have ended."""
        held = tuple(self._held)
        for task in held:
            task.cancel()
        await asyncio.gather(*held, return_exceptions=True)

    def _settle(self, task: asyncio.Task[None]) -> None:
        self._held.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is None:
            return
        log.error("A task of a panel ended with an error", exc_info=error)
        self._tell(error.sentence if isinstance(error, WorkbenchError) else self._unexpected(error))

    def _unexpected(self, error: BaseException) -> str:
        kind = type(error).__name__
        return f"Something went wrong inside the workbench ({kind}); read {self._log_file()}, then try again"
