"""The memory panel over a real store: messages of the page, what is shown, what is stored, and errors as sentences."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from workbench.core.records import Statement, begun_session
from workbench.memory import Memory, MiniLM
from workbench.memory.database import open_database
from workbench.panels import memory_panel
from workbench.panels.memory_panel import MemoryPanel, open_memory_panel

FACTS = (
    "My dog is called Rufus.",
    "I prefer green tea to coffee.",
    "My sister Mia moved to Kyoto last March.",
    "To restart the router, hold the button for ten seconds.",
)
IMPATIENT = {**(open_database.__kwdefaults__ or {}), "busy_timeout_s": 0.1}  # waits no 5 s for a lock


@pytest.fixture(scope="session")
def minilm() -> MiniLM:
    return MiniLM()


@pytest.fixture
async def panel(tmp_path: Path, minilm: MiniLM) -> AsyncIterator[MemoryPanel]:
    """A panel on a store of four memories."""
    memory = Memory.open(tmp_path, embedder=minilm, index="exact")
    await memory.add([Statement(fact) for fact in FACTS], session=begun_session("holiday"))
    memory.close()
    opened = panel_on(tmp_path, minilm)
    yield opened
    await opened.close()


def panel_on(home: Path, minilm: MiniLM) -> MemoryPanel:
    return MemoryPanel(lambda: Memory.open(home, embedder=minilm, index="exact"), log_file=lambda: home / "log")


async def says(panel: MemoryPanel, content: dict[str, object]) -> None:
    """A message of the page, as a widget receives it; waits until it was worked on."""
    panel.table._handle_custom_msg(content, [])
    await asyncio.sleep(0)
    async with asyncio.timeout(20):
        while working := panel._tasks._held - {panel._keeping_up}:  # that one never ends
            await asyncio.gather(*working, return_exceptions=True)


def texts(panel: MemoryPanel) -> set[str]:
    return {row["text"] for row in panel.table.shown["rows"]}


def id_of(panel: MemoryPanel, word: str) -> str:
    return next(one.id for one in panel.desk.memories if word in one.text)


async def test_nothing_is_opened_or_written_before_a_page_is_shown(tmp_path: Path) -> None:
    panel = open_memory_panel(home=tmp_path / "home")
    await asyncio.sleep(0.05)
    assert not (tmp_path / "home").exists()
    assert panel.head.shown["summary"] == "Reading …"


async def test_a_page_that_is_ready_sees_table_map_and_lifetimes(panel: MemoryPanel) -> None:
    await says(panel, {"type": "ready"})
    assert texts(panel) == set(FACTS)
    assert panel.head.shown["summary"].startswith("4 active memories")
    assert len(panel.map.shown["spots"]) == 4
    assert [one["what"] for one in panel.lifetimes.shown["bins"]] == ["remembered"]
    assert panel.table.shown["offers"]["session_id"][0][1] == "holiday"


async def test_an_empty_store_says_what_to_do(tmp_path: Path, minilm: MiniLM) -> None:
    panel = panel_on(tmp_path, minilm)
    await says(panel, {"type": "ready"})
    assert "workbench ask" in panel.head.shown["empty"]
    assert panel.head.problem == ""
    await says(panel, {"type": "explain", "question": "Who?", "k": 5})
    assert panel.recall.shown["hits"] == []
    await panel.close()


async def test_filters_order_and_choice_of_the_page_are_shown(panel: MemoryPanel) -> None:
    await says(panel, {"type": "ready"})
    await says(panel, {"type": "filter", "filters": {"words": "kyoto", "state": "active"}})
    assert texts(panel) == {FACTS[2]}
    assert len(panel.map.marks["hidden"]) == 3
    await says(panel, {"type": "filter", "filters": {"state": "active"}})
    await says(panel, {"type": "order", "by": "text"})
    assert panel.table.shown["rows"][0]["text"].startswith("I prefer")
    await says(panel, {"type": "choose", "id": id_of(panel, "Rufus")})
    assert panel.card.shown["text"] == FACTS[0]


async def test_a_question_is_explained_by_parts_that_add_up_and_is_not_counted(panel: MemoryPanel) -> None:
    await says(panel, {"type": "ready"})
    await says(panel, {"type": "explain", "question": "What is my dog's name?", "k": 3})
    first, *rest = panel.recall.shown["hits"]
    assert first["text"] == FACTS[0]
    assert first["handed"]
    assert 'shares "dog"' in first["why"]
    assert sum(value for _, value in first["parts"]) == pytest.approx(first["score"], abs=0.002)
    assert len(rest) == 2
    assert panel.map.marks["question"] is not None
    assert len(panel.map.marks["recalled"]) == 3
    await panel.close()
    memory = Memory.open(Path(panel.head.shown["summary"].rsplit("in ", 1)[1]), index="exact")
    assert {one.recall_count for one in memory.memories.list()} == {0}
    memory.close()


async def test_hits_that_the_agent_would_not_be_handed_are_marked(panel: MemoryPanel) -> None:
    await says(panel, {"type": "ready"})
    await says(panel, {"type": "explain", "question": "What is my dog's name?", "k": 4})
    handed = {hit["text"]: hit["handed"] for hit in panel.recall.shown["hits"]}
    assert handed[FACTS[0]]
    assert not handed[FACTS[3]]


@pytest.mark.parametrize(("question", "k"), [("  ", 5), ("Who?", 0), ("Who?", 21)])
async def test_a_question_that_cannot_be_explained_is_a_sentence(panel: MemoryPanel, question: str, k: int) -> None:
    await says(panel, {"type": "explain", "question": question, "k": k})
    assert panel.head.problem
    assert "wrong inside" not in panel.head.problem


async def test_pinning_is_stored_and_shown(panel: MemoryPanel) -> None:
    await says(panel, {"type": "ready"})
    name = id_of(panel, "Rufus")
    await says(panel, {"type": "choose", "id": name})
    await says(panel, {"type": "pin", "id": name, "pinned": True})
    assert panel.card.shown["pinned"]
    assert "pinned" in panel.card.shown["fading"]["sentence"]
    assert [one["what"] for one in panel.card.shown["story"]["changes"]] == ["remembered", "pinned"]
    assert panel.head.notice == "Pinned; it will not expire."
    await says(panel, {"type": "pin", "id": name, "pinned": False})
    assert not panel.card.shown["pinned"]


async def test_an_edited_memory_is_found_by_its_new_words_and_the_open_recall_is_made_again(panel: MemoryPanel) -> None:
    await says(panel, {"type": "ready"})
    await says(panel, {"type": "explain", "question": "Where does my parrot sleep?", "k": 1})
    name = id_of(panel, "tea")
    await says(panel, {"type": "edit", "id": name, "text": "My parrot sleeps on the shelf."})
    assert panel.recall.shown["hits"][0]["id"] == name
    assert "My parrot sleeps on the shelf." in texts(panel)
    assert FACTS[1] not in texts(panel)


async def test_an_edit_that_says_what_another_says_is_refused_in_a_sentence(panel: MemoryPanel) -> None:
    await says(panel, {"type": "ready"})
    await says(panel, {"type": "edit", "id": id_of(panel, "tea"), "text": FACTS[0]})
    assert panel.head.problem
    assert "wrong inside" not in panel.head.problem
    assert FACTS[1] in texts(panel)


async def test_a_forgotten_memory_is_gone_from_table_map_recall_and_card(panel: MemoryPanel) -> None:
    await says(panel, {"type": "ready"})
    await says(panel, {"type": "explain", "question": "What is my dog's name?", "k": 2})
    name = id_of(panel, "Rufus")
    await says(panel, {"type": "choose", "id": name})
    await says(panel, {"type": "forget", "id": name})
    assert FACTS[0] not in texts(panel)
    assert panel.card.shown == {}
    shown = (panel.map.shown["spots"], panel.recall.shown["hits"])
    assert all(one["id"] != name for part in shown for one in part)
    assert panel.lifetimes.shown["latest"][0]["what"] == "forgotten"


async def test_an_expired_memory_is_restored_by_hand(panel: MemoryPanel) -> None:
    await says(panel, {"type": "ready"})
    memory, name = await panel._opened(), id_of(panel, "Rufus")
    expire(memory, name)
    await says(panel, {"type": "refresh"})
    assert FACTS[0] not in texts(panel)
    await says(panel, {"type": "choose", "id": name})
    assert panel.card.shown["state"] == "expired"
    await says(panel, {"type": "restore", "id": name})
    assert panel.card.shown["state"] == "active"
    assert FACTS[0] in texts(panel)


def expire(memory: Memory, name: str) -> None:
    from workbench.memory.memories import change

    with memory.memories.database.write() as connection:
        change(connection, name, "expired", why="importance 0.20 below 0.25", state="expired")


async def test_what_another_process_remembered_is_seen_after_a_refresh(
    panel: MemoryPanel, tmp_path: Path, minilm: MiniLM
) -> None:
    await says(panel, {"type": "ready"})
    other = Memory.open(tmp_path, embedder=minilm, index="exact")
    await other.add([Statement("My bicycle is called Rocket.")])
    other.close()
    await says(panel, {"type": "refresh"})
    assert "My bicycle is called Rocket." in texts(panel)


async def test_a_store_that_another_process_holds_is_a_sentence_and_the_next_try_works(
    panel: MemoryPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.memory.database.open_database.__kwdefaults__", IMPATIENT)
    await says(panel, {"type": "ready"})
    name = id_of(panel, "Rufus")
    holder = sqlite3.connect(tmp_path / "memory" / "memory.sqlite", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    await says(panel, {"type": "pin", "id": name, "pinned": True})
    assert panel.head.problem.startswith("Another process holds ")
    holder.execute("ROLLBACK")
    holder.close()
    await says(panel, {"type": "pin", "id": name, "pinned": True})
    assert panel.head.problem == ""
    assert panel.head.notice.startswith("Pinned")


async def test_a_store_locked_as_a_whole_cannot_be_opened_and_says_so(
    tmp_path: Path, minilm: MiniLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.memory.database.open_database.__kwdefaults__", IMPATIENT)
    Memory.open(tmp_path, embedder=minilm, index="exact").close()
    holder = sqlite3.connect(tmp_path / "memory" / "memory.sqlite", isolation_level=None)
    for statement in ("PRAGMA locking_mode=EXCLUSIVE", "BEGIN EXCLUSIVE", "UPDATE memories SET pinned = 0", "COMMIT"):
        holder.execute(statement)
    panel = panel_on(tmp_path, minilm)
    await says(panel, {"type": "ready"})
    assert panel.head.problem.startswith("Another process holds ")
    holder.close()
    await says(panel, {"type": "refresh"})
    assert panel.head.problem == ""
    assert "Nothing is remembered yet" in panel.head.shown["empty"]
    await panel.close()


async def test_an_unexpected_error_names_the_log_and_keeps_its_details_there(
    panel: MemoryPanel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(memory_panel, "vector_map", fails)
    await says(panel, {"type": "ready"})
    assert "(RuntimeError)" in panel.head.problem
    assert "secret detail" not in panel.head.problem
    assert "secret detail" in caplog.text


async def test_a_message_nobody_knows_changes_nothing(panel: MemoryPanel) -> None:
    await says(panel, {"type": "ready"})
    before = panel.desk
    await says(panel, {"type": "drop", "table": "memories"})
    await says(panel, {"type": "order", "by": "id; DROP TABLE"})
    assert panel.desk == before
