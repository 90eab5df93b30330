"""A population in a made-up world: it climbs, repeats itself for a seed, and tries no candidate twice."""

from __future__ import annotations

import pytest

from tests.evolution.made_up import Pages, Worth, tried
from workbench.adapters.merging import LayerGroups
from workbench.core.errors import EvolutionError
from workbench.evolution.budget import Budget
from workbench.evolution.crossover import CROSSOVERS, possible
from workbench.evolution.genome import Genome, only
from workbench.evolution.loop import Evolution
from workbench.evolution.mutation import MUTATIONS
from workbench.evolution.search.population import PopulationSearch
from workbench.evolution.selection import SELECTIONS, SelectionName

GROUPS = LayerGroups(30, 3)
SEEDS = [only(name, 3) for name in ("aa", "bb", "cc")]
BEST = {"aa": 0.9, "bb": 0.6, "cc": 0.0}


def by_parent(genome: Genome) -> dict[str, float]:
    """A skill for each parent: how near its coefficients are to the best."""
    rows = dict(zip(genome.parents, genome.coefficients, strict=True))
    return {name: -sum((each - best) ** 2 for each in rows.get(name, (0.0,) * 3)) for name, best in BEST.items()}


def worth(genome: Genome) -> float:
    return sum(by_parent(genome).values())


def search(seed: int = 0, selection: SelectionName = "tournament", **how: object) -> PopulationSearch:
    return PopulationSearch(
        how.pop("seeds", SEEDS),  # type: ignore[arg-type]
        groups=GROUPS,
        selection=SELECTIONS[selection],
        crossovers=possible(GROUPS),
        mutations={"noise": MUTATIONS["noise"]},
        size=12,
        seed=seed,
        **how,  # type: ignore[arg-type]
    )


def run(made: PopulationSearch, generations: int = 12, worth: Worth = by_parent) -> Evolution:
    evolution = Evolution(made, Pages(), Budget(10 * 12 * generations))
    while not evolution.is_over:
        evolution.tell(tried(evolution.ask(), worth))
    return evolution


@pytest.mark.parametrize("selection", sorted(SELECTIONS))
def test_every_selection_climbs_from_the_best_specialist(selection: SelectionName) -> None:
    champion = run(search(selection=selection), generations=25).champion
    assert worth(champion.genome) > 0.5 * max(worth(one) for one in SEEDS)  # all are below zero


def test_the_first_generation_begins_with_the_specialists_as_they_are() -> None:
    first = search().ask()
    assert [one.genome for one in first[:3]] == SEEDS
    assert [one.operator for one in first[:3]] == ["seed"] * 3
    assert len(first) == len({one.genome for one in first}) == 12


def test_no_candidate_is_tried_twice_in_a_run() -> None:
    genomes = [one.genome for one in run(search()).trials]
    assert len(genomes) == len(set(genomes)) == 12 * 12


def test_children_name_the_genomes_they_were_made_of_and_the_operators() -> None:
    trials = run(search(), generations=3).trials
    known = {one.genome.identity for one in trials}
    children = [one for one in trials if one.operator != "seed"]
    assert all(set(one.made_of) <= known and 1 <= len(one.made_of) <= 2 for one in children)
    assert {name for one in children for name in one.operator.split(" + ")} <= {*possible(GROUPS), "noise"}


def test_a_population_cut_short_and_told_again_goes_on_the_same() -> None:
    whole = run(search())
    evolution = Evolution(search(), Pages(list(whole.trials[:50])), Budget(10 * 12 * 12))
    while not evolution.is_over:
        evolution.tell(tried(evolution.ask(), by_parent))
    assert evolution.trials == whole.trials


def test_one_seed_gives_one_run_and_another_seed_another() -> None:
    first, again, other = (run(search(seed), generations=4).trials for seed in (3, 3, 4))
    assert first == again
    assert first != other


def test_one_parent_alone_evolves_by_mutation() -> None:
    assert len(run(search(seeds=[only("aa", 3)]), generations=3).trials) == 36


def test_nothing_to_begin_with_is_a_sentence() -> None:
    with pytest.raises(EvolutionError, match="train a specialist"):
        search(seeds=[])


def test_without_a_choice_every_crossover_that_the_groups_allow_is_used_and_one_they_refuse_is_a_sentence() -> None:
    made = {"groups": LayerGroups(30, 1), "selection": SELECTIONS["tournament"], "mutations": MUTATIONS}
    seeds = [only("aa"), only("bb")]
    assert set(PopulationSearch(seeds, **made).crossovers) == {"blend", "rules"}  # type: ignore[arg-type]
    with pytest.raises(EvolutionError, match="layerwise has nothing to exchange"):
        PopulationSearch(seeds, crossovers={"layerwise": CROSSOVERS["layerwise"]}, **made)  # type: ignore[arg-type]
