"""A full disk, for real: SQLite's own page limit everywhere, and a small file system where one can be mounted."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import event

from workbench.core.errors import StoreFull
from workbench.core.records import Turn
from workbench.memory import Memory

Opener = Callable[..., Memory]
LONG_ANSWER = "word " * 4_000  # 20 kB: the disk fills within a few dozen turns


FULL = r"No space is left for .*memory\.sqlite and nothing was half-written; free some space"


async def fill(memory: Memory) -> list[Turn]:
    """Remember until the disk is full; the turns that were acknowledged."""
    kept: list[Turn] = []
    with pytest.raises(StoreFull, match=FULL):
        await remember_forever(memory, kept)
    return kept


async def remember_forever(memory: Memory, kept: list[Turn]) -> None:
    while True:
        kept.append(await memory.remember(Turn(question=f"I own {len(kept)} cats.", answer=LONG_ANSWER)))


async def assert_holds_exactly(memory: Memory, kept: list[Turn]) -> None:
    stored = [turn for session in memory.sessions.list() for turn in memory.sessions.turns(session.id)]
    assert sorted(stored, key=lambda turn: turn.id) == sorted(kept, key=lambda turn: turn.id)
    found = {hit.memory_id for hit in await memory.recall("cats", k=1_000, min_score=-1)}
    assert found == {memory_id for turn in kept for memory_id in turn.memory_ids}


async def test_a_database_at_its_page_limit_keeps_what_it_acknowledged(memory: Memory, open_memory: Opener) -> None:
    engine = memory.database._engine
    engine.dispose()
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA max_page_count = 100"))
    kept = await fill(memory)
    assert kept
    await assert_holds_exactly(memory, kept)  # the full database still answers
    memory.close()
    await assert_holds_exactly(open_memory(), kept)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def grow(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=8m", disk], check=True)


def fill_with_ballast(disk: Path) -> None:
    with (disk / "ballast").open("wb", buffering=0) as ballast, suppress(OSError):
        while True:
            ballast.write(b"\0" * 4_096)


async def test_a_full_file_system_keeps_what_it_acknowledged_and_goes_on_once_there_is_space(
    small_disk: Path, open_memory: Opener
) -> None:
    memory = open_memory(small_disk)
    kept = await fill(memory)
    assert kept
    await assert_holds_exactly(memory, kept)
    memory.close()
    grow(small_disk)
    memory = open_memory(small_disk)
    with memory.database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    await assert_holds_exactly(memory, kept)
    kept.append(await memory.remember(Turn(question="My dog is called Rufus.", answer="Good dog.")))
    await assert_holds_exactly(memory, kept)
    memory.close()


def test_a_disk_that_is_full_from_the_start_is_named_when_the_home_is_opened(
    small_disk: Path, open_memory: Opener
) -> None:
    fill_with_ballast(small_disk)
    with pytest.raises(StoreFull, match="free some space"):
        open_memory(small_disk)
    (small_disk / "ballast").unlink()
    open_memory(small_disk).close()
