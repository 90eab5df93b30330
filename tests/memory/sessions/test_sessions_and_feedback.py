from __future__ import annotations

from dataclasses import replace

import pytest

from workbench.core.errors import NotStored, StoreError
from workbench.core.records import Feedback, Message, Turn
from workbench.memory.database import Database
from workbench.memory.sessions.sessions import Sessions


@pytest.fixture
def sessions(database: Database) -> Sessions:
    return Sessions(database)


def test_a_fresh_home_has_no_session(sessions: Sessions) -> None:
    assert sessions.latest() is None
    assert sessions.list() == ()


def test_a_session_is_found_by_id_name_or_the_beginning_of_either(sessions: Sessions) -> None:
    holiday = sessions.create("holiday in Rome")
    sessions.create("work")
    for reference in (holiday.id, holiday.id[:8], "holiday in Rome", "holi"):
        assert sessions.get(reference) == holiday


def test_a_whole_name_wins_over_longer_names_that_begin_with_it(sessions: Sessions) -> None:
    short = sessions.create("plan")
    sessions.create("plan B")
    assert sessions.get("plan") == short


@pytest.mark.parametrize("reference", ["pl", "", "none such", "%", "_"])
def test_an_unclear_or_unknown_session_says_how_to_list_them(sessions: Sessions, reference: str) -> None:
    sessions.create("plan A")
    sessions.create("plan B")
    with pytest.raises(NotStored, match="workbench sessions"):
        sessions.get(reference)


def test_two_sessions_cannot_have_one_name(sessions: Sessions) -> None:
    sessions.create("plan")
    with pytest.raises(StoreError, match="exists already"):
        sessions.create("plan")


def test_sessions_without_a_name_get_different_ones(sessions: Sessions) -> None:
    assert len({sessions.create().name for _ in range(5)}) == 5


def test_the_latest_session_is_the_one_last_asked(sessions: Sessions) -> None:
    first, second = sessions.create("first"), sessions.create("second")
    sessions.save(Turn(question="q", session_id=first.id, asked_at=second.created_at + 60))
    latest = sessions.latest()
    assert latest == replace(first, turn_count=1)


def test_turns_come_back_whole_and_in_order_even_when_the_clock_steps_back(sessions: Sessions) -> None:
    first = sessions.save(Turn(question="one", answer="1", thinking="hm", asked_at=200.0))
    second = sessions.save(Turn(question="two", answer="2", session_id=first.session_id, asked_at=100.0))
    assert sessions.turns(first.session_id or "") == (first, second)
    assert sessions.turn(second.id[:12]) == second


def test_history_is_the_last_answered_turns_as_messages(sessions: Sessions) -> None:
    session = sessions.create()
    for question, answer in (("a", "1"), ("b", "2"), ("c", None), ("d", "4")):
        sessions.save(Turn(question=question, answer=answer, session_id=session.id))
    assert sessions.history(session.id, 2) == (
        Message("user", "b"),
        Message("assistant", "2"),
        Message("user", "d"),
        Message("assistant", "4"),
    )
    assert sessions.history(session.id, 0) == ()
    assert sessions.history("none such", 3) == ()


def test_the_same_turn_is_not_stored_twice(sessions: Sessions) -> None:
    turn = sessions.save(Turn(question="q"))
    with pytest.raises(StoreError, match="already holds"):
        sessions.save(turn)
    assert len(sessions.turns(turn.session_id or "")) == 1


def test_everything_said_about_a_turn_is_kept_in_order(sessions: Sessions) -> None:
    turn = sessions.save(Turn(question="q", answer="a"))
    sessions.add_feedback(Feedback(turn.id, "up"))
    kept = sessions.add_feedback(Feedback(turn.id[:8], "correct", "b \ud800"))
    assert kept.turn_id == turn.id
    assert [(said.kind, said.correction) for said in sessions.feedback(turn.id)] == [
        ("up", None),
        ("correct", "b \ufffd"),
    ]


def test_feedback_on_an_unknown_turn_is_refused(sessions: Sessions) -> None:
    with pytest.raises(NotStored, match="None fits the turn 'abc'"):
        sessions.add_feedback(Feedback("abc", "down"))


def test_a_correction_without_the_right_answer_is_refused(sessions: Sessions) -> None:
    turn = sessions.save(Turn(question="q"))
    with pytest.raises(StoreError, match="needs the right answer"):
        sessions.add_feedback(Feedback(turn.id, "correct", "  "))
    assert sessions.feedback(turn.id) == ()


def test_a_renamed_session_is_found_by_its_new_name_and_no_longer_by_the_old(sessions: Sessions) -> None:
    created = sessions.create("plan")
    renamed = sessions.rename("pl", "  holiday in Rome ")
    assert renamed == replace(created, name="holiday in Rome")
    assert sessions.get("holiday") == renamed
    with pytest.raises(NotStored):
        sessions.get("plan")


def test_a_session_may_be_renamed_to_the_name_it_has(sessions: Sessions) -> None:
    sessions.create("plan")
    assert sessions.rename("plan", "plan").name == "plan"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "empty"),
        (" \t ", "empty"),
        ("x" * 121, "at most 120"),
        ("two\nlines", "control character"),
        ("bell \x07", "control character"),
        ("\u202eturned", "control character"),
        ("work", "exists already"),
    ],
)
def test_a_bad_name_is_refused_in_one_sentence(sessions: Sessions, name: str, sentence: str) -> None:
    sessions.create("work")
    sessions.create("plan")
    with pytest.raises(StoreError, match=sentence) as refused:
        sessions.rename("plan", name)
    assert "\n" not in refused.value.sentence
    assert {session.name for session in sessions.list()} == {"work", "plan"}


def test_a_name_that_is_another_sessions_id_is_refused(sessions: Sessions) -> None:
    work = sessions.create("work")
    sessions.create("plan")
    with pytest.raises(StoreError, match="exists already"):
        sessions.rename("plan", work.id)


def test_two_sessions_begun_at_once_under_one_name_can_be_told_apart(sessions: Sessions) -> None:
    for session_id in ("a1", "b2"):
        sessions.save(Turn(question="q", session_id=session_id, session_name="talk"))
    assert {session.id: session.name for session in sessions.list()} == {"a1": "talk", "b2": "talk (2)"}


def test_a_turn_of_a_session_that_was_forgotten_meanwhile_is_not_kept(sessions: Sessions) -> None:
    first = sessions.save(Turn(question="My dog is called Rufus.", answer="Nice."))
    late = Turn(question="And?", session_id=first.session_id, history=sessions.history(first.session_id or "", 4))
    sessions.forget(first.session_id or "")
    with pytest.raises(StoreError, match="was forgotten while"):
        sessions.save(late)
    assert sessions.list() == ()
