"""What holds for every way to choose parents."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evolution.selection.told import any_trials, scored_trials, told
from workbench.core.errors import EvolutionError
from workbench.evolution.selection import SELECTIONS, Selection
from workbench.evolution.trial import Trial

each = pytest.mark.parametrize("way", SELECTIONS.values(), ids=list(SELECTIONS))
some = settings(max_examples=40, deadline=None, derandomize=True)
SEED = st.integers(0, 9)


def numbers(trials: tuple[Trial, ...]) -> list[int]:
    return [one.number for one in trials]


def state(trial: Trial) -> str:
    if trial.fitness is None:
        return "failed"
    return "stopped" if trial.stopped else "scored"


@each
@some
@given(trials=any_trials(), count=st.integers(1, 30), seed=SEED, generation=st.integers(0, 5))
def test_the_same_seed_chooses_the_same_in_whatever_order_the_trials_come(
    way: Selection, trials: list[Trial], count: int, seed: int, generation: int
) -> None:
    shuffled = random.Random(seed).sample(trials, k=len(trials))
    once = way.select(trials, count, generation=generation, rng=random.Random(seed))
    again = way.select(shuffled, count, generation=generation, rng=random.Random(seed))
    assert numbers(once) == numbers(again)
    assert numbers(way.survivors(trials, count, generation=generation)) == numbers(
        way.survivors(shuffled, count, generation=generation)
    )


@each
def test_another_seed_chooses_others(way: Selection) -> None:
    trials = [told(i, {"dates": i, "sums": 9 - i}) for i in range(10)]
    drawn = {tuple(numbers(way.select(trials, 12, generation=0, rng=random.Random(seed)))) for seed in range(5)}
    assert len(drawn) > 1


@each
@some
@given(trials=any_trials(), count=st.integers(1, 30), seed=SEED)
def test_there_are_as_many_parents_as_asked_for_and_no_genome_survives_twice(
    way: Selection, trials: list[Trial], count: int, seed: int
) -> None:
    assert len(way.select(trials, count, generation=1, rng=random.Random(seed))) == count
    staying = way.survivors(trials, count, generation=1)
    assert 1 <= len(staying) <= count
    assert len({one.genome for one in staying}) == len(staying)


@each
@some
@given(trials=any_trials(), count=st.integers(1, 30), seed=SEED)
def test_the_failed_and_the_stopped_are_chosen_only_where_there_are_no_others(
    way: Selection, trials: list[Trial], count: int, seed: int
) -> None:
    states = {state(one) for one in trials}
    allowed = next(name for name in ("scored", "stopped", "failed") if name in states)
    parents = way.select(trials, count, generation=0, rng=random.Random(seed))
    assert {state(one) for one in (*parents, *way.survivors(trials, count, generation=0))} == {allowed}


@each
@some
@given(trials=scored_trials(least=2), count=st.integers(1, 20), generation=st.integers(0, 5))
def test_the_caller_s_trials_are_left_as_they_were(
    way: Selection, trials: list[Trial], count: int, generation: int
) -> None:
    before = list(trials)
    way.select(trials, count, generation=generation, rng=random.Random(0))
    way.survivors(trials, count, generation=generation)
    assert trials == before


@each
def test_more_are_asked_for_than_there_are(way: Selection) -> None:
    trials = [told(0, {"dates": 9, "sums": 1}), told(1, {"dates": 1, "sums": 9})]
    assert len(way.select(trials, 50, generation=0, rng=random.Random(0))) == 50
    assert sorted(numbers(way.survivors(trials, 50, generation=0))) == [0, 1]


@each
def test_a_genome_told_often_is_drawn_no_more_often(way: Selection) -> None:
    often = [told(i, {"dates": 5, "sums": 5}, gene=1) for i in range(30)]
    rare = told(30, {"dates": 5, "sums": 4}, gene=2), told(31, {"dates": 4, "sums": 5}, gene=3)
    alone = way.select([often[0], *rare], 40, generation=0, rng=random.Random(3))
    assert numbers(way.select([*often, *rare], 40, generation=0, rng=random.Random(3))) == numbers(alone)


@each
def test_a_genome_stands_where_it_was_scored_on_most_examples_not_where_it_did_best(way: Selection) -> None:
    lucky, measured = (
        told(0, {"dates": 9, "sums": 9}, gene=1, seen=4),
        told(1, {"dates": 3, "sums": 3}, gene=1, seen=20),
    )
    assert numbers(way.survivors([lucky, measured], 5, generation=0)) == [1]


@each
def test_no_trials_are_one_clear_error(way: Selection) -> None:
    with pytest.raises(EvolutionError, match="no trials to choose from; tell the first generation"):
        way.select([], 4, generation=0, rng=random.Random(0))
    with pytest.raises(EvolutionError, match="no trials to choose from; tell the first generation"):
        way.survivors([], 4, generation=0)


@each
@pytest.mark.parametrize("count", [0, -1])
def test_a_count_below_one_is_refused(way: Selection, count: int) -> None:
    trials = [told(0, {"dates": 9, "sums": 1})]
    with pytest.raises(EvolutionError, match="ask for at least one"):
        way.select(trials, count, generation=0, rng=random.Random(0))
    with pytest.raises(EvolutionError, match="ask for at least one"):
        way.survivors(trials, count, generation=0)
