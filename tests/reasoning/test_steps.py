"""What the steps decide by themselves: the strategy, and how much history fits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.core.errors import ContextOverflow
from workbench.core.records import Message
from workbench.core.schema import ReasoningSettings
from workbench.reasoning.budget import estimate_tokens, fit_history, prompt_tokens
from workbench.reasoning.steps import choose_strategy

SYSTEM, QUESTION = Message("system", "Be brief."), Message("user", "Why?")


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


@given(st.lists(st.text(max_size=200), max_size=12), st.integers(20, 400))
def test_history_is_a_latest_stretch_that_fits(texts: list[str], room: int) -> None:
    history = [Message("user", text) for text in texts]
    kept = fit_history([SYSTEM], history, QUESTION, room_tokens=room)
    middle = kept[1:-1]
    assert kept[0] == SYSTEM
    assert kept[-1] == QUESTION
    assert middle == history[len(history) - len(middle) :]
    assert prompt_tokens(kept) <= room


def test_a_question_alone_too_long_is_refused() -> None:
    with pytest.raises(ContextOverflow, match="shorten it"):
        fit_history([SYSTEM], [], Message("user", "word " * 500), room_tokens=100)


def test_japanese_counts_a_token_a_character() -> None:
    assert estimate_tokens("こんにちは") == 5
    assert estimate_tokens("hello world!") == 3
