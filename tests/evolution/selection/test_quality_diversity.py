"""The best of each cell stays and breeds, the skill in turn."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evolution.selection.told import scored_trials, told
from workbench.core.errors import EvolutionError
from workbench.evolution.selection import quality_diversity
from workbench.evolution.selection.quality_diversity import archive, elite_weights
from workbench.evolution.selection.scores import Skill
from workbench.evolution.trial import Trial

some = settings(max_examples=60, deadline=None, derandomize=True)
DATES, SUMS = Skill("skills", "dates"), Skill("skills", "sums")


def cell(trial: Trial, quality: str) -> tuple[int, ...]:
    """By hand: fifths of the share on everything but the quality."""
    assert trial.fitness is not None
    scores = {**trial.fitness.skills, **trial.fitness.held}
    return tuple(min(score.right * 5 // score.n, 4) for name, score in sorted(scores.items()) if name != quality)


@some
@given(trials=scored_trials())
def test_the_archive_keeps_one_of_each_cell_and_nobody_there_is_better(trials: list[Trial]) -> None:
    elites = archive(trials, DATES)
    assert sorted(cell(one, "dates") for one in elites) == sorted({cell(one, "dates") for one in trials})
    kept = {cell(one, "dates"): one for one in elites}
    for one in trials:
        best = kept[cell(one, "dates")].fitness
        assert one.fitness is not None
        assert best is not None
        assert best.skills["dates"].value >= one.fitness.skills["dates"].value


def test_the_skill_whose_score_is_the_quality_takes_turns() -> None:
    first, second = told(0, {"dates": 5, "sums": 4}), told(1, {"dates": 4, "sums": 5})  # one cell by either
    bred = [
        {one.number for one in quality_diversity.select([first, second], 20, generation=g, rng=random.Random(0))}
        for g in range(4)
    ]
    assert bred == [{0}, {1}, {0}, {1}]


def test_a_held_skill_is_behaviour_and_never_the_quality() -> None:
    learned, keeper = told(0, {"dates": 9}, held={"json": 0}), told(1, {"dates": 2}, held={"json": 9})
    beaten = told(2, {"dates": 1}, held={"json": 10})
    for generation in range(4):
        parents = quality_diversity.select([learned, keeper, beaten], 60, generation=generation, rng=random.Random(0))
        assert {one.number for one in parents} == {0, 1}


def test_elites_are_drawn_by_the_product_of_their_scaled_scores() -> None:
    both, one, neither = (
        told(0, {"dates": 10, "sums": 10}),
        told(1, {"dates": 10, "sums": 5}),
        told(2, {"dates": 0, "sums": 0}),
    )
    weights = elite_weights([both, one, neither])
    assert weights == pytest.approx((0.8 * 0.8, 0.8 * 0.65, 0.5 * 0.5))
    drawn = Counter(
        each.number for each in quality_diversity.select([both, one, neither], 6000, generation=0, rng=random.Random(0))
    )
    for elite, weight in zip((both, one, neither), weights, strict=True):
        assert drawn[elite.number] / 6000 == pytest.approx(weight / sum(weights), abs=0.03)


def test_where_all_are_equal_on_a_skill_it_favours_nobody() -> None:
    assert len(set(elite_weights([told(i, {"dates": 4, "sums": 4}) for i in range(3)]))) == 1


@some
@given(trials=scored_trials(), generation=st.integers(0, 5), count=st.integers(2, 14))
def test_the_best_at_each_skill_to_be_learned_survive(trials: list[Trial], generation: int, count: int) -> None:
    staying = quality_diversity.survivors(trials, count, generation=generation)
    for name in ("dates", "sums"):
        highest = max(one.fitness.skills[name].right for one in trials if one.fitness)
        assert any(one.fitness and one.fitness.skills[name].right == highest for one in staying)


@some
@given(trials=scored_trials())
def test_the_elite_of_every_archive_survive_where_there_is_room(trials: list[Trial]) -> None:
    elites = {one.number for quality in (DATES, SUMS) for one in archive(trials, quality)}
    assert {one.number for one in quality_diversity.survivors(trials, 99, generation=0)} == elites


def test_the_elite_of_the_skill_in_turn_comes_first() -> None:
    trials = [told(0, {"dates": 9, "sums": 0}), told(1, {"dates": 0, "sums": 9})]
    first = [quality_diversity.survivors(trials, 1, generation=g)[0].number for g in range(4)]
    assert first == [0, 1, 0, 1]


def test_a_single_skill_tells_no_kinds_apart() -> None:
    with pytest.raises(EvolutionError, match="second skill beside 'dates'"):
        quality_diversity.select([told(0, {"dates": 4})], 2, generation=0, rng=random.Random(0))


def test_bins_below_one_are_refused() -> None:
    with pytest.raises(EvolutionError, match="0 bins"):
        quality_diversity.survivors([told(0, {"dates": 4, "sums": 1})], 2, generation=0, bins=0)
