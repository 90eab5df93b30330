"""Long work in a thread that a cancelled task can stop: where the work next tells how far it is, it ends.

    task ──► in_thread(work, tell) ──► thread: work(tell) … tell(…) … tell(…)
      └─ cancelled ─► asked to stop ─────────────────────────► Cancelled

Without it Ctrl-C would wait for a thread that nobody can end, for as many minutes as it has left. It does not know what
the work is; what the work had kept before it was stopped stays.

>>> import asyncio
>>> asyncio.run(in_thread(lambda tell: tell("half", 1, 2) or "done", print))
half 1 2
'done'
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

from workbench.core.errors import Cancelled

Result = TypeVar("Result")
Tell = Callable[[str, int, int], None]  # what is done, how much of it is, and of how much


def nobody_listens(what: str, done: int, of: int) -> None:
    """Progress that nobody wants to hear of."""


async def in_thread(work: Callable[[Tell], Result], tell: Tell | None = None) -> Result:
    """The result of the work.

    Args:
        work: calls what it is given from time to time, and lets what that raises rise.
        tell: who listens; called in the thread.
    Raises:
        CancelledError: this task was cancelled; the work has ended.
    """
    stopped, listener = threading.Event(), tell or nobody_listens

    def told(what: str, done: int, of: int) -> None:
        if stopped.is_set():
            raise Cancelled("It was stopped; what was kept before stays")
        listener(what, done, of)

    working = asyncio.ensure_future(asyncio.to_thread(work, told))
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        stopped.set()
        await asyncio.gather(working, return_exceptions=True)  # the thread uses what the caller will close
        raise
