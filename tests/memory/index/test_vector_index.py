from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from workbench.core.errors import StoreError, StoreLocked
from workbench.core.records import Turn
from workbench.memory import Memory
from workbench.memory.database import Database, open_database
from workbench.memory.index.chroma import open_chroma
from workbench.memory.index.exact import ExactIndex, VectorIndex
from workbench.memory.index.keeper import IndexKeeper, IndexMode
from workbench.memory.memories import Memories, NewMemory, Tier
from workbench.memory.sessions.forgetting import forget_memories
from workbench.memory.sessions.sessions import Sessions

Opener = Callable[..., Memory]
Keepers = Callable[[IndexMode], IndexKeeper]
NAME = "unit-vectors"
SECRET = "the heron flies at midnight"


def unit_vectors(count: int, seed: int = 0) -> NDArray[np.float32]:
    vectors = np.random.default_rng(seed).standard_normal((count, 64)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def store(
    database: Database, vectors: NDArray[np.float32], *, about: str = SECRET, tier: Tier = "long"
) -> tuple[str, ...]:
    statements = [NewMemory(f"{about} {row}", vector.tobytes(), NAME, tier=tier) for row, vector in enumerate(vectors)]
    return Sessions(database).save(Turn(question="q"), statements).memory_ids


@pytest.fixture
def memories(database: Database) -> Memories:
    return Memories(database)


@pytest.fixture
def keeper(memories: Memories, tmp_path: Path) -> Iterator[Keepers]:
    made: list[IndexKeeper] = []

    def make(mode: IndexMode) -> IndexKeeper:
        made.append(IndexKeeper(memories, tmp_path / "index", mode, NAME))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_exact_search_finds_the_nearest_in_order(database: Database, memories: Memories) -> None:
    ids = store(database, unit_vectors(50))
    index = ExactIndex(memories, NAME)
    query = unit_vectors(50)[7]
    hits = index.search(query, 5)
    scores = unit_vectors(50) @ query
    assert [hit.memory_id for hit in hits] == [ids[row] for row in np.argsort(-scores)[:5]]
    assert hits[0].score == pytest.approx(1, abs=1e-5)
    assert [len(index.search(query, k)) for k in (0, 1, 50, 99)] == [0, 1, 50, 50]


def test_chroma_and_exact_search_give_the_same_hits(database: Database, memories: Memories, keeper: Keepers) -> None:
    store(database, unit_vectors(400))
    chroma = keeper("auto")
    assert chroma.current().name == "exact"  # until it is opened, nobody waits for it
    assert chroma.open()
    assert chroma.current().name == "chroma"
    exact = ExactIndex(memories, NAME)
    for query in unit_vectors(30, seed=1):
        mine, theirs = exact.search(query, 5), chroma.current().search(query, 5)
        assert [hit.memory_id for hit in mine] == [hit.memory_id for hit in theirs]
        np.testing.assert_allclose([hit.score for hit in mine], [hit.score for hit in theirs], atol=1e-5)


def test_chroma_hears_of_what_was_stored_and_forgotten_after_it_opened(
    database: Database, memories: Memories, keeper: Keepers
) -> None:
    first = store(database, unit_vectors(10))
    chroma = keeper("chroma")
    assert chroma.current().count() == 10
    later = store(database, unit_vectors(5, seed=2), about="later")
    forget_memories(database, first[:1])
    assert chroma.current().ids() == {*first[1:], *later}


def test_opening_makes_the_index_hold_what_sql_holds_whatever_the_journal_says(
    database: Database, keeper: Keepers, tmp_path: Path
) -> None:
    ids = store(database, unit_vectors(6))
    with database.write() as connection:
        connection.exec_driver_sql("DELETE FROM changes")  # as after a backup of one of the two was restored
    stray = open_chroma(tmp_path / "index", NAME)
    stray.upsert(["stray", ids[0]], unit_vectors(2))
    stray.close()
    opened = keeper("auto")
    assert opened.open()
    assert opened.current().ids() == set(ids)


async def test_recall_works_while_another_process_owns_the_index(open_memory: Opener) -> None:
    owner, other = open_memory(), open_memory()
    assert await owner.open_index()
    await other.remember(Turn(question="My dog is called Rufus."))
    for memory, name in ((owner, "chroma"), (other, "exact")):
        assert [hit.text for hit in await memory.recall("dog")] == ["My dog is called Rufus."]
        assert memory.index_name == name


def test_exact_mode_never_opens_chroma(database: Database, keeper: Keepers, tmp_path: Path) -> None:
    store(database, unit_vectors(3))
    exact = keeper("exact")
    assert not exact.open()
    assert exact.current().name == "exact"
    assert not (tmp_path / "index").exists()


def test_the_files_of_chroma_hold_ids_and_no_text(database: Database, keeper: Keepers, tmp_path: Path) -> None:
    ids = store(database, unit_vectors(20))
    keeper("chroma").current()
    content = b"".join(path.read_bytes() for path in (tmp_path / "index").rglob("*") if path.is_file())
    assert ids[0].encode() in content
    assert SECRET.encode() not in content


def test_a_second_owner_is_refused_and_auto_falls_back_to_exact_search(database: Database, keeper: Keepers) -> None:
    store(database, unit_vectors(3))
    assert keeper("auto").open()
    with pytest.raises(StoreLocked, match="Another workbench uses the index"):
        keeper("chroma").current()
    second = keeper("auto")
    assert not second.open()
    assert second.current().name == "exact"


def test_another_process_that_owns_the_index_keeps_us_out_until_it_is_killed(keeper: Keepers, tmp_path: Path) -> None:
    code = f"""
import time
from pathlib import Path
from workbench.memory.index.chroma import open_chroma
index = open_chroma(Path({str(tmp_path / "index")!r}), {NAME!r})
print("open", flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "open\n"
        assert not keeper("auto").open()
        owner.kill()
    assert keeper("auto").open()


def ruin_by_garbage(folder: Path) -> None:
    next(folder.rglob("chroma.sqlite3")).write_bytes(b"not a database" * 1_000)


def ruin_by_lost_graph(folder: Path) -> None:
    shutil.rmtree(next(folder.rglob("header.bin")).parent)


def ruin_by_removal(folder: Path) -> None:
    shutil.rmtree(folder)


SEARCH = """
import sys
from pathlib import Path
from workbench.memory.database import open_database
from workbench.memory.index.keeper import IndexKeeper
from workbench.memory.memories import Memories
database = open_database(sys.argv[1])
keeper = IndexKeeper(Memories(database), Path(sys.argv[2]), "chroma", sys.argv[3])
index, some = keeper.current(), keeper._memories.vectors(sys.argv[3]).matrix[::100]
print(index.count(), all(index.search(vector, 1)[0].score > 0.999 for vector in some))
keeper.close()
database.close()
"""


@pytest.fixture(scope="module")
def filled_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database and an index of 1,500 memories: past 1,000, Chroma writes its graph to disk."""
    home = tmp_path_factory.mktemp("filled")
    database = open_database(home / "memory.sqlite")
    store(database, unit_vectors(1_500))
    keeper = IndexKeeper(Memories(database), home / "index", "chroma", NAME)
    assert keeper.open()
    keeper.close()
    database.close()
    return home


@pytest.mark.parametrize("ruin", [ruin_by_garbage, ruin_by_lost_graph, ruin_by_removal])
def test_a_ruined_index_is_filled_again_from_sql(
    filled_home: Path, tmp_path: Path, ruin: Callable[[Path], None]
) -> None:
    home = shutil.copytree(filled_home, tmp_path / "home")
    ruin(home / "index" / "chroma")
    database = open_database(home / "memory.sqlite")
    keeper = IndexKeeper(Memories(database), home / "index", "chroma", NAME)
    assert keeper.current().ids() == Memories(database).ids(NAME)
    for query in unit_vectors(1_500)[::100]:
        assert keeper.current().search(query, 1)[0].score > 0.999
    keeper.close()
    database.close()


def test_a_graph_cut_short_stops_at_most_one_process(filled_home: Path, tmp_path: Path) -> None:
    home = shutil.copytree(filled_home, tmp_path / "home")
    graph = next((home / "index").rglob("data_level0.bin"))
    graph.write_bytes(graph.read_bytes()[:1_000])
    command = [sys.executable, "-c", SEARCH, str(home / "memory.sqlite"), str(home / "index"), NAME]
    ended = subprocess.run(command, capture_output=True, text=True)
    if ended.returncode == -signal.SIGSEGV:  # Chroma's native code read past the end
        ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.stdout == "1500 True\n", ended.stderr


def test_an_index_that_killed_its_owner_while_opening_is_not_opened_again(
    database: Database, keeper: Keepers, tmp_path: Path
) -> None:
    store(database, unit_vectors(5))
    before = keeper("chroma")
    before.open()
    before.close()
    (tmp_path / "index" / "chroma.opening").touch()
    after = keeper("chroma")
    assert after.current().count() == 5
    assert {path.name for path in (tmp_path / "index" / "chroma").iterdir()} == {"2", "2.delivered"}
    assert not (tmp_path / "index" / "chroma.opening").exists()


def ruin_in_use(index: VectorIndex) -> None:
    chroma = index.long  # type: ignore[attr-defined]
    chroma._client.delete_collection(chroma._collection.name)


def test_an_index_that_fails_in_use_is_replaced_by_exact_search(database: Database, keeper: Keepers) -> None:
    store(database, unit_vectors(5))
    failing = keeper("chroma")
    broken = failing.current()
    ruin_in_use(broken)
    with pytest.raises(StoreError) as failure:
        broken.search(unit_vectors(1)[0], 3)
    assert len(failing.without_chroma(failure.value).search(unit_vectors(1)[0], 3)) == 3
    assert failing.current().name == "exact"
    assert keeper("auto").open()  # the next owner finds the path free and fills it again


async def test_recall_answers_although_chroma_breaks_under_it(open_memory: Opener) -> None:
    memory = open_memory(index="auto")
    await memory.remember(Turn(question="My dog is called Rufus."))
    assert await memory.open_index()
    ruin_in_use(memory._keeper.current())
    assert [hit.text for hit in await memory.recall("dog")] == ["My dog is called Rufus."]
    assert memory.index_name == "exact"


async def test_recall_through_chroma_equals_recall_through_exact_search(open_memory: Opener) -> None:
    memory = open_memory()
    cats = " ".join(f"Remember that I own {number} red cats." for number in range(20))
    turn = await memory.remember(Turn(question=cats))
    await memory.remember(Turn(question="My dog is called Rufus. I work as a nurse. The car is blue. I hate olives."))
    assert {one.tier for one in memory.memories.fetch(turn.memory_ids).values()} == {"long"}
    asked = ["What is my job?", "Which colour is it?", "cats"]
    exact = [await memory.recall(question, k=3) for question in asked]
    assert await memory.open_index()
    assert memory._keeper.current().long.count() == 20  # type: ignore[attr-defined]
    chroma = [await memory.recall(question, k=3) for question in asked]
    assert memory.index_name == "chroma"
    assert [[hit.text for hit in hits] for hits in exact] == [[hit.text for hit in hits] for hits in chroma]


def test_a_dotenv_of_the_working_folder_does_not_reach_chroma(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("CHROMA_API_IMPL=no.such.module\nANONYMIZED_TELEMETRY=True\n")
    code = """
import json
from pathlib import Path
from workbench.memory.index.chroma import open_chroma
index = open_chroma(Path("index"), "e")
settings = index._client.get_settings()
print(json.dumps([settings.anonymized_telemetry, settings.is_persistent]))
index.close()
"""
    output = subprocess.check_output([sys.executable, "-c", code], text=True, cwd=tmp_path)
    assert json.loads(output) == [False, True]


def test_a_closed_index_refuses_work(tmp_path: Path) -> None:
    index = open_chroma(tmp_path / "index", NAME)
    index.close()
    index.close()
    with pytest.raises(StoreError, match="was closed"):
        index.count()


async def test_recall_does_not_wait_while_chroma_is_being_opened(open_memory: Opener) -> None:
    memory = open_memory()
    await memory.remember(Turn(question="My dog is called Rufus."))
    with memory._keeper._lock:  # as the thread that opens Chroma holds it
        began = time.perf_counter()
        assert len(await memory.recall("dog")) == 1
        assert time.perf_counter() - began < 2
