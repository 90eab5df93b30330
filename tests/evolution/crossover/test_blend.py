"""BLX-α, and the blend under another rule."""

from __future__ import annotations

from statistics import fmean, pvariance

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.evolution.crossover.genomes import FITNESS, NAMES, SEED, coefficient, couples, few, populated, rng
from workbench.adapters.merging import LayerGroups
from workbench.evolution.crossover import blend, rules
from workbench.evolution.genome import Genome, only

ONE = LayerGroups(30, 1)
HAIR = 1e-9  # a rounding


@few
@given(populated(), FITNESS, SEED, st.floats(0, 1), st.booleans())
def test_a_genome_blended_with_itself_is_itself(
    one: tuple[LayerGroups, Genome], fitness: tuple[float, float], seed: int, alpha: float, toward: bool
) -> None:
    groups, genome = one
    child = blend.crossed(
        genome, genome, fitness=fitness, groups=groups, rng=rng(seed), alpha=alpha, toward_fitter=toward
    )
    assert child == genome


@few
@given(couples(), FITNESS, SEED, st.floats(0, 1), st.booleans())
def test_every_gene_lies_between_its_parents_widened_by_alpha(
    couple: tuple[LayerGroups, Genome, Genome],
    fitness: tuple[float, float],
    seed: int,
    alpha: float,
    toward: bool,
) -> None:
    groups, first, second = couple
    child = blend.crossed(
        first, second, fitness=fitness, groups=groups, rng=rng(seed), alpha=alpha, toward_fitter=toward
    )
    for adapter in NAMES:
        for column in range(groups.columns):
            x, y = (coefficient(one, adapter, column) for one in (first, second))
            reach = alpha * abs(x - y) + HAIR
            assert min(x, y) - reach <= coefficient(child, adapter, column) <= max(x, y) + reach
    for column, factors in enumerate(child.stretch):
        given_ = [one.stretch[column] if one.stretch else () for one in (first, second)]
        assert len(factors) == max(map(len, given_))
        for place, factor in enumerate(factors):
            x, y = (row[place] if place < len(row) else 1.0 for row in given_)
            reach = alpha * abs(x - y) + HAIR
            assert max(0.0, min(x, y) - reach) <= factor <= max(x, y) + reach


def test_an_adapter_that_a_parent_lacks_counts_as_zero_there() -> None:
    drawn = [_child(only("aa"), only("bb"), seed) for seed in range(400)]
    for adapter in ("aa", "bb"):
        genes = [coefficient(child, adapter, 0) for child in drawn]
        assert fmean(genes) == pytest.approx(0.5, abs=0.1)
        assert -0.5 <= min(genes) < -0.4
        assert 1.4 < max(genes) <= 1.5


def test_genes_are_drawn_each_on_its_own() -> None:
    first, second = Genome(("aa",), ((0.0,) * 4,)), Genome(("aa",), ((1.0,) * 4,))
    groups = LayerGroups(30, 4)
    child = blend.crossed(first, second, fitness=(1, 1), groups=groups, rng=rng(), alpha=0.0)
    assert len(set(child.coefficients[0])) == 4


def test_the_variance_of_a_population_grows_by_a_sixth_at_the_papers_alpha() -> None:
    draw = rng(5)
    people = [Genome(("aa",), ((draw.gauss(1.0, 0.2),),)) for _ in range(2000)]
    genes = []
    for _ in range(8000):
        first, second = draw.sample(people, 2)
        child = blend.crossed(first, second, fitness=(1, 1), groups=ONE, rng=draw)
        genes.append(coefficient(child, "aa", 0))
    before = pvariance(coefficient(one, "aa", 0) for one in people)
    assert pvariance(genes) / before == pytest.approx(7 / 6, rel=0.06)


@pytest.mark.parametrize(("fitness", "mean"), [((1.0, 0.0), 1 / 3), ((0.0, 1.0), 2 / 3), ((1.0, 1.0), 1 / 2)])
def test_a_blend_toward_the_fitter_leans_to_it_on_average(fitness: tuple[float, float], mean: float) -> None:
    first, second = Genome(("aa",), ((0.0,),)), Genome(("aa",), ((1.0,),))
    drawn = [
        blend.crossed(first, second, fitness=fitness, groups=ONE, rng=rng(seed), alpha=0.0, toward_fitter=True)
        for seed in range(2000)
    ]
    assert fmean(coefficient(child, "aa", 0) for child in drawn) == pytest.approx(mean, abs=0.03)


def test_factors_of_singular_values_never_fall_below_zero() -> None:
    first, second = (Genome(("aa",), ((1.0,),), stretch=((factor,),)) for factor in (0.01, 3.0))
    drawn = [_child(first, second, seed).stretch[0][0] for seed in range(100)]
    assert min(drawn) == 0.0
    assert max(drawn) > 3.0


@few
@given(couples(), FITNESS, SEED)
def test_a_child_under_another_rule_says_all_that_the_rule_needs(
    couple: tuple[LayerGroups, Genome, Genome], fitness: tuple[float, float], seed: int
) -> None:
    groups, first, second = couple
    child = rules.crossed(first, second, fitness=fitness, groups=groups, rng=rng(seed))
    plain = blend.crossed(first, second, fitness=fitness, groups=groups, rng=rng(seed))
    assert child.rule in rules.RULES
    assert child.share is not None
    assert 0.1 - HAIR <= child.share <= 0.9 + HAIR
    assert (child.parents, child.coefficients, child.stretch) == (plain.parents, plain.coefficients, plain.stretch)


def test_both_rules_are_drawn_and_only_dare_needs_a_seed_of_its_own() -> None:
    drawn = [rules.crossed(only("aa"), only("bb"), fitness=(1, 1), groups=ONE, rng=rng(seed)) for seed in range(60)]
    assert {child.rule for child in drawn} == {"ties", "dare"}
    assert {child.seed for child in drawn if child.rule == "ties"} == {0}
    assert len({child.seed for child in drawn if child.rule == "dare"}) > 10
    assert len({child.share for child in drawn}) == 60


def test_the_share_of_a_parent_under_the_same_rule_is_handed_on() -> None:
    thick = Genome(("aa",), ((1.0,),), rule="ties", share=0.7)
    thin = Genome(("bb",), ((1.0,),), rule="ties", share=0.6)
    for seed in range(30):
        alone = rules.crossed(thick, only("bb"), fitness=(1, 1), groups=ONE, rng=rng(seed))
        both = rules.crossed(thick, thin, fitness=(1, 1), groups=ONE, rng=rng(seed))
        if alone.rule == "ties":
            assert alone.share == 0.7
            assert both.share is not None
            assert 0.6 <= both.share <= 0.7


def _child(first: Genome, second: Genome, seed: int) -> Genome:
    return blend.crossed(first, second, fitness=(1, 1), groups=ONE, rng=rng(seed))
