"""Fronts, crowding, and who breeds and stays by them."""

from __future__ import annotations

import math
import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evolution.selection.told import any_trials, scored_trials, told
from workbench.core.errors import EvolutionError
from workbench.evolution.selection import front, pareto
from workbench.evolution.trial import Trial

some = settings(max_examples=80, deadline=None, derandomize=True)
POINTS = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.tuples(*[st.integers(0, 4).map(float)] * width), min_size=1, max_size=16)
)


def dominates(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return all(a >= b for a, b in zip(one, other, strict=True)) and one != other


def goals(trial: Trial) -> tuple[float, ...]:
    assert trial.fitness is not None
    learned, held = trial.fitness.skills, trial.fitness.held
    return (learned["dates"].value, learned["sums"].value, held["json"].value, -float(trial.fitness.size_bytes))


@some
@given(trials=scored_trials())
def test_the_front_is_all_those_and_only_those_that_nobody_dominates(trials: list[Trial]) -> None:
    undominated = [one for one in trials if not any(dominates(goals(other), goals(one)) for other in trials)]
    assert list(front(trials)) == undominated


@some
@given(points=POINTS)
def test_fronts_peel_off_as_by_brute_force(points: list[tuple[float, ...]]) -> None:
    left, expected = set(range(len(points))), []
    while left:
        peel = {i for i in left if not any(dominates(points[j], points[i]) for j in left)}
        expected.append(tuple(sorted(peel)))
        left -= peel
    assert pareto.fronts(np.array(points)) == tuple(expected)


def test_crowding_is_the_cuboid_around_a_point_and_the_ends_are_infinitely_lonely() -> None:
    points = np.array([[0.0, 10.0], [1.0, 6.0], [2.0, 5.0], [4.0, 0.0]])
    expected = [math.inf, 2 / 4 + 5 / 10, 3 / 4 + 6 / 10, math.inf]
    assert pareto.crowding(points).tolist() == pytest.approx(expected)


def test_an_objective_in_which_all_are_equal_says_nothing() -> None:
    points = np.array([[3.0, 0.0], [3.0, 1.0], [3.0, 2.0]])
    assert pareto.crowding(points).tolist() == [math.inf, 1.0, math.inf]
    assert pareto.crowding(np.ones((3, 2))).tolist() == [0.0, 0.0, 0.0]


def test_what_is_held_and_what_it_weighs_keep_a_trial_on_the_front() -> None:
    best = told(0, {"dates": 9}, held={"json": 2}, size_bytes=8)
    keeper = told(1, {"dates": 5}, held={"json": 9}, size_bytes=8)
    light = told(2, {"dates": 5}, held={"json": 2}, size_bytes=1)
    beaten = told(3, {"dates": 5}, held={"json": 2}, size_bytes=8)
    assert front([best, keeper, light, beaten]) == (best, keeper, light)


def test_a_skill_that_nobody_saw_speaks_for_nobody() -> None:
    both = told(0, {"dates": 1, "sums": 0}, stopped=True)
    one = told(1, {"dates": 1}, stopped=True)
    assert front([both, one]) == (both,)


def test_the_front_is_in_the_order_of_numbers_whoever_saw_more() -> None:
    early, late = told(0, {"dates": 9, "sums": 1}, seen=4), told(1, {"dates": 1, "sums": 9}, seen=20)
    assert front([late, early]) == (early, late)


def test_a_front_of_failed_trials_is_empty_and_of_none_an_error() -> None:
    assert front([told(0, None)]) == ()
    with pytest.raises(EvolutionError, match="no trials to choose from"):
        front([])


@some
@given(trials=scored_trials(), count=st.integers(1, 14))
def test_front_after_front_survives(trials: list[Trial], count: int) -> None:
    staying = {one.number for one in pareto.survivors(trials, count, generation=0)}
    room = min(count, len(trials))
    for members in pareto.fronts(np.array([goals(one) for one in trials])):
        assert len(staying & set(members)) == min(room, len(members))
        room -= min(room, len(members))


def test_of_the_front_that_does_not_fit_the_loneliest_survive() -> None:
    line = [told(i, {"dates": x, "sums": 10 - x}) for i, x in enumerate([0, 1, 2, 6, 10])]
    assert [one.number for one in pareto.survivors(line, 3, generation=0)] == [0, 4, 3]
    assert [one.number for one in pareto.survivors(line, 4, generation=0)] == [0, 4, 3, 2]


def test_the_lower_front_wins_and_within_it_the_lonelier() -> None:
    lonely, crowded = told(0, {"dates": 0, "sums": 10}), told(1, {"dates": 1, "sums": 9})
    end, beaten = told(2, {"dates": 10, "sums": 0}), told(3, {"dates": 0, "sums": 0})
    wins = Counter(
        one.number for one in pareto.select([lonely, crowded, end, beaten], 3000, generation=0, rng=random.Random(0))
    )
    # of six pairs: 0 and 2 win against 1 and 3 and half of their own; 1 wins against 3
    assert wins[beaten.number] == 0
    assert wins[crowded.number] / 3000 == pytest.approx(1 / 6, abs=0.03)
    assert wins[lonely.number] / 3000 == pytest.approx(2.5 / 6, abs=0.03)


@some
@given(trials=any_trials())
def test_the_front_holds_no_failed_trial(trials: list[Trial]) -> None:
    assert all(one.fitness is not None for one in front(trials))
