"""The chat's state takes in events one by one; no widgets here."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.panels.events import RUFUS, a_chain, a_turn, an_answered_turn
from workbench import open_agent
from workbench.core.errors import ConnectionDropped, WorkbenchError
from workbench.core.records import Thought
from workbench.models.scripted import ScriptedModel
from workbench.panels import chat_state
from workbench.panels.chat_state import Chat, Exchange
from workbench.reasoning.events import Retried, StepStarted, ThinkingArrived, ThoughtFinished, TokenArrived, TurnEvent


def after(events: list[TurnEvent], question: str = "What is my dog's name?") -> Exchange:
    chat = chat_state.asked(Chat(), question)
    for event in events:
        chat = chat_state.heard(chat, 1, event)
    return chat.exchange(1)


def test_tokens_of_the_answer_are_shown_as_they_arrive() -> None:
    assert after([TokenArrived(part="answer", text="Ru"), TokenArrived(part="answer", text="fus")]).answer == "Rufus"


def test_tokens_of_a_thought_are_not_shown_as_the_answer() -> None:
    exchange = after([TokenArrived(part="plan", text="first I look")])
    assert (exchange.answer, exchange.part, exchange.text) == ("", "plan", "first I look")


def test_a_finished_thought_is_kept_and_makes_room_for_the_next_part() -> None:
    exchange = after(a_chain())
    assert [thought.name for thought in exchange.thoughts] == ["analyse"]
    assert [use.output for use in exchange.tool_uses] == ["54"]
    assert exchange.answer == "Rufus"


def test_a_retried_part_is_void_and_says_why() -> None:
    exchange = after(
        [
            TokenArrived(part="answer", text="Half an ans"),
            Retried(part="answer", reason="The connection dropped."),
            TokenArrived(part="answer", text="Whole"),
        ]
    )
    assert exchange.answer == "Whole"
    assert exchange.notice == "The connection dropped. It was asked once more."


def test_what_the_model_thinks_on_its_own_stays_apart_from_the_answer() -> None:
    exchange = after([ThinkingArrived(part="answer", text="hmm"), TokenArrived(part="answer", text="Rufus")])
    assert (exchange.thinking, exchange.answer) == ("hmm", "Rufus")


def test_recalled_memories_are_known_as_soon_as_recall_is_done() -> None:
    assert after(a_chain()[:2]).recalled == (RUFUS,)


def test_an_event_of_an_exchange_that_was_stopped_changes_nothing() -> None:
    chat = chat_state.stopped(chat_state.asked(Chat(), "One?"), 1)
    chat = chat_state.asked(chat, "Two?")
    late = chat_state.heard(chat, 1, TokenArrived(part="answer", text="late"))
    assert late == chat


def test_an_answered_exchange_begins_the_session_that_the_next_continues() -> None:
    chat = chat_state.answered(chat_state.asked(Chat(), "Name?"), 1, an_answered_turn())
    assert (chat.session_id, chat.exchange(1).status, chat.exchange(1).answer) == ("s1", "answered", "Rufus")


def test_a_failure_is_one_sentence_and_ends_what_was_running() -> None:
    chat = chat_state.heard(chat_state.asked(Chat(), "Name?"), 1, StepStarted(step="think", at_ms=3))
    exchange = chat_state.failed(chat, 1, "The disk is full; free some space.").exchange(1)
    assert exchange.problem == "The disk is full; free some space."
    assert all(bar.end_ms is not None for bar in exchange.bars)


def test_a_rating_marks_its_own_turn_only() -> None:
    chat = chat_state.asked(chat_state.asked(Chat(), "One?"), "Two?")
    chat = chat_state.answered(chat_state.answered(chat, 1, a_turn(id="t1")), 2, a_turn(id="t2"))
    assert [one.rating for one in chat_state.rated(chat, "t2", "up").exchanges] == [None, "up"]


def test_a_thought_that_came_without_tokens_is_still_kept() -> None:
    exchange = after([ThoughtFinished(thought=Thought("plan", "", 5), at_ms=5)])
    assert [bar.name for bar in exchange.bars] == ["plan"]


async def test_a_real_walk_leaves_answer_bars_and_model(tmp_path: Path) -> None:
    chat = chat_state.asked(Chat(), "What is the capital of France?")

    def hear(event: TurnEvent) -> None:
        nonlocal chat
        chat = chat_state.heard(chat, 1, event)

    async with open_agent(home=tmp_path) as agent:
        model = ScriptedModel(["Par", "is"])
        turn = await agent.ask(chat.exchange(1).question, strategy="direct", model=model, on_event=hear)
    exchange = chat_state.answered(chat, 1, turn).exchange(1)
    assert exchange.answer == "Paris"
    steps = [bar.name for bar in exchange.bars if bar.kind == "step"]
    assert steps == ["validate", "recall", "choose", "think", "respond", "remember"]
    assert [bar.name for bar in exchange.bars if bar.kind == "thought"] == ["answer"]
    assert exchange.choice is not None
    assert exchange.choice.model == "scripted"


async def test_a_real_walk_that_drops_once_shows_only_the_second_reply(tmp_path: Path) -> None:
    chat = chat_state.asked(Chat(), "What is the capital of France?")

    def hear(event: TurnEvent) -> None:
        nonlocal chat
        chat = chat_state.heard(chat, 1, event)

    async with open_agent(home=tmp_path) as agent:
        model = ScriptedModel(["Lon", ConnectionDropped("The stream broke.")], ["Paris"])
        await agent.ask(chat.exchange(1).question, strategy="direct", model=model, on_event=hear)
    assert chat.exchange(1).answer == "Paris"
    assert "The stream broke." in (chat.exchange(1).notice or "")


async def test_a_real_walk_that_fails_has_a_sentence_and_no_answer(tmp_path: Path) -> None:
    async with open_agent(home=tmp_path) as agent:
        with pytest.raises(WorkbenchError) as raised:
            await agent.ask("   ", model=ScriptedModel())
    chat = chat_state.failed(chat_state.asked(Chat(), "   "), 1, raised.value.sentence)
    assert chat.exchange(1).problem == raised.value.sentence
    assert chat.exchange(1).answer == ""
