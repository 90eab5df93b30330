"""Crossovers that hand whole columns down: by depth, and by kind of module."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.evolution.crossover.genomes import FITNESS, SEED, column, couples, few, rng, rows
from workbench.adapters.merging import LayerGroups
from workbench.evolution.crossover import layerwise, modules
from workbench.evolution.genome import Genome, only

Couple = tuple[LayerGroups, Genome, Genome]
BY_KIND = st.builds(LayerGroups, st.just(30), st.integers(1, 4), st.just(True))


def givers(child: Genome, first: Genome, second: Genome) -> list[set[str]]:
    """By column, which parents have exactly these genes there."""
    return [
        {name for name, one in (("first", first), ("second", second)) if column(one, index) == column(child, index)}
        for index in range(child.groups)
    ]


@few
@given(couples(), FITNESS, SEED)
def test_each_depth_comes_whole_from_one_parent(couple: Couple, fitness: tuple[float, float], seed: int) -> None:
    groups, first, second = couple
    child = layerwise.crossed(first, second, fitness=fitness, groups=groups, rng=rng(seed))
    found = givers(child, first, second)
    for depth in range(groups.count):
        assert set.intersection(*(found[one] for one in range(groups.columns) if groups.depth_of(one) == depth))
    assert any("first" in names for names in found)
    assert any("second" in names for names in found)


@few
@given(couples(BY_KIND), FITNESS, SEED)
def test_attention_comes_from_one_parent_and_mlp_from_the_other(
    couple: Couple, fitness: tuple[float, float], seed: int
) -> None:
    groups, first, second = couple
    child = modules.crossed(first, second, fitness=fitness, groups=groups, rng=rng(seed))
    found = givers(child, first, second)
    attention = set.intersection(*(found[one] for one in range(0, groups.columns, 2)))
    mlp = set.intersection(*(found[one] for one in range(1, groups.columns, 2)))
    assert ("first" in attention and "second" in mlp) or ("second" in attention and "first" in mlp)


@few
@given(couples(BY_KIND), SEED)
def test_a_genome_exchanged_with_itself_is_itself(couple: Couple, seed: int) -> None:
    groups, genome, _ = couple
    assert modules.crossed(genome, genome, fitness=(1, 1), groups=groups, rng=rng(seed)) == genome
    if groups.count > 1:
        assert layerwise.crossed(genome, genome, fitness=(1, 1), groups=groups, rng=rng(seed)) == genome


def test_every_mixture_of_depths_occurs_and_neither_parent_itself() -> None:
    groups = LayerGroups(30, 3)
    drawn = [
        rows(layerwise.crossed(only("aa"), only("bb"), fitness=(1, 1), groups=groups, rng=rng(seed)))["aa"]
        for seed in range(100)
    ]
    assert len(set(drawn)) == 6
    assert (0.0,) * 3 not in drawn
    assert (1.0,) * 3 not in drawn


def test_either_parent_gives_the_attention() -> None:
    groups = LayerGroups(30, 2, kinds=True)
    drawn = {
        rows(modules.crossed(only("aa"), only("bb"), fitness=(1, 1), groups=groups, rng=rng(seed)))["aa"]
        for seed in range(20)
    }
    assert drawn == {(1.0, 0.0, 1.0, 0.0), (0.0, 1.0, 0.0, 1.0)}


def test_a_column_brings_its_stretch_and_one_without_leaves_the_values() -> None:
    groups = LayerGroups(30, 2, kinds=True)
    stretched = Genome(("aa",), ((1.0,) * 4,), stretch=((2.0,), (3.0,), (4.0,), (5.0,)))
    drawn = {
        modules.crossed(stretched, only("bb"), fitness=(1, 1), groups=groups, rng=rng(seed)).stretch
        for seed in range(20)
    }
    assert drawn == {((2.0,), (), (4.0,), ()), ((), (3.0,), (), (5.0,))}
