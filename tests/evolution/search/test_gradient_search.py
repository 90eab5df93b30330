"""Places of a path that is walked elsewhere become one generation, charged for the walk."""

from __future__ import annotations

from tests.evolution.made_up import Pages, towards, tried
from workbench.evolution.budget import Budget
from workbench.evolution.genome import Genome
from workbench.evolution.loop import Evolution
from workbench.evolution.search.gradient import GradientSearch, Rows
from workbench.evolution.search.seeded import Seeded

PLACES: tuple[Rows, ...] = (((0.2,), (0.2,)), ((0.6,), (0.1,)), ((0.6,), (0.1,)), ((0.9,), (0.0,)))


def search(walked: list[int]) -> GradientSearch:
    def path() -> tuple[Rows, ...]:
        walked.append(1)
        return PLACES

    return GradientSearch(("aa", "bb"), path, groups=1, spent=96)


def test_the_path_is_walked_when_first_asked_for_and_only_once() -> None:
    walked: list[int] = []
    one = search(walked)
    assert walked == []
    assert one.ask() == one.ask()
    assert walked == [1]


def test_each_place_is_a_candidate_once_and_the_first_pays_for_the_walk() -> None:
    asked = search([]).ask()
    assert [one.genome.coefficients for one in asked] == [PLACES[0], PLACES[1], PLACES[3]]
    assert [one.spent for one in asked] == [96, 0, 0]
    assert {one.operator for one in asked} == {"gradient"}


def test_behind_the_parents_it_ends_the_run_after_one_generation_whatever_is_left_of_the_budget() -> None:
    seeds = [Genome(("aa", "bb"), rows) for rows in (((1.0,), (0.0,)), ((0.0,), (1.0,)))]
    evolution = Evolution(Seeded(seeds, search([])), Pages(), Budget(100_000))
    generations = 0
    while not evolution.is_over:
        evolution.tell(tried(evolution.ask(), towards(0.9, 0.0)))
        generations += 1
    assert generations == 2
    assert evolution.champion.genome.coefficients == PLACES[3]
