"""The simulated races: populations are as described, and each race does what its name says."""

from __future__ import annotations

import random

import numpy as np
import pytest

from benchmarks import racing_simulated as room

SIZE = (12, 32, 800)


@pytest.mark.parametrize("kind", list(room.KINDS))
def test_no_two_outcomes_of_an_item_differ_by_more_than_the_span_told_to_the_race(kind: str) -> None:
    draw, span = room.KINDS[kind]
    values = draw(np.random.default_rng(0), 24, 128, 0.05)
    assert values.shape == (24, 128)
    assert np.ptp(values, axis=0).max() <= span


def test_the_best_of_a_skewed_population_is_behind_on_most_items_and_ahead_in_the_mean() -> None:
    values = room.skewed(np.random.default_rng(0), 12, 32, 0.0)
    assert values.mean(axis=1).argmax() == 0
    assert (values[0] < np.median(values[1:], axis=0)).mean() > 0.7


def test_signs_lose_the_best_of_skewed_populations_and_betting_does_not() -> None:
    found = room.part(room.SKEWED, 0.0, SIZE, 0.03)
    assert found["signs"]["lost"]["share"] > 0.5
    assert found["signs"]["behind"] > 0.05
    assert found["betting"]["lost"]["share"] == 0
    assert found["betting"]["behind"] is None


def test_halving_scores_half_of_twelve_candidates_on_thirty_two_items_and_no_race_scores_all() -> None:
    values = room.graded(np.random.default_rng(0), 12, 32, 0.05)
    halved = room.halving(values, 2.0)
    assert (halved.evaluations, halved.alive.sum()) == (12 * 8 + 6 * 8 + 3 * 16, 3)
    assert room.nothing(values, 2.0).evaluations == 12 * 32


def test_a_part_counts_its_races_and_says_the_same_twice() -> None:
    found = room.part("right or wrong", 0.1, SIZE, 0.01)
    assert found == room.part("right or wrong", 0.1, SIZE, 0.01)
    assert {found[name]["lost"]["races"] for name in room.RACES} == {8}
    assert found["betting"]["evaluations"]["median"] < 1


def test_items_that_elders_agree_on_come_last_but_for_an_eighth() -> None:
    elders = np.zeros((room.ELDERS, 32))
    elders[:6, ::2] = 1.0  # every second item is disputed
    order = room.ordering(elders, random.Random(0), telling_first=False)
    assert order.open == 16 + 2
    assert sum(place % 2 for place in order.places[: order.open]) == 2
    assert room.ordering(elders, random.Random(0), telling_first=None).open == 32


def test_solvers_of_new_items_get_right_what_no_elder_did() -> None:
    elders, values = room.generations(np.random.default_rng(0), 24, 128, 0.5)
    unsolved = elders.max(axis=0) < 0.5
    assert values[:, unsolved].max() > 0.9


def test_totals_keep_the_skewed_apart() -> None:
    parts = [room.part(kind, 0.0, SIZE, 0.005) for kind in ("graded", room.SKEWED)]
    told = room.totals(parts, "signs")
    assert told[room.SKEWED] == room.share(parts[1]["signs"]["lost"]["lost"], 4)
    assert told["others"]["races"] == 4
