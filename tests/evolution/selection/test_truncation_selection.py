"""Only the best share breeds, the elite for certain."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evolution.selection.told import scored_trials, told
from workbench.core.errors import EvolutionError
from workbench.evolution.selection import truncation
from workbench.evolution.trial import Trial, ranked

some = settings(max_examples=60, deadline=None, derandomize=True)
TEN = [told(i, {"dates": i}) for i in range(10)]


@some
@given(
    trials=scored_trials(), count=st.integers(1, 20), seed=st.integers(0, 9), elite=st.sampled_from([0.125, 0.3, 0.5])
)
def test_the_elite_are_always_among_the_parents(trials: list[Trial], count: int, seed: int, elite: float) -> None:
    parents = truncation.select(trials, count, generation=0, rng=random.Random(seed), elite=elite)
    certain = ranked(trials)[: min(count, max(1, round(elite * len(trials))))]
    assert {one.number for one in certain} <= {one.number for one in parents}


@some
@given(trials=scored_trials(), kept=st.sampled_from([0.2, 0.5, 1.0]), seed=st.integers(0, 9))
def test_nobody_below_the_cut_breeds(trials: list[Trial], kept: float, seed: int) -> None:
    parents = truncation.select(trials, 30, generation=0, rng=random.Random(seed), kept=kept)
    above = ranked(trials)[: max(1, round(kept * len(trials)))]
    assert {one.number for one in parents} <= {one.number for one in above}


def test_all_above_the_cut_breed_in_the_long_run() -> None:
    parents = truncation.select(TEN, 200, generation=0, rng=random.Random(0))
    assert {one.number for one in parents} == {5, 6, 7, 8, 9}


def test_the_elite_do_not_always_come_first() -> None:
    first = {truncation.select(TEN, 10, generation=0, rng=random.Random(seed))[0].number for seed in range(20)}
    assert len(first) > 1


@some
@given(trials=scored_trials(), count=st.integers(1, 20))
def test_the_best_by_value_stay(trials: list[Trial], count: int) -> None:
    assert truncation.survivors(trials, count, generation=0) == ranked(trials)[:count]


@pytest.mark.parametrize(("elite", "kept"), [(0.0, 0.5), (0.6, 0.5), (0.5, 1.1)])
def test_shares_that_do_not_fit_are_refused(elite: float, kept: float) -> None:
    with pytest.raises(EvolutionError, match="0 < elite ≤ kept ≤ 1"):
        truncation.select(TEN, 4, generation=0, rng=random.Random(0), elite=elite, kept=kept)
