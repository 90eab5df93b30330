"""What an open agent does beside answering: it consolidates when the schedule asks, again and again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock
from sqlalchemy import func, select

from workbench.core.errors import StoreFull
from workbench.core.records import Statement
from workbench.core.schema import ConsolidationSettings, Settings
from workbench.memory import Memory, tables


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    hourly = ConsolidationSettings(every_hours=1.0)
    return Memory.open(tmp_path, Settings(home=tmp_path, consolidation=hourly), index="exact")


def runs(memory: Memory) -> int:
    with memory.database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(tables.runs)).scalar_one())


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 - what is waited for happens in a thread
            await asyncio.sleep(0.01)


async def test_an_open_agent_consolidates_again_whenever_the_time_has_come(memory: Memory) -> None:
    await memory.add([Statement("I live in Oslo."), Statement("My dog is called Rufus.")])
    late = 0.0
    memory.consolidator._clock = lambda: time.time() + late
    keeping = asyncio.create_task(memory.keep_up(every_s=0.01))
    await until(lambda: runs(memory) == 1)
    await asyncio.sleep(0.2)
    assert runs(memory) == 1
    late = 3700.0
    await until(lambda: runs(memory) == 2)
    keeping.cancel()
    memory.close()


async def test_while_one_process_keeps_up_another_leaves_it_alone(memory: Memory, tmp_path: Path) -> None:
    await memory.add([Statement("I live in Oslo.")])
    with FileLock(tmp_path / "memory" / "upkeep.lock"):
        await memory.catch_up()
        assert runs(memory) == 0
    await memory.catch_up()
    assert runs(memory) == 1
    memory.close()


async def test_what_cannot_be_written_now_is_tried_again(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    async def failing(_: object = None) -> None:
        calls.append(1)
        if len(calls) == 1:
            raise StoreFull("The disk is full; make room")

    monkeypatch.setattr(memory, "catch_up", failing)
    keeping = asyncio.create_task(memory.keep_up(every_s=0.001))
    await until(lambda: len(calls) > 2)
    assert not keeping.done()
    keeping.cancel()
    memory.close()
