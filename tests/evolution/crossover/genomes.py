"""Genomes for tests of operators: any that a population can hold, drawn by hypothesis."""

from __future__ import annotations

import random

from hypothesis import settings
from hypothesis import strategies as st

from workbench.adapters.merging import LayerGroups
from workbench.evolution.genome import Genome, Lesson, RuleName

few = settings(max_examples=30, deadline=None, derandomize=True)
NAMES = ("aa", "bb", "cc", "dd", "ee")
NUMBER = st.floats(-3, 3).map(lambda number: round(number, 3)).filter(bool)
FACTOR = st.floats(0.25, 4).map(lambda number: round(number, 3))
LESSON = st.builds(
    Lesson,
    steps=st.integers(4, 64),
    learning_rate=st.floats(1e-4, 1e-2),
    batch=st.integers(4, 32),
    seed=st.integers(0, 9),
    wrong_first=st.booleans(),
)
GROUPS = st.builds(LayerGroups, st.just(30), st.integers(2, 4), st.booleans())
FITNESS = st.tuples(st.sampled_from([0.1, 0.5]), st.sampled_from([0.1, 0.5]))
SEED = st.integers(0, 2**32)


@st.composite
def genomes(draw: st.DrawFn, groups: LayerGroups, most: int = 4) -> Genome:
    """One with a column for each of `groups`."""
    parents = tuple(sorted(draw(st.sets(st.sampled_from(NAMES), min_size=1, max_size=most))))
    row = st.tuples(*[NUMBER] * groups.columns)
    stretch = st.tuples(*[st.lists(FACTOR, min_size=1, max_size=3).map(tuple)] * groups.columns)
    rules: tuple[RuleName, ...] = ("linear", "ties", "dare")
    return Genome(
        parents=parents,
        coefficients=draw(st.tuples(*[row] * len(parents))),
        stretch=draw(st.one_of(st.just(()), stretch)),
        rule=draw(st.sampled_from(rules)),
        share=draw(st.none() | st.floats(0.1, 0.9)),
        rank=draw(st.none() | st.integers(1, 16)),
        seed=draw(st.integers(0, 9)),
        lesson=draw(st.none() | LESSON),
    )


@st.composite
def populated(draw: st.DrawFn) -> tuple[LayerGroups, Genome]:
    """Groups, and a genome that fits them."""
    groups = draw(GROUPS)
    return groups, draw(genomes(groups))


@st.composite
def couples(draw: st.DrawFn, groups: st.SearchStrategy[LayerGroups] = GROUPS) -> tuple[LayerGroups, Genome, Genome]:
    """Groups, and two genomes that fit them."""
    drawn = draw(groups)
    return drawn, draw(genomes(drawn)), draw(genomes(drawn))


def rng(seed: int = 0) -> random.Random:
    return random.Random(seed)


def rows(genome: Genome) -> dict[str, tuple[float, ...]]:
    """Coefficients by adapter."""
    return dict(zip(genome.parents, genome.coefficients, strict=True))


def coefficient(genome: Genome, adapter: str, column: int) -> float:
    """0 of an adapter that it lacks."""
    row = rows(genome).get(adapter)
    return row[column] if row else 0.0


def column(genome: Genome, index: int) -> tuple[object, ...]:
    """All genes of one column: every adapter's coefficient, and the stretch."""
    return (
        *(coefficient(genome, adapter, index) for adapter in NAMES),
        genome.stretch[index] if genome.stretch else (),
    )


def frame(genome: Genome) -> tuple[object, ...]:
    """What no column says."""
    return genome.rule, genome.share, genome.rank, genome.seed, genome.lesson
