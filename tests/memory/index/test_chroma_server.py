"""One Chroma server, several processes: the real server of the installed package."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.memory.index.chroma_process import ChromaProcess, free_port
from workbench.core.errors import StoreError
from workbench.core.records import Turn
from workbench.memory.database import Database, open_database
from workbench.memory.index import keeper as index_keeper
from workbench.memory.index.chroma_server import Delivering, ServerIndex, ServerUnreachable, open_chroma_server
from workbench.memory.index.exact import ExactIndex
from workbench.memory.index.keeper import IndexKeeper, IndexMode, reconcile
from workbench.memory.memories import Memories, NewMemory
from workbench.memory.sessions.forgetting import forget_memories
from workbench.memory.sessions.sessions import Sessions

NAME = "unit-vectors"
Keepers = Callable[..., IndexKeeper]


def unit_vectors(count: int, seed: int = 0) -> NDArray[np.float32]:
    vectors = np.random.default_rng(seed).standard_normal((count, 64)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def store(database: Database, vectors: NDArray[np.float32], about: str = "about") -> tuple[str, ...]:
    new = [NewMemory(f"{about} {row}", vector.tobytes(), NAME, tier="long") for row, vector in enumerate(vectors)]
    return Sessions(database).save(Turn(question="q"), new).memory_ids


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromaProcess]:
    running = ChromaProcess(tmp_path_factory.mktemp("server")).start()
    yield running
    running.kill()


@pytest.fixture
def memories(database: Database) -> Memories:
    return Memories(database)


@pytest.fixture
def keeper(memories: Memories, tmp_path: Path, server: ChromaProcess) -> Iterator[Keepers]:
    made: list[IndexKeeper] = []

    def make(mode: IndexMode = "auto", url: str = server.url) -> IndexKeeper:
        made.append(IndexKeeper(memories, tmp_path, mode, NAME, chroma_url=url))
        return made[-1]

    yield make
    for one in made:
        one.close()


def same_hits(first: IndexKeeper, memories: Memories, seed: int = 1) -> bool:
    """Whether the server finds what exact search finds."""
    exact = ExactIndex(memories, NAME)
    pairs = [(first.current().search(query, 5), exact.search(query, 5)) for query in unit_vectors(10, seed)]
    return all([hit.memory_id for hit in mine] == [hit.memory_id for hit in theirs] for mine, theirs in pairs)


def test_two_owners_share_the_server_and_both_hear_what_either_is_told(
    database: Database, memories: Memories, keeper: Keepers
) -> None:
    first, second = keeper(), keeper()
    ids = store(database, unit_vectors(60))
    assert first.open()
    assert second.open()
    assert (first.current().name, second.current().name) == ("chroma", "chroma")
    later = store(database, unit_vectors(5, seed=2), "later")
    assert second.current().ids() == {*ids, *later}
    forget_memories(memories.database, ids[:2])
    assert first.current().ids() == second.current().ids() == {*ids[2:], *later}
    assert same_hits(first, memories)
    assert same_hits(second, memories)


def test_the_journal_is_delivered_once_for_all_processes(
    database: Database, keeper: Keepers, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = keeper(), keeper()
    assert first.open()
    assert second.open()
    store(database, unit_vectors(3))
    first.current()
    monkeypatch.setattr(ServerIndex, "upsert", lambda *_: pytest.fail("delivered a second time"))
    assert second.current().count() == 3


def test_while_another_process_delivers_exact_search_answers(
    database: Database, keeper: Keepers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.memory.index.chroma_server.PATIENCE_S", 0.05)
    busy, waiting = keeper(), keeper()
    assert busy.open()
    assert waiting.open()
    with busy._opened().alone():
        store(database, unit_vectors(3))
        assert waiting.current().name == "exact"
        with pytest.raises(Delivering, match="fills the index"), waiting._opened().alone():
            pass
    assert waiting.current().name == "chroma"


def test_homes_on_one_server_never_see_each_other(server: ChromaProcess, tmp_path: Path) -> None:
    indexes = []
    for name in ("one", "two"):
        database = open_database(tmp_path / name / "memory.sqlite")
        ids = store(database, unit_vectors(4))
        index = open_chroma_server(server.url, tmp_path / name, NAME, place=database.place)
        reconcile(Memories(database), index, NAME)
        indexes.append((index, ids))
        database.close()
    for index, ids in indexes:
        assert index.ids() == set(ids)
        index.close()


def test_a_copied_home_gets_a_collection_of_its_own(server: ChromaProcess, tmp_path: Path) -> None:
    original = open_chroma_server(server.url, tmp_path, NAME, place="/here/memory.sqlite")
    original.upsert(["a"], unit_vectors(1))
    copy = open_chroma_server(server.url, tmp_path, NAME, place="/there/memory.sqlite")
    assert (original.count(), copy.count()) == (1, 0)
    original.close()
    copy.close()


def test_a_server_that_was_emptied_is_filled_again(database: Database, memories: Memories, keeper: Keepers) -> None:
    ids = store(database, unit_vectors(20))
    first = keeper("chroma")
    assert first.current().count() == 20
    first._opened().drop()
    again = keeper("chroma")
    assert again.current().ids() == set(ids)
    assert same_hits(again, memories)


def test_a_server_that_is_not_there_is_named_once_and_exact_search_answers(
    database: Database, keeper: Keepers, caplog: pytest.LogCaptureFixture
) -> None:
    store(database, unit_vectors(3))
    nobody = f"http://127.0.0.1:{free_port()}"
    for mode in ("auto", "chroma"):
        caplog.clear()
        alone = keeper(mode, nobody)
        assert not alone.open()
        for _ in range(3):
            assert len(alone.current().search(unit_vectors(1)[0], 3)) == 3
        [warning] = [record for record in caplog.records if record.levelno == logging.WARNING]
        assert f"The Chroma server {nobody} cannot be used" in warning.getMessage()
        assert "start it, or unset memory.chroma_url" in warning.getMessage()


def test_something_else_on_that_port_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as other:
        assert other.stdout is not None
        port = other.stdout.readline().split("port ")[1].split()[0]
        with pytest.raises(ServerUnreachable, match="or unset memory") as refused:
            open_chroma_server(f"http://127.0.0.1:{port}", tmp_path, NAME, place="here")
        other.kill()
    assert "\n" not in refused.value.sentence


def test_a_folder_that_cannot_be_written_is_a_sentence(server: ChromaProcess, tmp_path: Path) -> None:
    (tmp_path / "chroma_server").write_text("I am a file")
    with pytest.raises(StoreError, match="WORKBENCH_HOME"):
        open_chroma_server(server.url, tmp_path, NAME, place="here")


@pytest.mark.drill
def test_a_server_that_dies_and_comes_back_is_used_again(
    tmp_path: Path,
    database: Database,
    memories: Memories,
    keeper: Keepers,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(index_keeper, "RETRY_S", 0.2)
    own = ChromaProcess(tmp_path / "server").start()
    try:
        using = keeper("auto", own.url)
        first = store(database, unit_vectors(10))
        assert using.open()
        own.kill()
        later = store(database, unit_vectors(4, seed=3), "while it was away")
        assert using.current().ids() == {*first, *later}
        assert using.name == "exact"
        own.start()
        until = time.monotonic() + 20
        while using.name == "exact" and time.monotonic() < until:
            using.current()
            time.sleep(0.1)
        assert using.current().name == "chroma"
        assert using.current().ids() == {*first, *later}
        assert same_hits(using, memories)
    finally:
        own.kill()
    assert len([record for record in caplog.records if record.levelno == logging.WARNING]) == 1
