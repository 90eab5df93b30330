"""The best of k drawn is a parent."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings

from tests.evolution.selection.told import scored_trials, told
from workbench.core.errors import EvolutionError
from workbench.evolution.selection import tournament
from workbench.evolution.trial import Trial, ranked

TEN = [told(i, {"dates": i}) for i in range(10)]


@pytest.mark.parametrize("size", [1, 2, 5])
def test_the_best_wins_as_often_as_the_formula_says(size: int) -> None:
    draws = 4000
    parents = tournament.select(TEN, draws, generation=0, rng=random.Random(0), size=size)
    expected = 1 - (1 - 1 / 10) ** size
    assert Counter(one.number for one in parents)[9] / draws == pytest.approx(expected, abs=0.03)


def test_equal_values_are_drawn_alike() -> None:
    flat = [told(i, {"dates": 0}) for i in range(4)]
    parents = Counter(one.number for one in tournament.select(flat, 4000, generation=0, rng=random.Random(0)))
    assert min(parents.values()) > 900


def test_the_tie_break_decides_where_nobody_is_right() -> None:
    near, far = told(0, {"dates": 0}, logprob=-0.5), told(1, {"dates": 0}, logprob=-3.0)
    assert tournament.survivors([far, near], 1, generation=0) == (near,)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(trials=scored_trials())
def test_the_best_by_value_survive(trials: list[Trial]) -> None:
    assert tournament.survivors(trials, 3, generation=0) == ranked(trials)[:3]


def test_a_tournament_of_nobody_is_refused() -> None:
    with pytest.raises(EvolutionError, match="size of at least one"):
        tournament.select(TEN, 2, generation=0, rng=random.Random(0), size=0)
