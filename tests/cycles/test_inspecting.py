"""Ratings that disapprove, again and again, of what was approved before are doubted, and no others."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.cycles.inspecting import Rating, doubts


def ratings(said: str) -> list[Rating]:
    """One for each character: + is approved, - is not, of . nobody said anything."""
    return [Rating(str(number), None if one == "." else one == "+", float(number)) for number, one in enumerate(said)]


def alike(count: int) -> np.ndarray:
    return np.ones((count, 1))


def doubted(said: str, trusted: tuple[str, ...] = ()) -> list[int]:
    """Places of what is doubted."""
    found = doubts(ratings(said), alike(len(said)), trusted)
    return [int(turn) for one in found for turn in one.turns]


@pytest.mark.parametrize(
    "said",
    ["", "+" * 40, "-" * 40, "+-" * 40, "++++-" * 20, "+" * 20 + "----" + "+" * 20, "-" * 40 + "+" * 40 + "-+" * 20],
)
def test_ratings_that_go_up_and_down_are_believed(said: str) -> None:
    assert doubted(said) == []


def test_what_disapproves_again_and_again_of_what_was_approved_is_doubted_from_its_first() -> None:
    assert doubted("+" * 20 + "-" * 30) == list(range(20, 50))


def test_a_doubt_ends_where_answers_are_approved_again() -> None:
    found = doubted("+" * 20 + "-" * 30 + "+" * 20 + "-+" * 10)
    assert found == list(range(20, 50))


def test_a_second_stretch_is_doubted_as_the_first_one_was() -> None:
    found = doubts(ratings(("+" * 20 + "-" * 30) * 2 + "+" * 20), alike(120))
    assert [one.turns[0] for one in found] == ["20", "70"]


def test_questions_unlike_any_before_are_never_doubted() -> None:
    vectors = np.vstack([np.tile([1.0, 0.0], (30, 1)), np.tile([0.0, 1.0], (60, 1))])
    assert doubts(ratings("+" * 30 + "-" * 60), vectors) == ()


def test_what_was_seldom_right_may_stay_wrong() -> None:
    assert doubted("+---------" * 4 + "-" * 30) == []


def test_a_few_approvals_are_no_expectation() -> None:
    assert doubted("+" * 10 + "-" * 5 + "-" * 9) == []


def test_an_agent_that_got_worse_and_is_still_right_at_times_is_believed() -> None:
    assert doubted("+" * 40 + "---+" * 20) == []


def test_a_change_of_mind_that_is_followed_is_believed() -> None:
    assert doubted("+" * 30 + "----" + "+" * 30) == []


def test_who_speaks_up_only_where_something_is_wrong_is_believed() -> None:
    assert doubted("+" * 20 + "...-" * 40) == []


def test_silence_is_no_approval_to_expect() -> None:
    assert doubted("." * 40 + "-" * 40) == []


def test_what_nobody_spoke_about_is_not_doubted() -> None:
    assert doubted("+" * 20 + "-" * 20 + "." + "-" * 20) == [*range(20, 40), *range(41, 61)]


def test_what_is_trusted_is_what_to_expect_from_then_on() -> None:
    said = "+" * 20 + "-" * 30
    trusted = tuple(str(place) for place in doubted(said))
    assert doubted(said + "-" * 30, trusted) == []
