"""Another embedder: all vectors become its own, while others write, after a stop, after kill -9.

Both embedders are real: MiniLM, and one that counts words into 64 numbers.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.models.ollama_replies import VECTOR_LENGTH, word_vector
from workbench.core.errors import ModelNotFound
from workbench.memory import Embedder, MiniLM
from workbench.memory.database import Database, open_database
from workbench.memory.index.exact import ExactIndex
from workbench.memory.memories import Memories, NewMemory, add, change, prepared
from workbench.memory.sessions.forgetting import forget_memories
from workbench.memory.upkeep.reembedding import BATCH, Progress, pending, reembed

ROOT = Path(__file__).parents[3]


class WordCounts:
    """Counts words into 64 numbers; `gate` is called before each batch."""

    name = "word-counts"
    dimension = VECTOR_LENGTH

    def __init__(self, gate: Callable[[Sequence[str]], None] = lambda texts: None) -> None:
        self._gate = gate
        self.embedded: list[str] = []

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self._gate(texts)
        self.embedded += texts
        return np.array([word_vector(text) for text in texts], np.float32).reshape(len(texts), self.dimension)

    def embed_query(self, text: str) -> NDArray[np.float32]:
        return np.array(word_vector(text), np.float32)


def store(database: Database, embedder: Embedder, texts: Sequence[str]) -> tuple[str, ...]:
    vectors = embedder.embed(texts).astype("<f4")
    rows = [
        NewMemory(text, vector.tobytes(), embedder.name, said_at=float(number))
        for number, (text, vector) in enumerate(zip(texts, vectors, strict=True))
    ]
    with database.write() as connection:
        stated = prepared(connection, database.vault, rows, session_id=None, turn_id=None, said_at=0.0)
        add(connection, stated)
        return stated.new


@pytest.fixture
def memories(database: Database) -> Memories:
    return Memories(database)


def numbered(count: int) -> list[str]:
    return [f"Memory number {number} is about thing{number}." for number in range(count)]


def test_every_memory_gets_the_vector_of_its_text_and_the_journal_says_so(memories: Memories, minilm: MiniLM) -> None:
    texts = numbered(BATCH + 3)
    ids = store(memories.database, minilm, texts)
    before, steps = memories.last_change(), list[Progress]()
    assert (pending(memories, "word-counts"), pending(memories, minilm.name)) == (len(ids), 0)
    assert reembed(memories, WordCounts(), steps.append) == len(ids)
    assert steps == [(BATCH, len(ids)), (len(ids), len(ids))]
    held = memories.vectors("word-counts")
    by_id = dict(zip(held.ids, held.matrix, strict=True))
    np.testing.assert_allclose([by_id[name] for name in ids], [word_vector(text) for text in texts], atol=1e-6)
    assert set(memories.changed_since(before).ids) == set(ids)
    assert {change.what for change in memories.history() if change.seq > before} == {"embedded"}
    assert pending(memories, "word-counts") == memories.count(embedder=minilm.name) == 0


def test_an_open_index_of_either_embedder_hears_of_it(memories: Memories, minilm: MiniLM) -> None:
    texts = ["My dog is called Rufus.", "The car is red."]
    ids = store(memories.database, minilm, texts)
    old, new = ExactIndex(memories, minilm.name), ExactIndex(memories, "word-counts")
    assert (old.count(), new.count()) == (2, 0)
    reembed(memories, WordCounts())
    assert (old.count(), new.count()) == (0, 2)
    assert new.search(WordCounts().embed_query("a red car"), 1)[0].memory_id == ids[1]


def test_going_back_gives_the_first_vectors_again(memories: Memories, minilm: MiniLM) -> None:
    ids = store(memories.database, minilm, numbered(5))
    before = memories.vectors(minilm.name, ids=ids)
    reembed(memories, WordCounts())
    assert reembed(memories, minilm) == 5
    after = memories.vectors(minilm.name, ids=ids)
    assert before.ids == after.ids
    assert (np.sum(before.matrix * after.matrix, axis=1) > 0.98).all()  # 8-bit scales depend a little on the batch


def test_a_second_run_does_nothing(memories: Memories, minilm: MiniLM) -> None:
    store(memories.database, minilm, numbered(3))
    reembed(memories, WordCounts())
    seq = memories.last_change()
    assert reembed(memories, WordCounts()) == 0
    assert memories.last_change() == seq


def test_an_empty_store_asks_no_embedder(memories: Memories) -> None:
    embedder = WordCounts()
    assert reembed(memories, embedder) == 0
    assert embedder.embedded == []


def test_active_memories_come_first_and_the_latest_of_them_before(memories: Memories, minilm: MiniLM) -> None:
    ids = store(memories.database, minilm, ["oldest", "expired", "newest"])
    with memories.database.write() as connection:
        change(connection, ids[1], "expired", state="expired")
    embedder = WordCounts()
    reembed(memories, embedder)
    assert embedder.embedded == ["newest", "oldest", "expired"]


def test_a_stopped_run_keeps_what_it_did_and_the_next_one_goes_on(memories: Memories, minilm: MiniLM) -> None:
    store(memories.database, minilm, numbered(3 * BATCH))
    stop = threading.Event()
    assert reembed(memories, WordCounts(), lambda progress: stop.set(), stop) == BATCH
    assert pending(memories, "word-counts") == 2 * BATCH
    assert reembed(memories, WordCounts(), stop=stop) == 0
    assert reembed(memories, WordCounts()) == 2 * BATCH


def test_a_failing_embedder_keeps_what_was_done(memories: Memories, minilm: MiniLM) -> None:
    def fail_later(texts: Sequence[str]) -> None:
        if embedder.embedded:
            raise ModelNotFound("the model was removed; pull it again")

    store(memories.database, minilm, numbered(2 * BATCH))
    embedder = WordCounts(fail_later)
    with pytest.raises(ModelNotFound):
        reembed(memories, embedder)
    assert pending(memories, "word-counts") == BATCH


def test_what_is_edited_forgotten_or_added_meanwhile_ends_up_right(
    memories: Memories, minilm: MiniLM, tmp_path: Path
) -> None:
    edited, gone, kept = store(memories.database, minilm, ["The car is red.", "I hate tea.", "My dog is Rufus."])

    def meanwhile(texts: Sequence[str]) -> None:
        if len(texts) < 3:
            return
        other = open_database(tmp_path / "memory.sqlite", busy_timeout_s=0.2)  # as another process: nothing is locked
        [vector] = minilm.embed(["The car is blue."]).astype("<f4")
        Memories(other).edit(edited, "The car is blue.", vector.tobytes(), minilm.name)
        forget_memories(other, [gone])
        store(other, minilm, ["I bought a cat."])
        other.close()

    assert reembed(memories, WordCounts(meanwhile)) == 3
    held = memories.vectors("word-counts")
    texts = {row.id: row.text for row in memories.list()}
    assert {texts[name] for name in held.ids} == {"The car is blue.", "My dog is Rufus.", "I bought a cat."}
    for name, vector in zip(held.ids, held.matrix, strict=True):
        np.testing.assert_allclose(vector, word_vector(texts[name]), atol=1e-6)
    assert kept in held.ids


def test_two_runs_at_once_do_each_memory_once(memories: Memories, minilm: MiniLM) -> None:
    ids = store(memories.database, minilm, numbered(4 * BATCH))
    done: list[int] = []

    def run() -> None:
        done.append(reembed(memories, WordCounts(lambda texts: time.sleep(0.01))))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    embedded = [change for change in memories.history() if change.what == "embedded"]
    assert sum(done) == len(embedded) == len(ids)


CHILD = """
import sys, time
from pathlib import Path
from tests.memory.upkeep.test_reembedding import WordCounts
from workbench.memory.database import open_database
from workbench.memory.memories import Memories
from workbench.memory.upkeep.reembedding import reembed

def report(progress):
    print(progress.done, flush=True)
    time.sleep(0.02)

reembed(Memories(open_database(Path(sys.argv[1]))), WordCounts(), report)
"""


def test_after_kill_9_in_the_middle_nothing_is_lost_and_the_next_run_goes_on(
    memories: Memories, minilm: MiniLM, tmp_path: Path
) -> None:
    texts = numbered(12 * BATCH)
    ids = store(memories.database, minilm, texts)
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path / "memory.sqlite")], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert child.stdout is not None
    with child, child.stdout:
        acknowledged = [int(child.stdout.readline()) for _ in range(3)][-1]
        child.send_signal(signal.SIGKILL)
    left = pending(memories, "word-counts")
    assert 0 < left <= len(ids) - acknowledged
    assert memories.count(embedder="word-counts") + memories.count(embedder=minilm.name) == len(ids)
    embedded = {change.memory_id for change in memories.history() if change.what == "embedded"}
    assert embedded == memories.ids("word-counts")  # vector and journal are one transaction
    assert reembed(memories, WordCounts()) == left
    held = memories.vectors("word-counts", ids=ids)
    by_id = dict(zip(held.ids, held.matrix, strict=True))
    np.testing.assert_allclose([by_id[name] for name in ids], [word_vector(text) for text in texts], atol=1e-6)
