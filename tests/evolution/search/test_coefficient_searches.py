"""CMA-ES and random search in a world where the best coefficients are known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.evolution.made_up import Pages, best_worth, towards, tried
from workbench.evolution.budget import Budget
from workbench.evolution.genome import Genome
from workbench.evolution.loop import Evolution
from workbench.evolution.search import Search
from workbench.evolution.search.cma import CmaSearch
from workbench.evolution.search.random_search import RandomSearch

PARENTS = ("aa", "bb", "cc")
WANTED = (0.9, 0.1, -0.4, 0.0, 0.5, 0.2)
WORTH = towards(*WANTED)


def cma(seed: int = 0, **how: object) -> CmaSearch:
    return CmaSearch(PARENTS, groups=2, seed=seed, **how)  # type: ignore[arg-type]


def run(search: Search, generations: int) -> Evolution:
    evolution = Evolution(search, Pages(), Budget(10 * 12 * generations))
    while not evolution.is_over:
        evolution.tell(tried(evolution.ask(), WORTH))
    return evolution


def test_cma_es_comes_close_to_the_best_coefficients_negative_ones_included() -> None:
    champion = run(cma(), 60).champion.genome
    found = [each for row in champion.coefficients for each in row]
    assert found == pytest.approx(WANTED, abs=0.02)


def test_with_the_same_number_of_candidates_cma_es_is_far_ahead_of_random_search() -> None:
    searches = {name: run(search, 20).trials for name, search in (("cma", cma()), ("random", drawn()))}
    ahead = {name: best_worth(trials, WORTH) for name, trials in searches.items()}
    assert ahead["cma"] > 0.1 * ahead["random"]  # both are below zero


def drawn(seed: int = 0) -> RandomSearch:
    return RandomSearch(PARENTS, groups=2, size=12, seed=seed)


@pytest.mark.parametrize("make", [cma, drawn])
def test_one_seed_proposes_the_same_and_another_seed_others(make: type[CmaSearch]) -> None:
    first, again, other = (run(make(seed), 3).trials for seed in (1, 1, 2))  # type: ignore[call-arg, arg-type]
    assert [one.genome for one in first] == [one.genome for one in again]
    assert {one.genome for one in first}.isdisjoint({one.genome for one in other})


@pytest.mark.parametrize("make", [cma, drawn])
def test_asking_twice_proposes_the_same_until_it_is_told(make: type[CmaSearch]) -> None:
    search = make()  # type: ignore[call-arg]
    evolution = Evolution(search, Pages(), Budget(10**6))
    first = evolution.ask()
    assert evolution.ask() == first
    evolution.tell(tried(first, WORTH))
    assert evolution.ask().proposals != first.proposals


def test_only_the_order_of_candidates_reaches_cma_es() -> None:
    plain, bent = cma(), cma()
    for _ in range(5):
        proposals = plain.ask()
        assert proposals == bent.ask()
        generation = Evolution(cma(), Pages(), Budget(1)).ask()
        trials = tried(replace(generation, proposals=proposals), WORTH)
        squeezed = tried(replace(generation, proposals=proposals), lambda genome: -((-WORTH(genome)) ** 0.1))
        plain.tell(trials)
        bent.tell(squeezed)


def test_failed_and_stopped_candidates_count_as_the_worst() -> None:
    search = cma()
    means = []
    for hidden in (False, True):
        search = cma()
        for _ in range(8):
            evolution = Evolution(search, Pages(), Budget(1))
            trials = tried(evolution.ask(), WORTH)
            if hidden:  # the better half fails
                order = sorted(trials, key=lambda one: -WORTH(one.genome))[:6]
                trials = [replace(one, fitness=None, failure="no memory") if one in order else one for one in trials]
            search.tell(trials)
        means.append(sum(WORTH(one.genome) for one in search.ask()))
    assert means[1] < means[0]


def test_while_all_are_equally_wrong_it_draws_on_around_where_it_began_then_follows_the_better() -> None:
    flat = cma()
    generations = [Evolution(flat, Pages(), Budget(1)).ask()]
    for _ in range(30):
        flat.tell(tried(generations[-1], lambda _: -1.0))
        generations.append(Evolution(flat, Pages(), Budget(1)).ask())
    drawn = [one.genome for each in generations for one in each.proposals]
    assert len(set(drawn)) == 31 * 12
    middle = [sum(each) / len(drawn) for each in zip(*(sum(one.coefficients, ()) for one in drawn), strict=True)]
    assert middle == pytest.approx([0.3] * 6, abs=0.06)
    for _ in range(40):
        flat.tell(tried(Evolution(flat, Pages(), Budget(1)).ask(), WORTH))
    assert max(WORTH(one.genome) for one in flat.ask()) == pytest.approx(0, abs=1e-2)


def test_a_search_that_has_closed_in_begins_anew_from_the_best() -> None:
    search = cma(size=6)
    evolution = Evolution(search, Pages(), Budget(10 * 6 * 400))
    spreads = []
    while not evolution.is_over:
        generation = evolution.ask()
        values = [one.genome.coefficients[0][0] for one in generation.proposals]
        spreads.append(max(values) - min(values))
        evolution.tell(tried(generation, WORTH))
    closed = min(range(len(spreads)), key=spreads.__getitem__)
    assert spreads[closed] < 1e-4
    assert max(spreads[closed:]) > 0.1
    assert WORTH(evolution.champion.genome) == pytest.approx(0, abs=1e-6)


def test_cma_es_can_start_from_a_genome_that_lacks_some_parents() -> None:
    start = Genome(("bb",), ((2.0, 3.0),))
    proposals = cma(start=start, step=1e-6).ask()
    for one in proposals:
        assert [each for row in one.genome.coefficients for each in row] == pytest.approx([0, 0, 2, 3, 0, 0], abs=1e-4)


def test_random_search_covers_strengths_from_a_quarter_to_two() -> None:
    proposals = [one for seed in range(40) for one in drawn(seed).ask()]
    means = [sum(map(sum, one.genome.coefficients)) / 6 for one in proposals]
    assert 0.25 <= min(means) < 0.35
    assert 1.6 < max(means) <= 2.0
