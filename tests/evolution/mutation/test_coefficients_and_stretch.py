"""Mutations of what a merge is: its coefficients, and the singular values of what comes out."""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import fmean, pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.evolution.crossover.genomes import SEED, few, populated, rng, rows
from workbench.adapters.merging import LayerGroups
from workbench.evolution.genome import Genome, only
from workbench.evolution.mutation import noise, stretch

GROUPS = LayerGroups(30)
WIDE = LayerGroups(2000, 2000)


def test_noise_has_the_step_that_was_asked_for() -> None:
    mutant = noise.mutated(only("aa"), groups=WIDE, rng=rng(), step=0.25, rare=0.0)
    moved = [each - 1.0 for each in mutant.coefficients[0]]
    assert pstdev(moved) == pytest.approx(0.25, rel=0.06)
    assert fmean(moved) == pytest.approx(0.0, abs=0.02)


@few
@given(populated(), SEED)
def test_noise_of_no_step_changes_nothing(one: tuple[LayerGroups, Genome], seed: int) -> None:
    groups, genome = one
    assert noise.mutated(genome, groups=groups, rng=rng(seed), step=0.0, rare=0.0, near=0.0) == genome


@few
@given(populated(), SEED)
def test_noise_touches_nothing_but_coefficients(one: tuple[LayerGroups, Genome], seed: int) -> None:
    groups, genome = one
    mutant = noise.mutated(genome, groups=groups, rng=rng(seed))
    assert replace(mutant, parents=genome.parents, coefficients=genome.coefficients) == genome


def test_one_coefficient_is_set_to_zero_as_rarely_as_was_asked() -> None:
    drawn = [noise.mutated(only("aa", 3), groups=GROUPS, rng=rng(seed), rare=0.1) for seed in range(2000)]
    zeros = [mutant.coefficients[0].count(0.0) for mutant in drawn]
    assert set(zeros) == {0, 1}
    assert fmean(zeros) == pytest.approx(0.1, abs=0.02)


def test_an_adapter_that_hardly_counts_is_dropped_with_its_row() -> None:
    genome = Genome(("aa", "bb", "cc"), ((0.5,) * 3, (0.01, -0.02, 0.0), (0.0, 0.0, 0.3)))
    mutant = noise.mutated(genome, groups=GROUPS, rng=rng(), step=0.0, rare=0.0)
    assert rows(mutant) == {"aa": (0.5,) * 3, "cc": (0.0, 0.0, 0.3)}


@few
@given(st.lists(st.floats(-0.04, 0.04), min_size=2, max_size=5), SEED)
def test_the_adapter_that_counts_most_always_stays(sizes: list[float], seed: int) -> None:
    names = tuple("abcde"[: len(sizes)])
    genome = Genome(names, tuple((size,) * 3 for size in sizes))
    kept = noise.mutated(genome, groups=GROUPS, rng=rng(seed), step=0.0, rare=0.0)
    largest = max(map(abs, sizes))
    assert len(kept.parents) == 1
    assert abs(kept.coefficients[0][0]) == largest


def test_stretch_is_log_normal_with_its_step() -> None:
    mutant = stretch.mutated(only("aa"), groups=WIDE, rng=rng(), step=0.3, values=1)
    logs = [math.log(factor) for (factor,) in mutant.stretch]
    assert pstdev(logs) == pytest.approx(0.3, rel=0.06)
    assert fmean(logs) == pytest.approx(0.0, abs=0.02)


@few
@given(populated(), SEED, st.floats(0, 3), st.integers(1, 10))
def test_stretch_gives_each_group_its_factors_within_bounds_and_touches_nothing_else(
    one: tuple[LayerGroups, Genome], seed: int, step: float, values: int
) -> None:
    groups, genome = one
    mutant = stretch.mutated(genome, groups=groups, rng=rng(seed), step=step, values=values)
    count = min(values, genome.rank or values)
    was = [len(row) for row in genome.stretch] or [0] * groups.columns
    assert [len(row) for row in mutant.stretch] == [max(each, count) for each in was]
    low, high = stretch.FACTORS
    assert all(low <= factor <= high for row in mutant.stretch for factor in row)
    assert replace(mutant, stretch=genome.stretch) == genome


def test_a_second_stretch_goes_on_from_the_first() -> None:
    genome = Genome(("aa",), ((1.0,) * 3,), stretch=((2.0,), (1.0,), (0.5,)))
    mutant = stretch.mutated(genome, groups=GROUPS, rng=rng(), step=0.0, values=2)
    assert mutant.stretch == ((2.0, 1.0), (1.0, 1.0), (0.5, 1.0))
