"""Every two parents are tried first; the next search begins at the best pair, if it had anything right."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.evolution.made_up import Pages, tried
from workbench.core.errors import EvolutionError
from workbench.evolution.budget import Budget
from workbench.evolution.genome import Genome
from workbench.evolution.loop import Evolution
from workbench.evolution.search.cma import CmaSearch
from workbench.evolution.search.pairs import WEIGHT, PairsFirst, pairs_of
from workbench.evolution.trial import Fitness, SkillFitness, Trial

PARENTS = ("aa", "bb", "cc")


def first(right: dict[tuple[str, ...], int]) -> tuple[list[Genome | None], PairsFirst]:
    """Where the next search was begun, after a generation in which these pairs had so many right of 10."""
    begun: list[Genome | None] = []

    def then(start: Genome | None) -> CmaSearch:
        begun.append(start)
        return CmaSearch(PARENTS, groups=2, start=start, step=1e-6)

    search = PairsFirst(PARENTS, then, groups=2)
    search.tell([_with(one, right.get(one.genome.parents, 0)) for one in _trials(search)])
    return begun, search


def _trials(search: PairsFirst) -> list[Trial]:
    return tried(Evolution(search, Pages(), Budget(1)).ask(), lambda _: 0.0)


def _with(trial: Trial, right: int) -> Trial:
    return replace(trial, fitness=Fitness({"made up": SkillFitness(right, 10)}))


def test_the_first_generation_is_every_two_parents_in_equal_parts() -> None:
    search = PairsFirst(PARENTS, lambda start: CmaSearch(PARENTS, groups=2, start=start), groups=2)
    genomes = [one.genome for one in search.ask()]
    assert [one.parents for one in genomes] == [("aa", "bb"), ("aa", "cc"), ("bb", "cc")]
    assert {each for one in genomes for row in one.coefficients for each in row} == {WEIGHT}
    assert len(genomes) == pairs_of(len(PARENTS))
    assert search.ask() == search.ask()
    assert not search.is_over


def test_the_next_search_begins_at_the_best_pair() -> None:
    begun, search = first({("aa", "cc"): 1, ("bb", "cc"): 2})
    assert [one.parents for one in begun if one] == [("bb", "cc")]
    for one in search.ask():
        assert [each for row in one.genome.coefficients for each in row] == pytest.approx(
            [0, 0, *[WEIGHT] * 4], abs=1e-4
        )


def test_where_no_pair_had_anything_right_it_begins_as_it_would_alone() -> None:
    begun, search = first({})
    assert begun == [None]
    assert search.ask() == CmaSearch(PARENTS, groups=2, step=1e-6).ask()


def test_one_parent_alone_is_refused_with_what_to_do() -> None:
    with pytest.raises(EvolutionError, match=r"two adapters.*evolution\.search"):
        PairsFirst(("aa",), lambda start: CmaSearch(PARENTS, groups=2, start=start), groups=2)


def test_it_tells_the_next_search_what_came_of_its_candidates() -> None:
    _, search = first({("aa", "cc"): 1})
    before = search.ask()
    search.tell(_trials(search))
    search.tell([_with(one, place) for place, one in enumerate(_trials(search))])
    assert search.ask() != before
