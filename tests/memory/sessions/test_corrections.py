"""A correction is a memory at once: the next question recalls it, a later correction takes its place."""

from __future__ import annotations

import pytest

from workbench.core.errors import ModelUnavailable, NotStored
from workbench.core.records import Feedback, Turn
from workbench.memory import Memory

QUESTION = "What is our office printer called?"


async def asked(memory: Memory, question: str = QUESTION) -> Turn:
    return await memory.remember(Turn(question=question, answer="Eco-Print"))


async def recalled(memory: Memory, question: str = QUESTION) -> list[str]:
    return [hit.text for hit in await memory.recall(question, min_score=0.3)]


async def test_the_next_question_recalls_what_was_corrected(memory: Memory) -> None:
    turn = await asked(memory)
    assert await recalled(memory) == []
    kept = await memory.give_feedback(Feedback(turn.id[:8], "correct", "Gutenberg"))
    assert kept.turn_id == turn.id
    assert await recalled(memory) == [f'The right answer to "{QUESTION}" is: Gutenberg']
    assert await recalled(memory, "Tell me the name of the printer in the office.")


async def test_the_last_correction_counts_and_the_earlier_one_is_history(memory: Memory) -> None:
    turn = await asked(memory)
    for answer in ("Gutenberg", "Aldus", "Aldus"):
        await memory.give_feedback(Feedback(turn.id, "correct", answer))
    assert await recalled(memory) == [f'The right answer to "{QUESTION}" is: Aldus']
    states = {one.text.rsplit(" ", 1)[1]: (one.state, one.replaced_by) for one in memory.memories.list(limit=9)}
    assert states["Gutenberg"][0] == "superseded"
    assert states["Gutenberg"][1] == next(one.id for one in memory.memories.active())
    assert len(memory.sessions.feedback(turn.id)) == 3


async def test_a_correction_that_is_taken_back_to_an_earlier_one_holds_again(memory: Memory) -> None:
    turn = await asked(memory)
    for answer in ("Gutenberg", "Aldus", "Gutenberg"):
        await memory.give_feedback(Feedback(turn.id, "correct", answer))
    assert await recalled(memory) == [f'The right answer to "{QUESTION}" is: Gutenberg']


async def test_forgetting_the_session_forgets_the_correction(memory: Memory) -> None:
    turn = await asked(memory)
    await memory.give_feedback(Feedback(turn.id, "correct", "Gutenberg"))
    memory.sessions.forget(turn.session_id or "")
    assert await recalled(memory) == []
    assert memory.memories.count() == 0


async def test_a_thumb_is_no_memory_and_an_unknown_turn_keeps_nothing(memory: Memory) -> None:
    turn = await asked(memory)
    await memory.give_feedback(Feedback(turn.id, "down"))
    with pytest.raises(NotStored):
        await memory.give_feedback(Feedback("abcdef", "correct", "Gutenberg"))
    assert memory.memories.count() == 0


async def test_a_correction_is_kept_where_the_embedder_cannot_be_loaded(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = await asked(memory)

    def broken(statements: object) -> None:
        raise ModelUnavailable("The embedder is not there; run: make setup")

    monkeypatch.setattr(memory._writer, "prepare", broken)
    await memory.give_feedback(Feedback(turn.id, "correct", "Gutenberg"))
    assert [said.correction for said in memory.sessions.feedback(turn.id)] == ["Gutenberg"]
