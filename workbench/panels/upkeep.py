"""Memory keeps up beside a panel, and the panel shows how far it is.

    Memory.keep_up ──thread──► what, done, of ──loop──► UpkeepBar.shown

>>> tasks.start(keep_up(memory, bar))                                    # doctest: +SKIP
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from workbench.memory import Memory
from workbench.panels.widgets import UpkeepBar


async def keep_up(memory: Memory, bar: UpkeepBar) -> None:
    """Until cancelled: embed anew and consolidate what waits, and say so on the bar while it lasts."""
    loop = asyncio.get_running_loop()

    def show(what: str, done: int, of: int) -> None:
        with suppress(RuntimeError):  # the page is gone, its loop closed
            loop.call_soon_threadsafe(_show, bar, what, done, of)

    await memory.keep_up(show)


def _show(bar: UpkeepBar, what: str, done: int, of: int) -> None:
    bar.shown = {"what": what, "done": done, "of": of} if done < of else {}
