"""Work in a thread ends soon after its task was cancelled, and before the caller goes on."""

from __future__ import annotations

import asyncio
import time

import pytest

from workbench.core.stopping import Tell, in_thread


async def test_a_cancelled_task_ends_the_work_where_it_next_tells() -> None:
    begun, counted = asyncio.Event(), []
    loop = asyncio.get_running_loop()

    def work(tell: Tell) -> None:
        for number in range(10_000):
            loop.call_soon_threadsafe(begun.set)
            tell("counting", number, 10_000)
            counted.append(number)
            time.sleep(0.005)

    task = asyncio.ensure_future(in_thread(work))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    had = len(counted)
    await asyncio.sleep(0.05)
    assert len(counted) == had < 10_000  # nothing goes on behind the caller's back


async def test_results_errors_and_progress_come_through() -> None:
    heard: list[tuple[str, int, int]] = []
    assert await in_thread(lambda tell: tell("half", 1, 2) or 7, lambda *said: heard.append(said)) == 7
    assert heard == [("half", 1, 2)]
    with pytest.raises(ZeroDivisionError):
        await in_thread(lambda tell: 1 // 0)
