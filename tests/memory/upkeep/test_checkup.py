"""What is wrong with a store is found, said in one sentence, and mended where it can be."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.memory.index.chroma_process import ChromaProcess, free_port
from workbench.core.errors import StoreLocked
from workbench.core.records import Turn
from workbench.core.schema import Settings
from workbench.memory.database import open_database
from workbench.memory.index.chroma import open_chroma
from workbench.memory.index.chroma_server import open_chroma_server
from workbench.memory.index.keeper import IndexKeeper
from workbench.memory.memories import Memories, NewMemory, forget
from workbench.memory.sessions.forgetting import forget_memories
from workbench.memory.sessions.sessions import Sessions
from workbench.memory.upkeep.checkup import check, rebuild
from workbench.memory.upkeep.finding import EMBED, REBUILD, Finding
from workbench.memory.upkeep.row_checks import set_aside, unusable

NAME = "unit-vectors"


def unit_vectors(count: int, seed: int = 0) -> NDArray[np.float32]:
    vectors = np.random.default_rng(seed).standard_normal((count, 16)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def new(count: int, about: str = "about") -> list[NewMemory]:
    vectors = unit_vectors(count, seed=len(about))
    return [NewMemory(f"{about} {row}", vector.tobytes(), NAME, tier="long") for row, vector in enumerate(vectors)]


class Home:
    """A home with twenty long-term memories and an index that somebody opened and closed."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(home=folder)
        self.folder = folder / "memory"
        self.file = self.folder / "memory.sqlite"

    def fill(self, count: int = 20, about: str = "about") -> tuple[str, ...]:
        with closing(open_database(self.file)) as database:
            return Sessions(database).save(Turn(question="q", answer="a"), new(count, about)).memory_ids

    def index(self) -> None:
        with closing(open_database(self.file)) as database:
            keeper = IndexKeeper(Memories(database), self.folder, "auto", NAME)
            assert keeper.open()
            keeper.close()

    def sql(self, statement: str, *values: Any) -> None:
        with closing(sqlite3.connect(self.file)) as raw, raw:
            raw.execute("PRAGMA foreign_keys=OFF")
            raw.execute(statement, values)

    def check(self, **memory: Any) -> list[Finding]:
        """All of it; reading the index takes a process of its own."""
        section = self.settings.memory.model_copy(update=memory)
        return check(self.settings.model_copy(update={"memory": section}), NAME)

    def check_rows(self) -> list[Finding]:
        return self.check(index="exact")

    def ids_in_index(self) -> frozenset[str]:
        index = open_chroma(self.folder, NAME)
        held = index.ids()
        index.close()
        return held

    def rebuild(self, **options: Any) -> int:
        with closing(open_database(self.file)) as database:
            return rebuild(Memories(database), self.folder, NAME, **options)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = Home(tmp_path_factory.mktemp("original"))
    home.fill()
    home.index()
    return home.settings.home


@pytest.fixture
def filled(original: Path, tmp_path: Path) -> Home:
    return Home(Path(shutil.copytree(original, tmp_path / "filled")))


def only(found: list[Finding]) -> Finding:
    [finding] = found
    assert "\n" not in finding.sentence
    return finding


def test_a_sound_store_has_no_findings(filled: Home) -> None:
    assert filled.check() == []


def test_a_home_without_a_memory_is_sound_and_stays_without(tmp_path: Path) -> None:
    home = Home(tmp_path / "new")
    assert home.check() == []
    assert not home.file.exists()


def test_progress_counts_every_row_once(filled: Home) -> None:
    steps: list[tuple[int, int]] = []
    exact = filled.settings.memory.model_copy(update={"index": "exact"})
    settings = filled.settings.model_copy(update={"memory": exact})
    check(settings, NAME, on_progress=lambda done, total: steps.append((done, total)))
    assert steps[-1] == (22, 22)  # a session, a turn, twenty memories


@pytest.mark.parametrize("keep_bytes", [0, 10, 5_000, 20_000])
def test_a_file_cut_short_is_a_sentence_and_is_not_touched(filled: Home, keep_bytes: int) -> None:
    filled.file.write_bytes(filled.file.read_bytes()[:keep_bytes])
    finding = filled.check()[0]
    assert (finding.severity, finding.place) == ("bad", "database")
    assert "backup" in finding.sentence + finding.remedy
    assert filled.file.stat().st_size == keep_bytes


def test_a_page_of_garbage_is_found_by_sqlite_itself(filled: Home) -> None:
    content = bytearray(filled.file.read_bytes())
    content[-4096:] = b"\x7f" * 4096
    filled.file.write_bytes(bytes(content))
    assert any(one.severity == "bad" and one.place == "database" for one in filled.check())


def test_rows_that_refer_to_nothing_are_counted(filled: Home) -> None:
    filled.sql("UPDATE memories SET session_id = 'nowhere'")
    finding = only(filled.check_rows())
    assert finding.sentence == "20 rows refer to another that does not exist, in memories"


def one_id(home: Home) -> str:
    with closing(sqlite3.connect(home.file)) as raw:
        return str(raw.execute("SELECT min(id) FROM memories").fetchone()[0])


@pytest.mark.parametrize(
    "vector",
    [
        unit_vectors(1)[0] * 1.01,
        unit_vectors(1)[0][:8] / np.linalg.norm(unit_vectors(1)[0][:8]),
        np.full(16, np.nan, np.float32),
        np.zeros(16, np.float32),
        np.zeros(0, np.float32),
    ],
    ids=["too long", "half of it", "not numbers", "zeros", "empty"],
)
def test_a_vector_that_is_none_is_found_and_set_aside_to_be_embedded_again(
    filled: Home, vector: NDArray[np.float32]
) -> None:
    name = one_id(filled)
    filled.sql("UPDATE memories SET vector = ? WHERE id = ?", vector.astype("<f4").tobytes(), name)
    finding = filled.check_rows()[0]
    assert finding == Finding(
        "bad", "vectors", f"1 memory has a vector that cannot be compared (the first: {name})", EMBED
    )
    with closing(open_database(filled.file)) as database:
        assert unusable(database) == [name]
        set_aside(database, [name])
        assert unusable(database) == []
        assert name not in Memories(database).ids(NAME)


def test_vectors_of_another_embedder_wait_for_it(filled: Home) -> None:
    filled.sql("UPDATE memories SET embedder = 'older' WHERE id = ?", one_id(filled))
    finding = filled.check_rows()[0]
    assert (finding.severity, finding.remedy) == ("note", EMBED)
    assert "1 memory has a vector of 'older' instead of 'unit-vectors'" in finding.sentence


def test_a_text_altered_behind_our_back_is_found(filled: Home) -> None:
    filled.sql("UPDATE memories SET text = 'something else' WHERE id = ?", one_id(filled))
    finding = only(filled.check_rows())
    assert finding.sentence.startswith("1 memory is not the text it was stored as")


def test_a_turn_that_is_no_turn_is_found(filled: Home) -> None:
    filled.sql("UPDATE turns SET record = '{\"question\": '")
    assert only(filled.check_rows()).sentence.startswith("1 turn cannot be read")


def test_memories_that_vanished_or_that_nobody_entered_are_found_in_the_journal(filled: Home) -> None:
    name = one_id(filled)
    filled.sql("DELETE FROM memories WHERE id = ?", name)
    assert only(filled.check_rows()).sentence == "1 memory has vanished from the database without being forgotten"
    filled.sql("DELETE FROM changes")
    assert filled.check_rows()[0].sentence == "19 memories are not in the journal, so indexes have not heard of them"


def test_a_journal_that_would_use_its_numbers_again_is_found(filled: Home) -> None:
    filled.sql("UPDATE sqlite_sequence SET seq = 3 WHERE name = 'changes'")
    assert only(filled.check_rows()).sentence.startswith("The journal is at 20 but would count on from 3")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("state = 'superseded', replaced_by = NULL", "20 memories were replaced by others that no longer exist"),
        ("state = 'merged', replaced_by = id", "20 memories are replaced by each other"),
        ("replaced_by = (SELECT max(id) FROM memories)", "20 active memories are marked as replaced"),
    ],
)
def test_a_history_that_leads_nowhere_is_found(filled: Home, change: str, sentence: str) -> None:
    filled.sql(f"UPDATE memories SET {change}")
    assert filled.check_rows()[0].sentence.startswith(sentence)


def test_an_index_that_has_not_heard_of_what_was_said_and_forgotten_since_is_sound(filled: Home) -> None:
    filled.fill(5, "said later")
    with closing(open_database(filled.file)) as database, database.write() as connection:
        forget(connection, [one_id(filled)])
    assert filled.check() == []


def alter_index(home: Home, change: Callable[[Any], None]) -> None:
    index = open_chroma(home.folder, NAME)
    change(index)
    index.close()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda index: index.delete(sorted(index.ids())[:3]), "The index lacks 3 long-term memories"),
        pytest.param(
            lambda index: index.upsert(["stray"], unit_vectors(1)),
            "The index holds 1 memory that the database",
            marks=pytest.mark.drill,
        ),
        pytest.param(
            lambda index: index.upsert(sorted(index.ids()), unit_vectors(20, 9)),
            "The index holds other vectors than",
            marks=pytest.mark.drill,
        ),
        pytest.param(
            lambda index: setattr(index, "delivered", 999),
            "The index has heard 999 changes, but the database knows 20",
            marks=pytest.mark.drill,
        ),
    ],
)
def test_an_index_that_is_wrong_is_found_and_rebuilt_without_embedding(
    filled: Home, change: Callable[[Any], None], sentence: str
) -> None:
    alter_index(filled, change)
    finding = only(filled.check())
    assert finding.sentence.startswith(sentence)
    assert finding.remedy == REBUILD
    steps: list[tuple[int, int]] = []
    assert filled.rebuild(on_progress=lambda done, total: steps.append((done, total))) == 20
    assert steps == [(20, 20)]
    with closing(open_database(filled.file)) as database:
        assert filled.ids_in_index() == Memories(database).ids(NAME)


def test_an_index_that_heard_more_than_an_older_database_hears_all_of_it_again(filled: Home) -> None:
    alter_index(filled, lambda index: setattr(index, "delivered", 999))
    filled.index()
    alter_index(filled, lambda index: index.delivered == 20 or pytest.fail("it would miss what comes"))


@pytest.mark.drill
def test_garbage_in_the_index_is_a_sentence_and_is_rebuilt(filled: Home) -> None:
    next(filled.folder.rglob("chroma.sqlite3")).write_bytes(b"not a database" * 1_000)
    finding = only(filled.check())
    assert finding.sentence.startswith(f"The index in {filled.folder} cannot be read")
    filled.rebuild()
    assert len(filled.ids_in_index()) == 20


def test_an_index_that_killed_its_owner_is_not_opened_by_the_check(filled: Home) -> None:
    (filled.folder / "chroma.opening").touch()
    assert "died of it" in only(filled.check()).sentence


def test_bytes_of_forgotten_vectors_are_worth_a_note_until_the_next_opening(filled: Home) -> None:
    with closing(open_database(filled.file)) as database:
        keeper = IndexKeeper(Memories(database), filled.folder, "chroma", NAME)
        keeper.open()
        forget_memories(database, [one_id(filled)])
        keeper.current()
        keeper.close()
    assert only(filled.check()).severity == "note"
    filled.index()
    assert not (filled.folder / "chroma.forgotten").exists()


OWNER = """
import sys, time
from pathlib import Path
from workbench.memory.index.chroma import open_chroma
index = open_chroma(Path(sys.argv[1]), sys.argv[2])
print("open", flush=True)
time.sleep(60)
"""


@pytest.fixture
def owner(filled: Home) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", OWNER, str(filled.folder), NAME]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        yield process
        process.send_signal(signal.SIGKILL)


def test_an_index_in_use_is_left_alone_and_its_owner_named(filled: Home, owner: subprocess.Popen[str]) -> None:
    finding = only(filled.check())
    assert finding.severity == "note"
    assert finding.sentence.endswith(f"uses the index in {filled.folder}, so it was not looked into")
    if Path("/proc/locks").exists():
        assert finding.sentence.startswith(f"Process {owner.pid} (")
    with pytest.raises(StoreLocked, match="Another workbench uses the index"):
        filled.rebuild()
    assert (filled.folder / "chroma" / "1").exists()


def test_readable_vectors_beside_encrypted_ones_are_found(filled: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    from workbench.memory.vault import conversion
    from workbench.memory.vault.keys import PersonKey

    with closing(open_database(filled.file)) as database:
        conversion.encrypt(database, PersonKey("correct horse battery", "the test"), vectors=True)
    assert "key" in filled.check()[0].sentence  # without a key nothing can be read, and that is said
    assert "Vectors are encrypted, but an index on disk" in only(filled.check(key="correct horse battery")).sentence


def test_an_encrypted_text_that_was_moved_to_another_row_does_not_open(filled: Home) -> None:
    from workbench.memory.vault import conversion
    from workbench.memory.vault.keys import PersonKey

    with closing(open_database(filled.file)) as database:
        conversion.encrypt(database, PersonKey("correct horse battery", "the test"))
    name = one_id(filled)
    filled.sql("UPDATE memories SET text = (SELECT max(text) FROM memories WHERE id <> ?) WHERE id = ?", name, name)
    finding = filled.check(key="correct horse battery", index="exact")[0]
    assert finding.sentence == f"1 row of memories cannot be opened with the key (the first: {name})"


def test_a_server_that_holds_something_else_is_found_and_rebuilt(filled: Home, tmp_path: Path) -> None:
    server = ChromaProcess(tmp_path / "server").start()
    try:
        assert filled.rebuild(chroma_url=server.url) == 20
        index = open_chroma_server(server.url, filled.folder, NAME, place=str(filled.file))
        index.delete([one_id(filled)])
        index.close()
        assert only(filled.check(chroma_url=server.url)).sentence == "The index lacks 1 long-term memory"
        assert filled.rebuild(chroma_url=server.url) == 20
        assert filled.check(chroma_url=server.url) == []
    finally:
        server.kill()


def test_a_server_that_is_away_is_a_note(filled: Home) -> None:
    finding = only(filled.check(chroma_url=f"http://127.0.0.1:{free_port()}"))
    assert finding.severity == "note"
    assert finding.sentence.endswith("exact search answers meanwhile")
