"""Mutations of the lesson that follows a merge."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.evolution.crossover.genomes import SEED, few, populated, rng
from workbench.adapters.merging import LayerGroups
from workbench.evolution.genome import Genome, Lesson, only
from workbench.evolution.mutation import hyper, teach

GROUPS = LayerGroups(30)
BOUNDS = {"learning_rate": hyper.LEARNING_RATES, "steps": hyper.STEPS, "batch": hyper.BATCHES}


def changed(before: Lesson, after: Lesson) -> set[str]:
    return {name for name in Lesson.__slots__ if getattr(before, name) != getattr(after, name)}


@few
@given(populated(), SEED, st.floats(0.01, 5))
def test_exactly_one_hyper_parameter_changes_and_stays_within_its_bounds(
    one: tuple[LayerGroups, Genome], seed: int, step: float
) -> None:
    groups, genome = one
    mutant = hyper.mutated(genome, groups=groups, rng=rng(seed), step=step)
    assert mutant.lesson is not None
    (name,) = changed(genome.lesson or hyper.START, mutant.lesson)
    low, high = BOUNDS[name]
    assert low <= getattr(mutant.lesson, name) <= high
    assert replace(mutant, lesson=genome.lesson) == genome


@pytest.mark.parametrize("end", [0, 1])
def test_a_lesson_at_a_bound_still_changes(end: int) -> None:
    lesson = Lesson(**{name: bounds[end] for name, bounds in BOUNDS.items()})  # type: ignore[arg-type]
    genome = Genome(("aa",), ((1.0,),), lesson=lesson)
    names = set()
    for seed in range(60):
        mutant = hyper.mutated(genome, groups=GROUPS, rng=rng(seed))
        assert mutant.lesson is not None
        names |= changed(lesson, mutant.lesson)
    assert names == set(BOUNDS)


def test_a_lesson_from_outside_the_bounds_is_brought_within_them() -> None:
    genome = Genome(("aa",), ((1.0,),), lesson=Lesson(steps=500, learning_rate=0.5, batch=1))
    for seed in range(60):
        lesson = hyper.mutated(genome, groups=GROUPS, rng=rng(seed)).lesson
        assert lesson is not None
        (name,) = changed(genome.lesson or hyper.START, lesson)
        assert BOUNDS[name][0] <= getattr(lesson, name) <= BOUNDS[name][1]


def test_hyper_parameters_grow_as_often_as_they_shrink() -> None:
    lesson = Lesson(steps=16, learning_rate=1e-3, batch=16)
    genome = Genome(("aa",), ((1.0,),), lesson=lesson)
    drawn = [hyper.mutated(genome, groups=GROUPS, rng=rng(seed)).lesson for seed in range(1200)]
    rates = [one.learning_rate for one in drawn if one and one.learning_rate != lesson.learning_rate]
    assert sum(rate > lesson.learning_rate for rate in rates) / len(rates) == pytest.approx(0.5, abs=0.08)
    assert len(rates) / len(drawn) == pytest.approx(1 / 3, abs=0.05)


def test_a_genome_without_a_lesson_is_given_one_by_either() -> None:
    for mutate in (hyper.mutated, teach.mutated):
        assert mutate(only("aa"), groups=GROUPS, rng=rng()).lesson is not None


def test_teaching_is_a_short_lesson_on_what_is_wrong() -> None:
    lesson = teach.mutated(only("aa"), groups=GROUPS, rng=rng()).lesson
    assert lesson == replace(teach.FEW, wrong_first=True, seed=rng().randrange(teach.SEEDS))
    assert lesson.steps < hyper.START.steps


@few
@given(populated(), SEED)
def test_teaching_turns_a_lesson_to_what_is_wrong_and_keeps_the_rest(
    one: tuple[LayerGroups, Genome], seed: int
) -> None:
    groups, genome = one
    mutant = teach.mutated(genome, groups=groups, rng=rng(seed))
    assert mutant.lesson is not None
    assert mutant.lesson.wrong_first
    assert changed(genome.lesson or teach.FEW, mutant.lesson) <= {"wrong_first", "seed"}
    assert replace(mutant, lesson=genome.lesson) == genome
