"""The family tree comes from the trials alone, has no circle, and leads the champion back to where it began."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.core.errors import EvolutionError
from workbench.evolution.genome import Genome
from workbench.evolution.ledger import Plan, RunLedger
from workbench.evolution.lineage import Edge, ancestors, births, champion_path, edges, generations, path
from workbench.evolution.trial import Fitness, SkillFitness, Trial


def genome(name: str) -> Genome:
    return Genome((name,), ((1.0,),))


def identity(name: str) -> str:
    return genome(name).identity


def trial(
    number: int,
    name: str,
    *made_of: str,
    right: int | None = 0,
    generation: int = 0,
    operator: str = "blend",
    stopped: bool = False,
) -> Trial:
    return Trial(
        number=number,
        generation=generation,
        genome=genome(name),
        operator=operator,
        made_of=tuple(identity(parent) for parent in made_of),
        fitness=None if right is None else Fitness({"skill": SkillFitness(right, 10)}),
        stopped=stopped,
    )


FAMILY = (
    trial(0, "a", right=3, operator="seed"),
    trial(1, "b", right=5, operator="seed"),
    trial(2, "c", right=4, operator="seed"),
    trial(3, "d", "a", "b", right=6, generation=1),
    trial(4, "e", "c", right=2, generation=1, operator="noise"),
    trial(5, "f", "d", "c", right=9, generation=2),
    trial(6, "g", "f", right=8, generation=2, operator="noise"),
)


def names(trials: Sequence[Trial]) -> str:
    return "".join(one.genome.parents[0] for one in trials)


def test_edges_lead_from_each_child_to_each_of_its_parents_with_what_made_it() -> None:
    assert [
        Edge(identity(child), identity(parent), operator)
        for child, parent, operator in [
            ("d", "a", "blend"),
            ("d", "b", "blend"),
            ("e", "c", "noise"),
            ("f", "d", "blend"),
            ("f", "c", "blend"),
            ("g", "f", "noise"),
        ]
    ] == list(edges(FAMILY))


@pytest.mark.parametrize(("name", "expected"), [("a", ""), ("d", "ab"), ("e", "c"), ("f", "abcd"), ("g", "abcdf")])
def test_ancestors_are_everything_that_a_genome_came_from_oldest_first(name: str, expected: str) -> None:
    assert names(ancestors(FAMILY, identity(name))) == expected


def test_generations_hold_their_trials_in_order() -> None:
    found = generations(tuple(reversed(FAMILY)))
    assert {number: names(some) for number, some in found.items()} == {0: "abc", 1: "de", 2: "fg"}
    assert list(found) == [0, 1, 2]


def test_the_champions_path_follows_the_better_parent_back_to_one_that_has_none() -> None:
    assert names(champion_path(FAMILY)) == "bdf"
    assert names(path(FAMILY, identity("g"))) == "bdfg"
    assert names(path(FAMILY, identity("a"))) == "a"


def test_a_candidate_that_the_race_stopped_or_that_failed_is_no_champion() -> None:
    more = (*FAMILY, trial(7, "h", "a", right=10, stopped=True), trial(8, "i", "a", right=None))
    assert names(champion_path(more)) == "bdf"
    with pytest.raises(EvolutionError, match="No candidate has been scored yet"):
        champion_path(more[7:])


def test_a_scored_parent_goes_before_one_that_failed() -> None:
    some = (trial(0, "a", right=None), trial(1, "b", right=0), trial(2, "c", "a", "b", right=1))
    assert names(champion_path(some)) == "bc"


def test_a_genome_that_comes_again_keeps_its_first_parents_and_makes_no_circle() -> None:
    again = (*FAMILY, trial(7, "a", "g", right=10, generation=3), trial(8, "d", "d", right=1, generation=3))
    assert edges(again) == edges(FAMILY)
    assert births(again)[identity("a")] == FAMILY[0]
    assert names(champion_path(again)) == "a"
    assert names(ancestors(again, identity("g"))) == "abcdf"


def test_a_parent_whose_line_was_lost_has_no_edge_until_it_is_tried_again() -> None:
    lost = tuple(one for one in FAMILY if one.number != 3)
    assert names(ancestors(lost, identity("f"))) == "c"
    assert names(champion_path(lost)) == "cf"
    assert edges((*lost, FAMILY[3])) == edges(FAMILY)


def test_a_genome_made_of_one_parent_twice_has_one_edge() -> None:
    assert len(edges((FAMILY[0], trial(1, "b", "a", "a")))) == 1


def test_a_genome_that_was_never_tried_is_named() -> None:
    for asked in (ancestors, path):
        with pytest.raises(EvolutionError, match="No genome abcdefabcdef was tried"):
            asked(FAMILY, "abcdef" * 10)


def test_it_is_rebuilt_from_the_ledger_alone(tmp_path: Path) -> None:
    with RunLedger(tmp_path) as ledger:
        ledger.begin(Plan("population", ("a", "b", "c"), "f00d"))
        for one in FAMILY:
            ledger.append(one)
    found = RunLedger(tmp_path).trials()
    assert edges(found) == edges(FAMILY)
    assert champion_path(found) == champion_path(FAMILY)


@given(st.integers(0, 2**32), st.integers(1, 40))
def test_in_any_run_parents_are_older_and_a_path_is_made_of_edges(seed: int, size: int) -> None:
    draw = random.Random(seed)
    some = [
        trial(
            number,
            f"{draw.randrange(12)}",
            *(f"{draw.randrange(12)}" for _ in range(draw.randrange(3))),
            right=draw.randrange(11),
        )
        for number in range(size)
    ]
    born, pairs = births(some), {(edge.child, edge.parent) for edge in edges(some)}
    assert all(born[parent].number < born[child].number for child, parent in pairs)
    line = [one.genome.identity for one in champion_path(some)]
    assert all(pair in pairs for pair in zip(line[1:], line, strict=False))
    assert not [parent for child, parent in pairs if child == line[0]]
    assert set(line[:-1]) <= {one.genome.identity for one in ancestors(some, line[-1])}
