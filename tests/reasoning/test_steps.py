"""What the steps decide by themselves: the strategy, and how much history fits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.core.errors import ContextOverflow
from workbench.core.records import Message
from workbench.core.schema import ReasoningSettings
from workbench.reasoning.budget import check_room, latest_history, prompt_tokens
from workbench.reasoning.steps import choose_strategy


def test_auto_answers_easy_questions_at_once_and_thinks_about_others() -> None:
    dials = ReasoningSettings(strategy="auto", direct_below=0.35)
    assert [choose_strategy(dials, value) for value in (0.0, 0.349, 0.35, 1.0)] == [
        "direct",
        "direct",
        "chain",
        "chain",
    ]


def test_a_strategy_that_was_asked_for_is_taken() -> None:
    assert choose_strategy(ReasoningSettings(strategy="vote"), 0.0) == "vote"


@given(st.lists(st.text(max_size=200), max_size=12), st.integers(0, 400))
def test_history_is_a_latest_stretch_that_fits_and_opens_with_the_person(texts: list[str], room: int) -> None:
    history = [Message("assistant" if place % 2 else "user", text) for place, text in enumerate(texts)]
    kept = latest_history(history, room_tokens=room)
    assert kept == history[len(history) - len(kept) :]
    assert prompt_tokens(kept) <= room
    assert not kept or kept[0].role == "user"


def test_a_prompt_that_is_too_long_is_refused_and_one_that_just_fits_is_not() -> None:
    prompt = [Message("user", "word " * 500)]
    check_room(prompt, room_tokens=prompt_tokens(prompt))
    with pytest.raises(ContextOverflow, match=r"about 1 tokens too long.*model\.context_tokens"):
        check_room(prompt, room_tokens=prompt_tokens(prompt) - 1)
