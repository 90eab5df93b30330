from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select

from workbench.core.errors import ModelTimeout
from workbench.core.records import Language, Message, Turn
from workbench.core.tokens import tokens_of
from workbench.memory import memories as memory_rows
from workbench.memory.database import Database
from workbench.memory.memories import Memories, NewMemory
from workbench.memory.sessions.conversation import LEAST_TOKENS, Conversation
from workbench.memory.sessions.forgetting import forget_memories
from workbench.memory.sessions.sessions import Sessions
from workbench.memory.sessions.summary import CUT
from workbench.memory.sessions.window import MESSAGE_TOKENS, cut_middle
from workbench.memory.tables import sessions as session_table

VECTOR = b"\0" * 8


@pytest.fixture
def sessions(database: Database) -> Sessions:
    return Sessions(database)


@pytest.fixture
def conversation(database: Database) -> Conversation:
    return Conversation(database)


def talk(sessions: Sessions, said: Sequence[tuple[str, str | None]]) -> str:
    session = sessions.create()
    for question, answer in said:
        sessions.save(Turn(question=question, answer=answer, session_id=session.id))
    return session.id


def pin(database: Database, text: str, speaker: str | None = None, importance: float = 0.5) -> str:
    new = NewMemory(text, VECTOR, "test", speaker=speaker, importance=importance)
    with database.write() as connection:
        stated = memory_rows.prepared(connection, database.vault, [new], session_id=None, turn_id=None, said_at=1.0)
        memory_rows.add(connection, stated)
    [name] = stated.every
    Memories(database).pin(name)
    return name


def stored_summary(database: Database, session_id: str) -> tuple[str | None, int]:
    columns = (session_table.c.summary, session_table.c.summary_upto)
    with database.read() as connection:
        row = connection.execute(select(*columns).where(session_table.c.id == session_id)).one()
    return row.summary, row.summary_upto


def cost(messages: Sequence[Message]) -> int:
    return sum(tokens_of(message.content) + MESSAGE_TOKENS for message in messages)


def facts(count: int) -> list[tuple[str, str | None]]:
    return [(f"My locker number {n} is in Bergen.", f"Noted, locker {n}.") for n in range(1, count + 1)]


def test_a_short_session_is_read_word_for_word_without_a_summary(
    sessions: Sessions, conversation: Conversation, database: Database
) -> None:
    session_id = talk(sessions, [("a?", "1"), ("b?", "2")])
    assert conversation.context(session_id, turns=4, tokens=600) == (
        Message("user", "a?"),
        Message("assistant", "1"),
        Message("user", "b?"),
        Message("assistant", "2"),
    )
    assert stored_summary(database, session_id) == (None, 0)


def test_older_turns_are_summarised_in_a_system_message_that_says_who_said_what(
    sessions: Sessions, conversation: Conversation
) -> None:
    session_id = talk(sessions, [("My dog is called Rufus.", "A fine name."), *[("Why?", "Because.")] * 4])
    head, *rest = conversation.context(session_id, turns=2, tokens=600)
    assert head.role == "system"
    assert "The user said: My dog is called Rufus." in head.content
    assert [message.content for message in rest] == ["Why?", "Because."] * 2


def test_the_words_around_a_summary_follow_the_questions_language(
    sessions: Sessions, conversation: Conversation
) -> None:
    session_id = talk(sessions, [("私の犬の名前はルーファスです。", "いい名前ですね。"), ("なぜ?", "はい。")])
    head = conversation.context(session_id, turns=1, tokens=600, question_language="ja")[0]
    assert "これまでの要約" in head.content
    assert "ユーザー: 私の犬の名前はルーファスです。" in head.content


def test_a_turn_joins_the_summary_once_and_older_ones_are_not_read_again(
    sessions: Sessions, conversation: Conversation, database: Database
) -> None:
    session_id = talk(sessions, facts(6))
    conversation.context(session_id, turns=2, tokens=600)
    assert stored_summary(database, session_id)[1] == 4
    sessions.save(Turn(question="I like tea.", answer="Fine.", session_id=session_id))
    opened: list[str] = []
    vault_open = database.vault.open

    def counting(sealed: str, place: str) -> str:
        opened.append(place.split(":")[0])
        return vault_open(sealed, place)

    database.vault.open = counting  # type: ignore[method-assign]
    conversation.context(session_id, turns=2, tokens=600)
    assert stored_summary(database, session_id)[1] == 5
    assert opened.count("turns.question") == 3  # two word for word, one that left
    opened.clear()
    conversation.context(session_id, turns=2, tokens=600)
    assert opened.count("turns.question") == 2


def test_a_thousand_turns_are_summarised_in_portions(
    sessions: Sessions, conversation: Conversation, database: Database
) -> None:
    session_id = talk(sessions, facts(450))
    commits: list[object] = []
    event.listen(database._engine, "commit", commits.append)
    head = conversation.context(session_id, turns=1, tokens=600)[0]
    assert stored_summary(database, session_id)[1] == 449
    assert len(commits) >= 3
    assert "locker" in head.content


def test_no_turn_word_for_word_leaves_all_to_the_summary(sessions: Sessions, conversation: Conversation) -> None:
    session_id = talk(sessions, facts(3))
    [head] = conversation.context(session_id, turns=0, tokens=600)
    assert head.role == "system"
    assert all(f"locker number {n}" in head.content for n in (1, 2, 3))


def test_too_small_a_budget_reads_nothing(sessions: Sessions, conversation: Conversation) -> None:
    session_id = talk(sessions, facts(3))
    assert conversation.context(session_id, turns=4, tokens=LEAST_TOKENS - 1) == ()
    assert conversation.context("none such", turns=4, tokens=600) == ()


def test_an_over_long_newest_turn_is_cut_in_the_middle_and_its_short_question_stays(
    sessions: Sessions, conversation: Conversation
) -> None:
    session_id = talk(sessions, [("Old?", "Yes."), ("Tell me.", "Begin " + "x" * 50_000 + " end.")])
    messages = conversation.context(session_id, turns=4, tokens=200)
    question, answer = messages[-2:]
    assert question.content == "Tell me."
    assert answer.content.startswith("Begin x")
    assert CUT in answer.content
    assert answer.content.endswith("x end.")


def test_an_unanswered_turn_is_passed_over(sessions: Sessions, conversation: Conversation) -> None:
    session_id = talk(sessions, [("a?", "1"), ("lost?", None), ("b?", "2")])
    said = [message.content for message in conversation.context(session_id, turns=4, tokens=600)]
    assert said == ["a?", "1", "b?", "2"]


def test_pinned_facts_come_first_in_every_session_most_important_first(
    conversation: Conversation, database: Database, sessions: Sessions
) -> None:
    pin(database, "I am allergic\nto nuts.", importance=0.9)
    known = pin(database, "I live in Oslo.")
    pin(database, "The train leaves at nine.", speaker="Ann")
    [head] = conversation.context(None, turns=4, tokens=600, known={known})
    assert head.content.splitlines() == [
        "Facts to keep in mind:",
        "- I am allergic to nuts.",
        "- Ann: The train leaves at nine.",
    ]
    session_id = talk(sessions, [("a?", "1")])
    assert [m.role for m in conversation.context(session_id, turns=4, tokens=600)] == ["system", "user", "assistant"]


def test_a_pinned_fact_that_no_longer_holds_is_not_read(conversation: Conversation, database: Database) -> None:
    name = pin(database, "I live in Oslo.")
    with database.write() as connection:
        memory_rows.change(connection, name, "superseded", state="superseded")
    assert conversation.context(None, turns=4, tokens=600) == ()


TURNS = st.lists(
    st.tuples(
        st.one_of(
            st.text(min_size=1, max_size=300), st.sampled_from(["私は東京に住んでいます。" * 20, "I own a dog. " * 90])
        ),
        st.one_of(st.text(min_size=1, max_size=300), st.just("長い答えです。" * 60)),
    ),
    min_size=1,
    max_size=6,
)


@given(TURNS, st.integers(0, 8), st.integers(LEAST_TOKENS, 500), st.sampled_from(["en", "ja"]), st.booleans())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_budget_holds_the_newest_turn_is_there_and_order_is_kept(
    database: Database, said: list[tuple[str, str]], turns: int, tokens: int, language: Language, pinned: bool
) -> None:
    sessions = Sessions(database)
    session_id = talk(sessions, said)
    if pinned:
        name = pin(database, "My pinned fact is about Bergen.")
    messages = Conversation(database).context(session_id, turns=turns, tokens=tokens, question_language=language)
    assert cost(messages) <= tokens
    talked = [message for message in messages if message.role != "system"]
    assert [message.role for message in talked] == ["user", "assistant"] * (len(talked) // 2)
    assert all(message.role != "system" for message in messages[1:])
    whole = list(sessions.history(session_id, 99))
    assert len(talked) <= 2 * turns
    if turns:
        assert talked
        newest = talked[-2:]
        assert all(short == full or CUT in short.content for short, full in zip(newest, whole[-2:], strict=True))
        assert talked[:-2] == whole[len(whole) - len(talked) : -2]
    if pinned:
        forget_memories(database, [name])


@given(st.text(max_size=2_000), st.integers(3, 200))
def test_a_cut_text_fits_and_keeps_both_ends(text: str, tokens: int) -> None:
    cut = cut_middle(text, tokens)
    assert tokens_of(cut) <= tokens
    if cut != text:
        head, tail = cut.split(f" {CUT} ", 1) if cut.count(CUT) == 1 else (cut[:1], cut[-1:])
        assert text.startswith(head)
        assert text.endswith(tail)


class Writer:
    """Stands for the model that writes summaries: keeps what it was given, says what it was told to."""

    def __init__(self, says: str = "The user has lockers in Bergen.") -> None:
        self.says = says
        self.read: list[tuple[str, tuple[Message, ...], Language]] = []

    async def __call__(self, so_far: str, said: Sequence[Message], language: Language) -> str:
        self.read.append((so_far, tuple(said), language))
        return self.says


async def test_a_model_puts_turns_into_words_once_a_few_have_left(
    sessions: Sessions, conversation: Conversation
) -> None:
    session_id, writer = talk(sessions, facts(5)), Writer()
    assert not await conversation.summarise(session_id, writer, turns=2, tokens=600)
    sessions.save(Turn(question="I like tea.", answer="Fine.", session_id=session_id))
    assert await conversation.summarise(session_id, writer, turns=2, tokens=600, question_language="ja")
    [(so_far, said, language)] = writer.read
    assert (so_far, language) == ("", "ja")
    assert [message.content for message in said[::2]] == [f"My locker number {n} is in Bergen." for n in range(1, 5)]
    head = conversation.context(session_id, turns=2, tokens=600)[0]
    assert "- The user has lockers in Bergen." in head.content
    assert "locker number 1" not in head.content
    assert not await conversation.summarise(session_id, writer, turns=2, tokens=600)


async def test_turns_the_model_has_not_read_yet_stand_beside_its_words_as_sentences(
    sessions: Sessions, conversation: Conversation
) -> None:
    session_id, writer = talk(sessions, facts(6)), Writer("Told so far.")
    await conversation.summarise(session_id, writer, turns=2, tokens=600)
    sessions.save(Turn(question="I like green tea.", answer="Fine.", session_id=session_id))
    head = conversation.context(session_id, turns=2, tokens=600)[0]
    assert "Told so far." in head.content
    assert "The user said: My locker number 5 is in Bergen." in head.content


@pytest.mark.parametrize("tokens", [LEAST_TOKENS, 100, 150, 600])
async def test_a_models_long_words_stay_within_the_budget(
    sessions: Sessions, conversation: Conversation, tokens: int
) -> None:
    session_id = talk(sessions, facts(9))
    assert await conversation.summarise(session_id, Writer("The user has a locker. " * 200), turns=2, tokens=tokens)
    messages = conversation.context(session_id, turns=2, tokens=tokens)
    assert cost(messages) <= tokens
    assert messages[-1].content == "Noted, locker 9."
    assert (messages[0].role == "system" and CUT in messages[0].content) is (tokens >= 150)


async def test_a_model_that_fails_leaves_the_copied_sentences(
    sessions: Sessions, conversation: Conversation, caplog: pytest.LogCaptureFixture
) -> None:
    async def fails(so_far: str, said: Sequence[Message], language: Language) -> str:
        raise ModelTimeout("No token came within 30 s")

    session_id = talk(sessions, facts(8))
    assert not await conversation.summarise(session_id, fails, turns=2, tokens=600)
    assert "No token came" in caplog.text
    assert "locker number 6" in conversation.context(session_id, turns=2, tokens=600)[0].content


async def test_what_was_forgotten_while_the_model_wrote_is_not_in_the_summary(
    sessions: Sessions, conversation: Conversation, database: Database
) -> None:
    session_id = talk(sessions, facts(8))
    other = pin(database, "My locker number 1 is in Bergen.")
    writing, forgotten = asyncio.Event(), asyncio.Event()

    async def slow(so_far: str, said: Sequence[Message], language: Language) -> str:
        writing.set()
        await forgotten.wait()
        return "The user's locker number 1 is in Bergen."

    task = asyncio.create_task(conversation.summarise(session_id, slow, turns=2, tokens=600))
    await writing.wait()
    sessions.forget_memories([other])
    forgotten.set()
    assert not await task
    assert "locker number 1 " not in conversation.context(session_id, turns=2, tokens=600)[0].content
