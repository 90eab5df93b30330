"""What the widgets are given: plain JSON, truthful words."""

from __future__ import annotations

import json

from tests.panels.events import a_chain, an_answered_turn
from workbench.core.records import Refusal
from workbench.panels import chat_state, machine_state, showing
from workbench.panels.chat_state import Chat, Exchange
from workbench.reasoning.events import StepStarted, TokenArrived, VoteCast


def an_exchange(*, events: int | None = None, done: bool = True) -> Exchange:
    chat = chat_state.asked(Chat(), "What is my dog's name?")
    for event in a_chain()[:events]:
        chat = chat_state.heard(chat, 1, event)
    return (chat_state.answered(chat, 1, an_answered_turn()) if done else chat).exchange(1)


def test_everything_shown_is_plain_json() -> None:
    exchange = an_exchange()
    shown = [showing.chat_entry(exchange), showing.timeline(exchange), showing.facts(exchange)]
    assert json.loads(json.dumps(shown)) == shown


def test_markup_in_a_question_stays_text() -> None:
    assert showing.chat_entry(Exchange(1, "<img src=x>"))["question"] == "<img src=x>"


def test_an_answered_turn_can_be_rated_and_says_what_it_took() -> None:
    entry = showing.chat_entry(an_exchange())
    assert entry["turn_id"] == "t1"
    assert entry["footnote"] == "0.2 s · strategy: direct · confidence 80% · 1 new memory kept"


def test_a_turn_under_way_says_what_is_being_thought() -> None:
    entry = showing.chat_entry(an_exchange(events=5, done=False))
    assert entry["doing"] == "analyse: It asks for a name."
    assert (entry["answer"], entry["turn_id"]) == ("", None)


def test_a_vote_under_way_says_who_leads() -> None:
    chat = chat_state.heard(chat_state.asked(Chat(), "6 * 9?"), 1, StepStarted(step="think"))
    chat = chat_state.heard(chat, 1, VoteCast(answer="54", votes=3, leader="54", lead=0.94))
    chat = chat_state.heard(chat, 1, TokenArrived(part="vote 4", text="Let me"))
    assert showing.doing(chat.exchange(1)) == "after 3 votes “54” leads (94% sure to stay ahead) · vote 4: Let me"


def test_a_stopped_turn_shows_no_half_answer() -> None:
    chat = chat_state.heard(chat_state.asked(Chat(), "Name?"), 1, TokenArrived(part="answer", text="Ru"))
    entry = showing.chat_entry(chat_state.stopped(chat, 1).exchange(1))
    assert entry["answer"] == ""
    assert entry["notice"] == "Stopped; nothing of this turn was kept."


def test_a_running_bar_reaches_to_now() -> None:
    bars = {bar["name"]: bar for bar in showing.timeline(an_exchange(events=4, done=False))["bars"]}
    assert bars["think"]["running"]
    assert bars["think"]["duration_ms"] == 100.0


def test_memories_come_with_score_and_reason() -> None:
    assert showing.facts(an_exchange())["memories"] == [
        {"text": "My dog is called Rufus.", "score": 0.71, "why": "cosine 0.71 to the question, said just now"}
    ]


def test_a_refused_model_comes_with_its_reason() -> None:
    turn = an_answered_turn()
    assert turn.choice is not None
    choice = type(turn.choice)("small", "ollama", ("it fits",), (Refusal("large", "needs 12 GiB"),))
    assert showing._model(choice)["refused"] == ["large: needs 12 GiB"]


def test_before_the_first_sample_the_chart_is_empty() -> None:
    assert showing.memory_chart(machine_state.memory_chart([], budget_gib=6)) == {}
