"""Trouble with disks, folders, locks and files: one clear sentence, nothing lost, and all well once it is over."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import event

from tests.memory.index.test_vector_index import NAME, filled_home
from tests.memory.test_full_disk import fill_with_ballast, grow, small_disk
from workbench.cli.app import run
from workbench.core.errors import StoreError, StoreFull, StoreLocked, StoreReadOnly
from workbench.core.records import Statement, Turn
from workbench.core.schema import Settings
from workbench.memory import Memory
from workbench.memory.database import open_database
from workbench.memory.memories import Memories
from workbench.memory.upkeep.checkup import check, rebuild

__all__ = ["filled_home", "small_disk"]

Opener = Callable[..., Memory]
Deed = Callable[[Memory, str], Awaitable[object]]


async def consolidated(memory: Memory) -> object:
    return memory.consolidator.run()


DEEDS: dict[str, Deed] = {
    "remember": lambda memory, name: memory.remember(Turn(question="My cat is called Tom.")),
    "add": lambda memory, name: memory.add([Statement("Remember the milk.")]),
    "edit": lambda memory, name: memory.edit(name, "My dog is called Bella."),
    "pin": lambda memory, name: memory.pin(name),
    "forget": lambda memory, name: memory.forget(name),
    "consolidate": lambda memory, name: consolidated(memory),
}


async def told(memory: Memory) -> tuple[str, ...]:
    turn = await memory.remember(Turn(question="Remember that my dog is called Rufus. I hate olives."))
    return turn.memory_ids


def texts(memory: Memory) -> set[str]:
    return {one.text for one in memory.memories.list()}


RUFUS = {"Remember that my dog is called Rufus.", "I hate olives."}


async def refusal(memory: Memory, name: str, deed: Deed) -> StoreError:
    with pytest.raises(StoreError) as refused:
        await deed(memory, name)
    assert "\n" not in refused.value.sentence
    return refused.value


@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS)
async def test_while_another_process_holds_the_database_nothing_is_written_and_recall_goes_on(
    memory: Memory, tmp_path: Path, deed: Deed
) -> None:
    dog, _ = await told(memory)
    memory.database._engine.dispose()
    event.listen(memory.database._engine, "connect", lambda raw, _: raw.execute("PRAGMA busy_timeout = 50"))
    with closing(sqlite3.connect(tmp_path / "memory" / "memory.sqlite", isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        refused = await refusal(memory, dog, deed)
        assert isinstance(refused, StoreLocked)
        assert "let it finish or close it" in refused.sentence
        assert {hit.memory_id for hit in await memory.recall("dog", k=1)} == {dog}
        assert texts(memory) == RUFUS
    await deed(memory, dog)


async def test_on_a_full_disk_every_deed_is_refused_and_all_are_done_once_there_is_space(
    small_disk: Path, open_memory: Opener
) -> None:
    grow(small_disk)
    memory = open_memory(small_disk)
    dog, _ = await told(memory)
    fill_with_ballast(small_disk)
    for deed in DEEDS.values():
        assert isinstance(await refusal(memory, dog, deed), StoreFull)
    assert texts(memory) == RUFUS
    assert [hit.memory_id for hit in await memory.recall("dog", k=1)] == [dog]
    (small_disk / "ballast").unlink()
    for deed in DEEDS.values():
        await deed(memory, dog)
    memory.close()


async def test_an_index_that_finds_no_space_leaves_the_search_to_sql(
    small_disk: Path, open_memory: Opener, caplog: pytest.LogCaptureFixture
) -> None:
    grow(small_disk)
    memory = open_memory(small_disk)
    dog, _ = await told(memory)
    fill_with_ballast(small_disk)
    assert not await memory.open_index()
    assert [hit.memory_id for hit in await memory.recall("dog", k=1)] == [dog]
    memory.close()
    [warning] = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert "No space is left for the index" in warning
    assert warning.endswith("exact search answers meanwhile")
    (small_disk / "ballast").unlink()
    again = open_memory(small_disk)
    assert await again.open_index()
    assert [hit.memory_id for hit in await again.recall("dog", k=1)] == [dog]
    again.close()
    assert check(Settings(home=small_disk), again.embedder.name) == []


@pytest.fixture
def sealed(tmp_path: Path) -> Iterator[Callable[[bool], Path]]:
    """A home in a folder that can be made read-only and writable again, for root too."""
    home, mounted = tmp_path / "sealed", False
    home.mkdir()
    if os.geteuid() == 0:
        command = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(home)]
        if subprocess.run(command, capture_output=True).returncode:
            pytest.skip("root writes through permissions, and a file system cannot be mounted here")
        mounted = True

    def seal(shut: bool) -> Path:
        if mounted:
            subprocess.run(["mount", "-o", f"remount,{'ro' if shut else 'rw'}", home], check=True)
        else:
            for path in (home, *home.rglob("*")):
                path.chmod((0o500 if shut else 0o700) if path.is_dir() else (0o400 if shut else 0o600))
        return home

    yield seal
    seal(False)
    if mounted:
        subprocess.run(["umount", "--lazy", home], check=True)


async def test_a_home_that_became_read_only_is_named_and_loses_nothing(
    sealed: Callable[[bool], Path],
    open_memory: Opener,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    home = sealed(False)
    memory = open_memory(home)
    await told(memory)
    memory.close()
    sealed(True)
    with pytest.raises(StoreReadOnly, match="make the file and its folder writable"):
        open_memory(home)
    [finding] = check(Settings(home=home), "any")
    assert (finding.severity, finding.place) == ("bad", "database")
    monkeypatch.setenv("WORKBENCH_HOME", str(home))
    assert run(["memory", "list"]) == 2
    assert "writable" in capsys.readouterr().err
    sealed(False)
    assert texts(open_memory(home)) == RUFUS


@pytest.mark.drill
def test_a_graph_cut_short_is_a_finding_in_one_sentence_and_is_rebuilt(filled_home: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(filled_home / "index", home / "memory")
    shutil.copy(filled_home / "memory.sqlite", home / "memory" / "memory.sqlite")
    graph = next(home.rglob("data_level0.bin"))
    graph.write_bytes(graph.read_bytes()[:1_000])
    found = check(Settings(home=home), NAME)
    assert [one.place for one in found] == ["index"]
    assert found[0].remedy == "run: workbench memory rebuild"
    assert "\n" not in found[0].sentence
    with closing(open_database(home / "memory" / "memory.sqlite")) as database:
        assert rebuild(Memories(database), home / "memory", NAME) == 1_500
    assert check(Settings(home=home), NAME) == []
