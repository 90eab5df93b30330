"""Bars of a turn: where each begins and ends."""

from __future__ import annotations

from tests.panels.events import a_chain
from workbench.panels import chat_state, timeline
from workbench.panels.chat_state import Chat
from workbench.panels.timeline import Bar


def bars_after(count: int | None = None) -> dict[str, Bar]:
    chat = chat_state.asked(Chat(), "Name?")
    for event in a_chain()[:count]:
        chat = chat_state.heard(chat, 1, event)
    return {bar.name: bar for bar in chat.exchange(1).bars}


def test_a_step_lasts_from_its_start_to_its_end() -> None:
    assert bars_after()["recall"] == Bar("recall", "step", 0, 20)


def test_the_wait_for_its_first_token_belongs_to_a_part() -> None:
    assert bars_after()["analyse"] == Bar("analyse", "thought", 20, 130)


def test_an_answer_begins_where_the_tool_before_it_ended() -> None:
    bars = bars_after()
    assert bars["calculator"] == Bar("calculator", "tool", 140, 145)
    assert bars["answer"] == Bar("answer", "thought", 145, 220)


def test_a_running_bar_has_no_end() -> None:
    bars = bars_after(4)
    assert bars["think"].end_ms is None
    assert bars["analyse"].duration_ms is None


def test_bars_of_one_turn_never_end_before_they_begin() -> None:
    bars = timeline.closed_all(timeline.opened((), "think", "step", 10.0), 5.0)
    assert bars[0].duration_ms == 0
