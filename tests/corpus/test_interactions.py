from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from workbench.core.records import Feedback, Message, Turn
from workbench.corpus.interactions import EARLIER_MESSAGES, Collected, Refused, from_interactions, from_sessions
from workbench.memory.database import open_database
from workbench.memory.sessions.sessions import Sessions


def turn(question: str = "Who wrote Emma?", answer: str | None = "Jane Austen", **rest: object) -> Turn:
    return Turn(question, **{"id": "t1", "session_id": "s1", "answer": answer, **rest})  # type: ignore[arg-type]


def collected(one: Turn, *said: Feedback) -> Collected:
    return from_interactions([one], said)


def refusal(one: Turn, *said: Feedback) -> str:
    found = collected(one, *said)
    assert found.examples == ()
    [refused] = found.refused
    assert (refused.turn_id, refused.session_id) == ("t1", "s1")
    return refused.reason


UP, DOWN = Feedback("t1", "up"), Feedback("t1", "down")


def test_a_thumb_up_makes_the_answer_an_example() -> None:
    [one] = collected(turn(), UP).examples
    assert (one.messages, one.answer, one.skill) == ((Message("user", "Who wrote Emma?"),), "Jane Austen", "use")
    assert one.origin.source == "interaction"
    assert one.origin.place == {"turn": "t1", "session": "s1", "feedback": "up"}


def test_a_correction_stands_for_the_answer_even_of_one_that_was_cut_off() -> None:
    [one] = collected(turn(answer="Char", cut_off=True), Feedback("t1", "correct", "Jane Austen")).examples
    assert (one.answer, one.origin.place["feedback"]) == ("Jane Austen", "correct")


def test_a_thumb_down_alone_is_refused() -> None:
    assert "nobody said what is right" in refusal(turn(), DOWN)


def test_the_last_word_counts() -> None:
    assert refusal(turn(), UP, DOWN)
    assert collected(turn(), DOWN, UP).examples[0].answer == "Jane Austen"
    assert collected(turn(), UP, Feedback("t1", "correct", "Austen")).examples[0].answer == "Austen"
    assert "nobody said" in refusal(turn(), Feedback("t1", "correct", "Austen"), DOWN)


def test_what_nobody_spoke_about_is_counted_and_not_refused() -> None:
    assert from_interactions([turn()], []) == Collected((), (), unrated=1)


@pytest.mark.parametrize("answer", [None, "", " \n"])
def test_an_empty_answer_is_refused(answer: str | None) -> None:
    assert refusal(turn(answer=answer), UP) == "its answer is empty"


def test_an_empty_question_and_a_cut_answer_are_refused() -> None:
    assert refusal(turn(question=" "), UP) == "its question is empty"
    assert refusal(turn(cut_off=True), UP) == "its answer was cut off"


def test_a_session_that_opted_out_gives_no_example() -> None:
    other = turn(id="t2", session_id="s2", question="Who wrote Ulysses?", answer="James Joyce")
    found = from_interactions([turn(), other], [UP, Feedback("t2", "up")], opted_out={"s1"})
    assert [one.answer for one in found.examples] == ["James Joyce"]
    assert found.refused == (Refused("t1", "s1", "its session opted out of learning"),)


def test_secrets_are_redacted_in_question_history_and_answer() -> None:
    one = turn(
        "My mail is ann@example.com, write a greeting",
        "Hello ann@example.com, call 415-555-2671",
        history=(Message("user", "My password is hunter2"), Message("assistant", "Noted")),
    )
    found = collected(one, UP)
    [kept] = found.examples
    assert [said.content for said in kept.messages] == [
        "My password is [PASSWORD_1]",
        "Noted",
        "My mail is [EMAIL_1], write a greeting",
    ]
    assert kept.answer == "Hello [EMAIL_1], call [PHONE_1]"
    assert found.redacted == {"PASSWORD": 1, "EMAIL": 1, "PHONE": 1}


def test_what_looks_like_a_secret_after_redaction_is_refused() -> None:
    assert "looks like a secret remained" in refusal(turn(answer="It is vq7Zk2LmX9pRt4WcY8sBn3Hd"), UP)


def test_an_answer_of_placeholders_alone_teaches_nothing() -> None:
    assert refusal(turn("What is my mail?", "ann@example.com."), UP) == "nothing of its answer is left after redaction"


def test_a_follow_up_keeps_the_last_of_the_conversation_without_tools_and_system() -> None:
    said = [Message("system", "x"), *(Message("user", str(n)) for n in range(6)), Message("tool", "y")]
    [one] = collected(turn(history=tuple(said)), UP).examples
    assert [message.content for message in one.messages] == ["2", "3", "4", "5", "Who wrote Emma?"]
    assert len(one.messages) == EARLIER_MESSAGES + 1


def test_thinking_is_never_learned() -> None:
    [one] = collected(turn(thinking="She asks for the author"), UP).examples
    assert "She asks" not in str(one)


def test_the_same_question_and_answer_twice_is_one_example() -> None:
    found = from_interactions([turn(), turn(id="t2")], [UP, Feedback("t2", "up")])
    assert len(found.examples) == 1


@pytest.fixture
def sessions(tmp_path: Path) -> Iterator[Sessions]:
    database = open_database(tmp_path / "memory.sqlite")
    yield Sessions(database)
    database.close()


def test_stored_turns_become_examples_but_for_sessions_that_opted_out(sessions: Sessions) -> None:
    for name, question in (("books", "Who wrote Emma?"), ("private", "What ails me?")):
        one = sessions.save(Turn(question, answer="Jane Austen", session_name=name))
        sessions.add_feedback(Feedback(one.id, "down"))
        sessions.add_feedback(Feedback(one.id, "up"))
    sessions.save(Turn("And nobody cared?", answer="No"))
    sessions.set_learning("private", False)
    found = from_sessions(sessions)
    assert [one.prompt for one in found.examples] == ["Who wrote Emma?"]
    assert [one.reason for one in found.refused] == ["its session opted out of learning"]
    assert found.unrated == 1
    sessions.set_learning("private", True)
    assert len(from_sessions(sessions).examples) == 2
