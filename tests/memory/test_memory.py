from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from workbench.core.errors import NotStored
from workbench.core.records import Turn
from workbench.memory import Memory, MiniLM
from workbench.memory.database import open_database
from workbench.memory.embedders import minilm as minilm_room
from workbench.memory.recall.ranking import Weights
from workbench.memory.recall.why import when_said

Opener = Callable[..., Memory]


async def test_what_was_said_in_one_session_is_recalled_in_the_next_process(open_memory: Opener) -> None:
    memory = open_memory()
    turn = await memory.remember(Turn(question="My dog is called Rufus. What should I feed him?", answer="Meat."))
    memory.close()
    [found] = await open_memory().recall("What is my dog's name?", k=1)
    assert (found.text, found.memory_id, found.session_id) == (
        "My dog is called Rufus.",
        turn.memory_ids[0],
        turn.session_id,
    )
    assert found.parts["cosine"] > 0.5
    cosine = found.parts["cosine"] / Weights().cosine
    assert found.why == f'shares "dog" with the question; cosine {cosine:.2f}; said by you; said just now'


async def test_hits_come_best_first_and_obey_k_and_min_score(memory: Memory) -> None:
    await memory.remember(Turn(question="I hate olives. I love olive oil. I work as a nurse. My car is red."))
    found = await memory.recall("Do I like olives?", k=3)
    assert len(found) == 3
    assert [hit.score for hit in found] == sorted((hit.score for hit in found), reverse=True)
    close = await memory.recall("Do I like olives?", k=4, min_score=0.3)
    assert {hit.text for hit in close} == {"I hate olives.", "I love olive oil."}
    assert await memory.recall("Do I like olives?", k=0) == ()


async def test_answers_thinking_and_questions_never_become_memories(memory: Memory) -> None:
    turn = await memory.remember(
        Turn(question="Where is Oslo?", answer="Oslo is in Norway.", thinking="I am sure the user lives there.")
    )
    assert turn.memory_ids == ()
    assert await memory.recall("Where is Oslo?", min_score=-1) == ()
    assert memory.sessions.turn(turn.id).thinking == turn.thinking  # shown apart, in the record


async def test_the_same_statement_is_kept_once(memory: Memory) -> None:
    first = await memory.remember(Turn(question="My dog is called Rufus."))
    again = await memory.remember(Turn(question="my  DOG is called rufus. My cat is Tom. My cat is tom."))
    assert (len(first.memory_ids), len(again.memory_ids)) == (1, 1)
    assert {hit.text for hit in await memory.recall("pets", min_score=-1)} == {
        "My dog is called Rufus.",
        "My cat is Tom.",
    }


async def test_a_forgotten_memory_is_not_recalled(memory: Memory) -> None:
    turn = await memory.remember(Turn(question="My dog is called Rufus."))
    await memory.forget(turn.memory_ids[0])
    assert await memory.recall("dog", min_score=-1) == ()
    with pytest.raises(NotStored, match="No memory has the id"):
        await memory.forget(turn.memory_ids[0])


async def test_nothing_to_recall_and_nothing_stated_never_load_the_embedder(
    open_memory: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(minilm_room, "PACKAGE", "no_such_package_of_models")  # loading would fail
    memory = open_memory(embedder=MiniLM())
    assert await memory.recall("What is my name?") == ()
    assert (await memory.remember(Turn(question="What is my name?", answer="I don't know."))).session_id


@pytest.mark.parametrize(
    "question",
    [
        "My key is \0 here.",
        "I am \ud800 broken.",
        "\u202eI am reversed.",
        "My file is " + "x" * 1_000_000,
        "I am. " * 99_999,
    ],
)
async def test_a_hostile_question_is_stored_whole_and_recall_survives_it(memory: Memory, question: str) -> None:
    turn = await memory.remember(Turn(question=question, answer=question))
    assert memory.sessions.turn(turn.id).question == question
    await memory.recall(question, min_score=-1)
    for message in memory.sessions.history(turn.session_id or "", 1):
        message.content.encode()


async def test_turns_stored_at_once_are_all_kept_and_numbered(memory: Memory) -> None:
    session = memory.sessions.create()
    questions = [f"I own {number} cats." for number in range(12)]
    await asyncio.gather(*(memory.remember(Turn(question=q, session_id=session.id)) for q in questions))
    assert {turn.question for turn in memory.sessions.turns(session.id)} == set(questions)
    assert len(await memory.recall("cats", k=20, min_score=-1)) == 12


class SlowEmbedder(MiniLM):
    """The real embedder behind a gate, to stop a turn while it embeds."""

    def __init__(self) -> None:
        super().__init__()
        self.entered, self.gate = threading.Event(), threading.Event()

    def embed(self, texts: Sequence[str]):  # type: ignore[no-untyped-def]
        self.entered.set()
        self.gate.wait(10)
        return super().embed(texts)


async def test_a_turn_cancelled_while_embedding_leaves_nothing(open_memory: Opener) -> None:
    slow = SlowEmbedder()
    memory = open_memory(embedder=slow)
    task = asyncio.create_task(memory.remember(Turn(question="My dog is called Rufus.")))
    await asyncio.to_thread(slow.entered.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    slow.gate.set()
    assert memory.sessions.list() == ()
    assert await memory.recall("dog", min_score=-1) == ()


async def test_a_turn_cancelled_while_it_waits_for_the_database_leaves_nothing(memory: Memory, tmp_path: Path) -> None:
    holder = sqlite3.connect(tmp_path / "memory" / "memory.sqlite", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    task = asyncio.create_task(memory.remember(Turn(question="What time is it?", answer="Noon.")))
    await asyncio.sleep(0.2)
    task.cancel()
    await asyncio.sleep(0)
    holder.close()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert memory.sessions.list() == ()


WRITER = """
import asyncio, sys
from pathlib import Path
from workbench.core.records import Turn
from workbench.memory import Memory

async def main():
    memory, number = Memory.open(Path(sys.argv[1])), 0
    while True:
        number += 1
        turn = await memory.remember(Turn(question=f"I own {number} cats.", answer="So many!"))
        print(turn.id, *turn.memory_ids, flush=True)

asyncio.run(main())
"""


def acknowledged_before_kill(home: Path) -> list[list[str]]:
    """Turn id and memory id of everything a writer reported before it was killed in mid-work."""
    with subprocess.Popen([sys.executable, "-c", WRITER, str(home)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(20)]
        writer.send_signal(signal.SIGKILL)
        lines += [line for line in writer.stdout if line.endswith("\n")]
    return [line.split() for line in lines]


async def test_what_was_acknowledged_survives_kill_9(tmp_path: Path, open_memory: Opener) -> None:
    acknowledged = acknowledged_before_kill(tmp_path)
    memory = open_memory()
    recalled = {hit.memory_id for hit in await memory.recall("cats", k=1_000, min_score=-1)}
    for turn_id, memory_id in acknowledged:
        assert memory.sessions.turn(turn_id).memory_ids == (memory_id,)
        assert memory_id in recalled
    stored = [turn for session in memory.sessions.list() for turn in memory.sessions.turns(session.id)]
    assert {memory_id for turn in stored for memory_id in turn.memory_ids} == recalled  # no half-written turn


def test_opening_a_home_twice_in_one_process_shares_what_is_stored(open_memory: Opener) -> None:
    first, second = open_memory(), open_memory()
    turn = first.sessions.save(Turn(question="q", answer="a"))
    assert second.sessions.turn(turn.id) == turn


async def test_a_database_url_moves_the_truth_elsewhere(open_memory: Opener, tmp_path: Path) -> None:
    memory = open_memory(database_url=f"sqlite:///{tmp_path}/elsewhere.sqlite")
    turn = await memory.remember(Turn(question="My dog is called Rufus."))
    elsewhere = open_database(tmp_path / "elsewhere.sqlite")
    with elsewhere.read() as connection:
        assert connection.exec_driver_sql("SELECT id FROM memories").scalars().all() == [turn.memory_ids[0]]
    elsewhere.close()


@pytest.mark.parametrize(
    ("age_s", "words"),
    [
        (-5, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (7_300, "2 hours ago"),
        (86_400 * 2.5, "2 days ago"),
        (86_400 * 45, "1 month ago"),
        (86_400 * 800, "2 years ago"),
    ],
)
def test_ages_are_told_in_the_largest_unit_that_fits(age_s: float, words: str) -> None:
    assert when_said(age_s) == words


async def test_the_age_is_counted_from_when_it_was_said(memory: Memory) -> None:
    await memory.remember(Turn(question="My dog is called Rufus.", asked_at=time.time() - 86_400 * 2 - 5))
    [found] = await memory.recall("dog")
    assert found.why.endswith("said 2 days ago")
