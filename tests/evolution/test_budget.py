"""A budget: when it ends, what is left of it, and what is said about that."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.core.errors import EvolutionError
from workbench.evolution.budget import Budget, Spending, duration


def spent(budget: Budget, *laps: tuple[int, float]) -> Spending:
    spending = Spending(budget)
    for evaluations, seconds in laps:
        spending = spending.after(evaluations=evaluations, seconds=seconds)
    return spending


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, "give evaluations, such as 2000, or seconds"),
        ({"evaluations": 0}, "0 evaluations tries nothing; give at least 1"),
        ({"evaluations": -5, "seconds": 60.0}, "-5 evaluations tries nothing"),
        ({"seconds": 0.0}, "0 seconds tries nothing; give seconds above 0"),
        ({"evaluations": 10, "seconds": -1.0}, "-1 seconds tries nothing"),
        ({"seconds": float("nan")}, "nan seconds tries nothing"),
        ({"seconds": float("inf")}, "inf seconds tries nothing"),
    ],
)
def test_a_budget_without_an_end_or_with_nothing_in_it_is_refused(wrong: dict[str, float], said: str) -> None:
    with pytest.raises(EvolutionError, match=said):
        Budget(**wrong)  # type: ignore[arg-type]


def test_only_a_budget_without_seconds_is_repeatable_and_says_so() -> None:
    assert Budget(evaluations=10).is_repeatable
    assert not Budget(seconds=10).is_repeatable
    assert not Budget(evaluations=10, seconds=10).is_repeatable
    assert Budget(evaluations=2_000).sentence == "About 2,000 evaluations; the same seed gives the same champion"
    assert Budget(1, 600).sentence == (
        "About 1 evaluation and 10 minutes; the clock ends it, so the same seed may give another champion"
    )


@given(st.lists(st.tuples(st.integers(0, 500), st.floats(0, 1_000))), st.integers(1, 3_000), st.floats(1, 5_000))
def test_what_is_spent_and_what_is_left_make_the_budget(
    laps: list[tuple[int, float]], evaluations: int, seconds: float
) -> None:
    found = spent(Budget(evaluations, seconds), *laps)
    assert found.evaluations_left == max(evaluations - sum(one for one, _ in laps), 0)
    assert found.seconds_left == pytest.approx(max(seconds - sum(one for _, one in laps), 0), abs=1e-9)
    assert found.is_over == (found.evaluations_left == 0 or found.seconds_left == 0)
    assert not (found.is_over and found.fits(0))


def test_what_is_not_limited_has_no_rest() -> None:
    assert Spending(Budget(evaluations=5)).seconds_left is None
    assert Spending(Budget(seconds=5)).evaluations_left is None


def test_the_budget_that_ends_first_ends_the_run() -> None:
    assert spent(Budget(100, 60), (100, 1.0)).is_over
    assert spent(Budget(100, 60), (1, 60.0)).is_over
    assert not spent(Budget(100, 60), (99, 59.0)).is_over


def test_the_next_generation_fits_while_both_evaluations_and_seconds_suffice() -> None:
    found = spent(Budget(300, 100), (100, 20.0))
    assert found.fits()
    assert found.fits(200)
    assert not found.fits(201)
    assert not spent(Budget(300, 35), (100, 20.0)).fits()
    assert spent(Budget(300, 35), (100, 20.0)).fits(75)  # at the speed so far it takes the 15 seconds left
    assert not spent(Budget(300, 35), (100, 20.0)).fits(76)


def test_before_the_first_generation_only_a_stated_need_can_fail_to_fit() -> None:
    assert Spending(Budget(100, 1)).fits()
    assert Spending(Budget(100)).fits(100)
    assert not Spending(Budget(100)).fits(101)
    assert Spending(Budget(100)).forecast == "100 evaluations left"


def test_the_forecast_is_in_words() -> None:
    assert spent(Budget(1_600), (400, 280.0)).forecast == "1,200 evaluations left; about 14 minutes left; 3 generations"
    assert spent(Budget(seconds=3_600), (400, 1_800.0)).forecast == "about 30 minutes left; 1 generation"
    assert (
        spent(Budget(450), (400, 80.0)).forecast == "50 evaluations left; about 10 seconds left; less than a generation"
    )
    assert spent(Budget(400), (400, 80.0)).forecast == "The budget is used up"


def test_with_both_budgets_the_nearer_end_is_foretold() -> None:
    assert spent(Budget(1_000, 10_000), (100, 10.0)).expected_seconds == pytest.approx(90)
    assert spent(Budget(1_000, 50), (100, 10.0)).expected_seconds == pytest.approx(40)
    assert spent(Budget(1_000, 50), (100, 10.0)).generations_left == 4


def test_one_slow_generation_does_not_bend_the_forecast() -> None:
    even = spent(Budget(10_000), *[(100, 10.0)] * 4)
    slow = spent(Budget(10_100), *[(100, 10.0)] * 2, (100, 3_600.0), *[(100, 10.0)] * 2)
    assert slow.expected_seconds == pytest.approx(even.expected_seconds)
    assert slow.generations_left == even.generations_left


def test_the_forecast_follows_a_speed_that_stays_changed() -> None:
    found = spent(Budget(10_000), *[(100, 10.0)] * 10, *[(100, 30.0)] * 3)
    assert found.next_lap is not None
    assert found.next_lap.seconds == 30.0


def test_generations_from_the_cache_say_nothing_about_the_speed() -> None:
    found = spent(Budget(1_000), (100, 20.0), *[(0, 0.1)] * 5)
    assert found.expected_seconds == pytest.approx(180)
    assert found.generations_left is None
    assert found.forecast == "900 evaluations left; about 3 minutes left"
    assert spent(Budget(100), (100, 20.0), *[(0, 0.1)] * 5).generations_left == 0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "1 second"),
        (40, "40 seconds"),
        (89.4, "89 seconds"),
        (90, "2 minutes"),
        (840, "14 minutes"),
        (5_400, "1.5 hours"),
        (10_800, "3 hours"),
    ],
)
def test_lengths_of_time_are_said_as_people_do(seconds: float, words: str) -> None:
    assert duration(seconds) == words
