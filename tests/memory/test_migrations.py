from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest
from alembic import command

from workbench.memory import Memory, MiniLM
from workbench.memory.database import open_database
from workbench.memory.migrate import config_for

ROWS = """
INSERT INTO sessions (id, name, created_at) VALUES ('s1', 'pets', 1.0), ('s2', 'work', 2.0);
INSERT INTO turns (id, session_id, number, asked_at, question, answer, record)
    VALUES ('t1', 's1', 1, 10.0, 'My dog is called Rufus.', 'I see.', '{"question": "old", "id": "t1"}');
INSERT INTO feedback (turn_id, kind, correction, given_at) VALUES ('t1', 'up', NULL, 11.0);
INSERT INTO outbox (memory_id, op) VALUES ('m2', 'upsert');
"""


@pytest.fixture
def old_home(tmp_path: Path, minilm: MiniLM) -> Path:
    """A home as the first release left it, with a conversation in it."""
    path = tmp_path / "memory" / "memory.sqlite"
    path.parent.mkdir()
    database = open_database(path)
    with database.bare(write=True) as connection:
        command.downgrade(config_for(connection), "0001")
    database.close()
    texts = ["My dog is called Rufus.", "My cat is called Tom.", "I work as a nurse."]
    with sqlite3.connect(path) as raw:
        raw.executescript(ROWS)
        for number, (text, vector) in enumerate(zip(texts, minilm.embed(texts), strict=True), start=1):
            session, turn = ("s2", None) if number == 3 else ("s1", "t1")
            row = (f"m{number}", session, turn, text, f"print {number}", 10.0, vector.astype("<f4").tobytes())
            raw.execute(
                "INSERT INTO memories (id, session_id, turn_id, text, fingerprint, said_at, vector, embedder)"
                f" VALUES (?, ?, ?, ?, ?, ?, ?, '{minilm.name}')",
                row,
            )
    raw.close()
    return tmp_path


async def test_a_home_of_the_first_release_keeps_everything_and_is_recalled(old_home: Path, minilm: MiniLM) -> None:
    memory = Memory.open(old_home, embedder=minilm)
    assert [session.name for session in memory.sessions.list()] == ["pets", "work"]  # the latest asked first
    assert [turn.id for turn in memory.sessions.turns("s1")] == ["t1"]
    assert [given.kind for given in memory.sessions.feedback("t1")] == ["up"]
    stored = {one.id: one for one in memory.memories.list()}
    assert {name: (one.session_id, one.turn_id, one.place) for name, one in stored.items()} == {
        "m1": ("s1", "t1", 1),
        "m2": ("s1", "t1", 2),
        "m3": ("s2", None, 1),
    }
    assert {(one.tier, one.state, one.pinned) for one in stored.values()} == {("short", "active", False)}
    [found] = await memory.recall("What is my dog called?", k=1)
    assert found.text == "My dog is called Rufus."
    memory.close()


def test_the_journal_of_an_older_home_begins_with_what_was_remembered(old_home: Path, minilm: MiniLM) -> None:
    memory = Memory.open(old_home, embedder=minilm)
    assert {(change.memory_id, change.what) for change in memory.memories.history()} == {
        (f"m{number}", "remembered") for number in (1, 2, 3)
    }
    memory.close()


def test_going_back_to_the_first_tables_keeps_texts_and_vectors(old_home: Path, minilm: MiniLM) -> None:
    database = open_database(old_home / "memory" / "memory.sqlite")
    with database.bare(write=True) as connection:
        command.downgrade(config_for(connection), "0001")
    database.close()
    raw = sqlite3.connect(old_home / "memory" / "memory.sqlite")
    rows = raw.execute("SELECT text, vector FROM memories ORDER BY id").fetchall()
    assert [text for text, _ in rows] == ["My dog is called Rufus.", "My cat is called Tom.", "I work as a nurse."]
    assert all(np.isclose(np.linalg.norm(np.frombuffer(vector, "<f4")), 1, atol=1e-3) for _, vector in rows)
    assert raw.execute("SELECT count(*) FROM turns").fetchone() == (1,)
    assert raw.execute("SELECT count(*) FROM outbox").fetchone() == (3,)
    raw.close()
