"""Forgetting, checked on the bytes of every file: the database, its log, and Chroma's folder."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.core.errors import NotStored
from workbench.core.records import Feedback, Message, Turn
from workbench.memory import Memory
from workbench.memory import memories as memory_rows
from workbench.memory.database import open_database
from workbench.memory.memories import NewMemory
from workbench.memory.sessions.conversation import Conversation
from workbench.memory.sessions.redaction import FORGOTTEN
from workbench.memory.sessions.sessions import Sessions
from workbench.memory.vault.keys import PersonKey, new_key

DOG = "My dog is called Rufus."
SECRET = b"Rufus"


def holders(folder: Path, needle: bytes = SECRET) -> list[str]:
    """Every file that holds the bytes."""
    return [path.name for path in folder.rglob("*") if path.is_file() and needle.lower() in path.read_bytes().lower()]


async def told(memory: Memory) -> Turn:
    """A session about a dog, another one that recalls it, and one that says it again."""
    first = await memory.remember(Turn(question=f"{DOG} What does he eat?", answer=f"Meat. You said: {DOG}"))
    for question in ("Why is that so?", "Is it late?"):
        await memory.remember(
            Turn(
                question=question,
                answer="Yes, it is.",
                session_id=first.session_id,
                history=memory.sessions.history(first.session_id or "", 4),
            )
        )
    other = Turn(question="Which dog?", answer="Rufus, I think. my dog is called rufus", session_name="other")
    other = await memory.remember(Turn(**{**_fields(other), "recalled": await memory.recall("dog", min_score=-1)}))
    memory.sessions.add_feedback(Feedback(other.id, "correct", f"It is clear: {DOG}"))
    await memory.remember(Turn(question=f"{DOG} I live in Oslo.", answer="I know.", session_name="again"))
    Conversation(memory.memories.database).context(first.session_id, turns=1, tokens=300)
    return first


def _fields(turn: Turn) -> dict[str, object]:
    return {name: getattr(turn, name) for name in Turn.__dataclass_fields__}


async def test_no_file_holds_a_forgotten_memory_while_the_store_is_open(memory: Memory, tmp_path: Path) -> None:
    first = await told(memory)
    assert holders(tmp_path)
    answer = memory.sessions.turns(memory.sessions.get("other").id)[0]
    memory.sessions.add_feedback(Feedback(answer.id, "up"))
    gone = memory.sessions.forget_memories(first.memory_ids)
    assert (gone.memories, gone.redacted) == (1, 5)
    turn = memory.sessions.turn(first.id)
    assert turn.question == f"{FORGOTTEN} What does he eat?"
    assert turn.answer == f"Meat. You said: {FORGOTTEN}"
    assert turn.memory_ids == ()
    other = memory.sessions.turn(answer.id)
    assert other.recalled == ()
    assert other.answer == f"Rufus, I think. {FORGOTTEN}"  # a paraphrase is not the statement
    assert memory.sessions.feedback(answer.id)[0].correction == f"It is clear: {FORGOTTEN}"
    assert memory.sessions.history(first.session_id or "", 9)[0] == Message("user", turn.question)
    assert holders(tmp_path, b"dog is called") == []


async def test_no_file_holds_a_forgotten_session_while_the_store_is_open(memory: Memory, tmp_path: Path) -> None:
    first = await told(memory)
    gone = memory.sessions.forget(first.session_id or "")
    assert (gone.turns, gone.memories, gone.redacted) == (3, 1, 2)
    assert holders(tmp_path, b"dog is called") == holders(tmp_path, b"What does he eat") == []
    assert holders(tmp_path, (first.session_id or "").encode()) == []
    assert [change.what for change in memory.memories.history(first.memory_ids[0])] == ["forgotten"]
    assert [hit.text for hit in await memory.recall("Where do I live?", min_score=-1)] == ["I live in Oslo."]
    with pytest.raises(NotStored):
        memory.sessions.get(first.session_id or "")


async def test_a_memory_kept_from_a_forgotten_session_is_still_recalled(memory: Memory, tmp_path: Path) -> None:
    first = await told(memory)
    gone = memory.sessions.forget(first.session_id or "", keep_memories=True)
    assert (gone.turns, gone.memories, gone.redacted) == (3, 0, 0)
    [dog] = [hit for hit in await memory.recall("dog", min_score=-1) if hit.text == DOG]
    assert dog.session_id is None
    assert holders(tmp_path, b"What does he eat") == []


async def test_feedback_of_a_forgotten_session_is_counted_and_gone(memory: Memory, tmp_path: Path) -> None:
    turn = await memory.remember(Turn(question="Capital of Norway?", answer="Bergen."))
    memory.sessions.add_feedback(Feedback(turn.id, "correct", "It is Oslo, of course"))
    assert memory.sessions.forget(turn.session_id or "").feedback == 1
    assert holders(tmp_path, b"of course") == []


async def test_duplicates_merged_into_a_memory_go_with_it_and_what_replaced_others_stays(memory: Memory) -> None:
    turn = await memory.remember(Turn(question="I live in Oslo. I live in Oslo city. I lived in Rome."))
    main, twin, old = turn.memory_ids
    with memory.memories.database.write() as connection:
        memory_rows.change(connection, twin, "merged", state="merged", replaced_by=main)
        memory_rows.change(connection, old, "superseded", state="superseded", replaced_by=main)
    assert memory.sessions.forget_memories([main]).memories == 2
    assert set(memory.memories.fetch([main, twin, old])) == {old}
    assert memory.sessions.turn(turn.id).question == f"{FORGOTTEN} {FORGOTTEN} I lived in Rome."


async def test_an_edited_memory_is_forgotten_in_the_words_it_was_first_said(memory: Memory, tmp_path: Path) -> None:
    turn = await memory.remember(Turn(question=f"{DOG} I live in Oslo.", answer=f"So {DOG}"))
    await memory.edit(turn.memory_ids[0], "My dog is called Rex.")
    memory.sessions.forget_memories([turn.memory_ids[0]])
    assert memory.sessions.turn(turn.id).question == f"{FORGOTTEN} I live in Oslo."
    assert holders(tmp_path) == []


async def test_an_unknown_memory_leaves_all_as_it_was(memory: Memory) -> None:
    turn = await memory.remember(Turn(question=DOG))
    with pytest.raises(NotStored, match="No memory has the id"):
        memory.sessions.forget_memories([turn.memory_ids[0], "none"])
    assert memory.sessions.turn(turn.id) == turn
    with pytest.raises(NotStored, match="workbench sessions"):
        memory.sessions.forget("none such")


async def test_a_turn_answered_while_its_memory_was_forgotten_is_stored_without_it(
    memory: Memory, tmp_path: Path
) -> None:
    first = await memory.remember(Turn(question=DOG, answer="Nice."))
    recalled = await memory.recall("dog", min_score=-1)
    late = Turn(
        question="And what now?",
        session_id=first.session_id,
        recalled=recalled,
        history=memory.sessions.history(first.session_id or "", 4),
    )
    memory.sessions.forget_memories(first.memory_ids)
    stored = await memory.remember(Turn(**{**_fields(late), "answer": f"I know: {DOG}"}))
    assert (stored.recalled, stored.history, stored.answer) == ((), (), f"I know: {FORGOTTEN}")
    assert memory.sessions.turn(stored.id) == stored
    assert holders(tmp_path) == []


async def test_a_summary_that_held_it_is_made_anew_without_it(memory: Memory) -> None:
    first = await told(memory)
    conversation = Conversation(memory.memories.database)
    assert "Rufus" in conversation.context(first.session_id, turns=1, tokens=300)[0].content
    memory.sessions.forget_memories(first.memory_ids)
    messages = conversation.context(first.session_id, turns=1, tokens=300)
    assert "Rufus" not in str(messages)


async def test_other_processes_write_while_one_forgets_and_nothing_is_lost(
    open_memory: Callable[..., Memory], tmp_path: Path
) -> None:
    memory = open_memory(index="exact")
    for number in range(30):
        await memory.remember(Turn(question=f"My locker {number} is blue.", answer="Fine.", session_name="lockers"))
    database = open_database(tmp_path / "memory" / "memory.sqlite")
    stop, written = threading.Event(), []

    def write() -> None:
        sessions = Sessions(database)
        while not stop.wait(0.002):  # SQLite's lock is not fair: one who never rests can keep others out for good
            written.append(sessions.save(Turn(question="My locker 7 is blue.", answer="Yes.", session_id="busy")).id)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        seven = next(one for one in memory.memories.list() if one.text == "My locker 7 is blue.")
        memory.sessions.forget_memories([seven.id])
        before = len(written)
        for session in [one for one in memory.sessions.list() if one.id != "busy"][:5]:
            memory.sessions.forget(session.id)
    finally:
        stop.set()
        writer.join()
        database.close()
    stored = memory.sessions.turns("busy")
    assert [turn.id for turn in stored] == written
    assert all(turn.question == FORGOTTEN for turn in stored[: before - 1])


def test_an_encrypted_store_forgets_just_as_well(tmp_path: Path) -> None:
    database = open_database(tmp_path / "sealed.sqlite", keys=PersonKey(new_key(), "the test"), encrypt=True)
    sessions = Sessions(database)
    first = sessions.save(Turn(question=DOG, answer=f"So: {DOG}"), [NewMemory(DOG, b"\0" * 8, "e", speaker="Ann")])
    for question in ("Why?", "When?"):
        sessions.save(Turn(question=question, answer="Because.", session_id=first.session_id))
    sessions.add_feedback(Feedback(first.id, "correct", DOG))
    [head, *_] = Conversation(database).context(first.session_id, turns=1, tokens=300)
    assert DOG in head.content
    assert sessions.forget_memories(first.memory_ids).redacted == 1
    assert sessions.turn(first.id).answer == f"So: {FORGOTTEN}"
    assert sessions.feedback(first.id)[0].correction == FORGOTTEN
    assert "Rufus" not in str(Conversation(database).context(first.session_id, turns=1, tokens=300))
    assert sessions.forget(first.session_id or "").turns == 3
    assert sessions.list() == ()
    database.close()


async def test_a_forgotten_turn_is_gone_with_what_it_stated_and_what_later_turns_read(
    memory: Memory, tmp_path: Path
) -> None:
    first = await told(memory)
    session = first.session_id or ""
    left = [turn.id for turn in memory.sessions.turns(session)[1:]]
    memory.sessions.add_feedback(Feedback(first.id, "up"))
    gone = memory.sessions.forget_turn(first.id[:12])
    assert (gone.turns, gone.feedback, gone.memories) == (1, 1, 1)
    assert [turn.id for turn in memory.sessions.turns(session)] == left
    assert all(not turn.history for turn in memory.sessions.turns(session))
    [other] = memory.sessions.turns(memory.sessions.get("other").id)
    assert other.answer == f"Rufus, I think. {FORGOTTEN}", "an answer in other words stays"
    assert holders(tmp_path, b"what does he eat") == []
    assert holders(tmp_path, b"dog is called rufus") == []
    with pytest.raises(NotStored, match="None fits the turn"):
        memory.sessions.forget_turn(first.id)


async def test_who_is_concerned_is_known_before_anything_is_forgotten(memory: Memory) -> None:
    first = await told(memory)
    other = memory.sessions.turns(memory.sessions.get("other").id)[0].id
    again = memory.sessions.turns(memory.sessions.get("again").id)[0].id
    readers = {turn.id for turn in memory.sessions.turns(first.session_id or "")[1:]}
    stranger = await memory.remember(
        Turn(question="Is it late?", answer="Yes.", recalled=await memory.recall("dog", min_score=-1))
    )
    concerned = memory.sessions.turns_with(memory_ids=first.memory_ids)
    assert {first.id, other, again} <= concerned
    assert stranger.id not in concerned, "a memory that was only recalled is in no example"
    assert memory.sessions.turns_with(turn=first.id) == concerned | readers
    assert memory.sessions.turns_with(session=first.session_id) == concerned | readers
    kept = memory.sessions.turns_with(session=first.session_id, keep_memories=True)
    assert kept == {first.id, *readers}


async def test_a_turn_that_was_answered_while_another_was_forgotten_loses_what_it_read(memory: Memory) -> None:
    first = await memory.remember(Turn(question="Code of the kestrel room?", answer="Seven."))
    late = Turn(
        question="Sure?",
        answer="Yes.",
        session_id=first.session_id,
        history=memory.sessions.history(first.session_id or "", 4),
    )
    memory.sessions.forget_turn(first.id)
    assert (await memory.remember(late)).history == ()
