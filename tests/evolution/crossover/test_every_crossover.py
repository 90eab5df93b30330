"""What holds for every crossover, whatever the parents."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.evolution.crossover.genomes import FITNESS, SEED, couples, few, frame, rng, rows
from workbench.adapters.merging import LayerGroups
from workbench.core.errors import EvolutionError
from workbench.evolution.crossover import CROSSOVERS, possible
from workbench.evolution.genome import Genome, Lesson, from_dict, only, to_dict

Couple = tuple[LayerGroups, Genome, Genome]
KINDS = LayerGroups(30, 2, kinds=True)


@few
@given(couples(), FITNESS, SEED)
def test_a_child_fits_the_groups_and_names_adapters_of_its_parents_in_order(
    couple: Couple, fitness: tuple[float, float], seed: int
) -> None:
    groups, first, second = couple
    for cross in possible(groups).values():
        child = cross(first, second, fitness=fitness, groups=groups, rng=rng(seed))
        assert child.parents == tuple(sorted(child.parents))
        assert set(child.parents) <= {*first.parents, *second.parents}
        assert child.groups == groups.columns
        assert len(child.stretch) in (0, groups.columns)
        assert from_dict(to_dict(child)) == child


@few
@given(couples(), FITNESS, SEED)
def test_equal_arguments_give_equal_children_and_leave_the_generator_alike(
    couple: Couple, fitness: tuple[float, float], seed: int
) -> None:
    groups, first, second = couple
    for cross in possible(groups).values():
        one, other = rng(seed), rng(seed)
        children = [cross(first, second, fitness=fitness, groups=groups, rng=each) for each in (one, other)]
        assert children[0] == children[1]
        assert children[0].identity == children[1].identity
        assert one.getstate() == other.getstate()


@few
@given(couples(), SEED)
def test_what_cannot_be_mixed_comes_together_from_the_fitter_parent(couple: Couple, seed: int) -> None:
    groups, first, second = couple
    for name, cross in possible(groups).items():
        for fitness, fitter in (((0.6, 0.5), first), ((0.5, 0.6), second)):
            child = cross(first, second, fitness=fitness, groups=groups, rng=rng(seed))
            if name == "rules":
                assert (child.rank, child.lesson) == (fitter.rank, fitter.lesson)
            else:
                assert frame(child) == frame(fitter)


def test_of_equally_fit_parents_either_hands_down_its_lesson() -> None:
    taught = Genome(("bb",), ((1.0,) * 4,), lesson=Lesson(8, 1e-3))
    for cross in CROSSOVERS.values():
        drawn = {cross(only("aa"), taught, fitness=(1, 1), groups=KINDS, rng=rng(seed)).lesson for seed in range(20)}
        assert drawn == {None, taught.lesson}


@pytest.mark.parametrize("name", CROSSOVERS)
def test_two_specialists_as_they_are_have_a_child_of_both(name: str) -> None:
    child = CROSSOVERS[name](only("bb"), only("aa"), fitness=(1, 1), groups=KINDS, rng=rng(1))
    assert child.parents == ("aa", "bb")
    assert {len(row) for row in child.coefficients} == {4}


@pytest.mark.parametrize("name", CROSSOVERS)
def test_one_adapter_with_other_coefficients_is_a_parent_like_any_other(name: str) -> None:
    first, second = Genome(("aa",), ((1.0, 2.0, 3.0, 4.0),)), Genome(("aa",), ((5.0, 6.0, 7.0, 8.0),))
    child = CROSSOVERS[name](first, second, fitness=(1, 1), groups=KINDS, rng=rng(1))
    assert child.parents == ("aa",)
    assert child.coefficients not in (first.coefficients, second.coefficients)


@pytest.mark.parametrize("name", ["blend", "rules"])
def test_a_single_column_stands_for_all_groups(name: str) -> None:
    narrow = Genome(("aa",), ((0.7,),), stretch=((2.0, 0.5),))
    wide = Genome(("aa",), ((0.7,) * 4,), stretch=((2.0, 0.5),) * 4)
    child = CROSSOVERS[name](narrow, wide, fitness=(1, 1), groups=KINDS, rng=rng(1))
    assert (rows(child), child.stretch) == (rows(wide), wide.stretch)


@pytest.mark.parametrize("name", CROSSOVERS)
def test_a_genome_of_other_groups_is_refused(name: str) -> None:
    with pytest.raises(EvolutionError, match="3 columns where the layer groups make 4"):
        CROSSOVERS[name](only("aa", 4), only("bb", 3), fitness=(1, 1), groups=KINDS, rng=rng())


@pytest.mark.parametrize("name", ["layerwise", "modules"])
def test_an_adapter_whose_every_coefficient_is_zero_is_left_out_but_not_the_last(name: str) -> None:
    silent = Genome(("aa", "bb"), ((0.0,) * 4,) * 2)
    fitness = (1.0, 1.0)
    child = CROSSOVERS[name](silent, only("cc", 4), fitness=fitness, groups=KINDS, rng=rng())
    assert child.parents == ("cc",)
    nothing = CROSSOVERS[name](silent, silent, fitness=fitness, groups=KINDS, rng=rng())
    assert (nothing.parents, nothing.coefficients) == (("aa",), ((0.0,) * 4,))


@few
@given(st.integers(1, 3), st.booleans())
def test_those_that_groups_leave_nothing_to_exchange_are_named(count: int, kinds: bool) -> None:
    groups = LayerGroups(30, count, kinds)
    for name, cross in CROSSOVERS.items():
        if name in possible(groups):
            cross(only("aa"), only("bb"), fitness=(1, 1), groups=groups, rng=rng())
        else:
            with pytest.raises(EvolutionError, match=r"more layer groups|kinds=True"):
                cross(only("aa"), only("bb"), fitness=(1, 1), groups=groups, rng=rng())


def test_depth_and_kind_each_open_one_crossover() -> None:
    assert set(possible(LayerGroups(30, 1))) == {"blend", "rules"}
    assert set(possible(LayerGroups(30, 1, kinds=True))) == {"blend", "modules", "rules"}
    assert set(possible(LayerGroups(30, 3))) == {"blend", "layerwise", "rules"}
    assert set(possible(KINDS)) == set(CROSSOVERS)
