"""Racing: who is stopped, what that saves, and that the best is kept as often as it is promised."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.core.errors import EvolutionError
from workbench.evolution.betting import Accounts
from workbench.evolution.racing import Race, Racing, default_rungs, race

Table = dict[str, list[float]]
CLEAR: Table = {"good": [1.0] * 64, "poor": [0.0] * 64, "fair": [1.0, 1.0, 0.0, 1.0] * 16}


def scorer(table: Table, calls: list[tuple[str, int]] | None = None) -> Callable[[str, Sequence[int]], list[float]]:
    """Looks outcomes up; items are their places in the table."""

    def score(candidate: str, items: Sequence[int]) -> list[float]:
        if calls is not None:
            calls.extend((candidate, item) for item in items)
        return [table[candidate][item] for item in items]

    return score


def raced(table: Table, order: Sequence[int] | None = None, **rest: object) -> Race[str]:
    items = list(order if order is not None else range(len(next(iter(table.values())))))
    return race(list(table), items, scorer(table), **{"span": 1.0, **rest})  # type: ignore[arg-type]


def some_table(rng: random.Random, size: int, count: int) -> Table:
    """Right and wrong answers of candidates that differ in skill."""
    hard = [rng.random() for _ in range(count)]
    return {f"c{n}": [float(rng.random() * (0.3 + n / size) > one / 2) for one in hard] for n in range(size)}


def shuffled(table: Table, rng: random.Random) -> Table:
    order = rng.sample(range(len(next(iter(table.values())))), len(next(iter(table.values()))))
    return {name: [row[at] for at in order] for name, row in table.items()}


def test_the_hopeless_stop_early_and_the_best_is_scored_on_every_item() -> None:
    found = raced(CLEAR)
    assert found.survivors[0] == "good"
    poor = next(one for one in found.standings if one.candidate == "poor")
    assert poor.stopped
    assert poor.seen == 8
    assert found.evaluations < 3 * 64


def test_score_is_asked_once_for_each_outcome_and_never_for_a_stopped_candidate() -> None:
    calls: list[tuple[str, int]] = []
    found = race(list(CLEAR), range(64), scorer(CLEAR, calls), span=1.0)
    assert len(set(calls)) == len(calls) == found.evaluations
    assert sum(one.seen for one in found.standings) == found.evaluations


@pytest.mark.parametrize("differences", [(1.0,) * 3 + (-1.0,) * 3, (-0.25,) * 6 + (1.5,), (2.0, 2.0, -1.0, -1.0, -2.0)])
def test_betting_against_a_tie_neither_wins_nor_loses_on_average_over_all_orders(
    differences: tuple[float, ...],
) -> None:
    capitals = []
    for order in sorted(set(permutations(differences))):
        accounts = Accounts(2, len(order), span=2.0)
        capitals.append([])
        for seen in range(1, len(order)):
            accounts.bet([0, 1], np.array([order[:seen], [0.0] * seen]))
            capitals[-1].append(accounts.against([0], spared=1)[0])
    assert np.mean(capitals, axis=0) == pytest.approx(1.0)


def test_of_two_that_tie_neither_is_stopped_more_often_than_the_error_over_all_orders() -> None:
    error, stopped = 0.3, 0
    orders = list(combinations(range(10), 5))
    for wins in orders:
        table = {"one": [float(at in wins) for at in range(10)], "other": [float(at not in wins) for at in range(10)]}
        stopped += "one" not in raced(table, rungs=range(1, 10), error=error).survivors
    assert 0 < stopped <= error * len(orders)


def test_one_that_is_worse_nearly_everywhere_but_best_by_a_few_items_is_kept() -> None:
    for place in range(30):
        best = [-0.55] * 30
        best[place] = 1.0
        table = {"best": best, "steady": [-0.5] * 30}  # ahead by 1.5 once, behind by .05 elsewhere: a tie
        assert "best" in raced(table, span=2.0, rungs=range(1, 30)).survivors


@pytest.mark.parametrize("keep", [1, 2])
def test_each_of_the_best_is_kept_as_often_as_promised(keep: int) -> None:
    rng, error, rounds = random.Random(3), 0.4, 80
    best = {f"best{n}": [1.0] * 8 + [0.0] * 24 for n in range(keep)}
    rivals = {f"rival{n}": [0.0] * 24 + [1.0] * 8 for n in range(4)}  # as good, on other items
    lost = dict.fromkeys(best, 0)
    for _ in range(rounds):
        found = raced(shuffled({**best, **rivals}, rng), error=error, keep=keep, rungs=range(4, 32, 4))
        for name in best:
            lost[name] += name not in found.survivors
    assert max(lost.values()) <= error * rounds


def test_a_rung_that_looks_closer_costs_no_error_but_saves_evaluations() -> None:
    table = shuffled(some_table(random.Random(0), 12, 128), random.Random(1))
    assert raced(table).evaluations < raced(table, rungs=(64,)).evaluations < 12 * 128


def test_keep_stops_only_those_that_as_many_are_better_than() -> None:
    table: Table = {"a": [1.0] * 64, "b": [1.0] * 64, "c": [0.0] * 64, "d": [0.0] * 64}
    assert set(raced(table, keep=2).survivors) == {"a", "b"}
    assert set(raced({name: table[name] for name in "acd"}, keep=2).survivors) == {"a", "c", "d"}
    assert len(raced(table, keep=3).survivors) == len(raced(table, keep=9).survivors) == 4


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 8))
def test_however_careless_the_error_as_many_survive_as_are_to_be_kept(seed: int, keep: int) -> None:
    table = shuffled(some_table(random.Random(seed), 6, 24), random.Random(seed))
    assert len(raced(table, keep=keep, error=0.99, rungs=range(1, 24)).survivors) >= min(keep, 6)


def test_who_cannot_catch_up_any_more_stops_for_certain() -> None:
    table: Table = {"ahead": [1.0] * 10 + [0.0] * 6, "behind": [0.0] * 16}
    more: Table = {name: row + [1.0] * 48 for name, row in table.items()}
    for found in (
        raced(table, error=1e-30, rungs=range(1, 16)),
        raced(more, error=1e-30, rungs=range(1, 16), decide_on=16),
    ):
        assert found.standings[1].seen == 9  # 9 behind, 7 to come


def test_survivors_are_ordered_by_all_items_and_equals_by_their_place() -> None:
    table: Table = {"x": [0.0, 1.0] * 3, "y": [1.0, 0.0] * 3, "z": [1.0] * 6}
    assert raced(table).survivors == ("z", "x", "y")


def test_means_over_different_items_are_made_comparable() -> None:
    hard_first = [0.0] * 16 + [1.0] * 48
    table: Table = {"best": hard_first, "worse": [one - 0.9 for one in hard_first]}
    found = raced(table)
    worse = found.standings[1]
    assert worse.stopped
    assert worse.seen < 64
    assert worse.estimate == pytest.approx(0.75 - 0.9)


def test_settled_items_are_scored_for_survivors_alone_and_stop_nobody() -> None:
    table: Table = {"late": [0.0] * 8 + [1.0] * 56, "early": [1.0] * 8 + [0.0] * 56, "never": [0.0] * 64}
    found = raced(table, decide_on=8, rungs=(2, 8))
    assert found.survivors == ("late", "early", "never")
    assert raced(table, decide_on=8, rungs=(2, 7), error=0.3).survivors == ("early",)
    assert "over the 8 open items" in found.sentence


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.data())
def test_known_outcomes_change_nothing_but_what_is_asked(seed: int, data: st.DataObject) -> None:
    table = shuffled(some_table(random.Random(seed), 6, 40), random.Random(seed))
    whole = raced(table)
    known = {name: row[: data.draw(st.integers(0, 40))] for name, row in table.items()}
    again = raced(table, known=known)
    assert again.standings == whole.standings
    spared = sum(min(len(known[one.candidate]), one.seen) for one in whole.standings)
    assert again.evaluations == whole.evaluations - spared


def test_a_race_that_is_repeated_with_its_own_outcomes_asks_for_nothing() -> None:
    whole = raced(CLEAR)
    again = raced(CLEAR, known=whole.outcomes)
    assert (again.standings, again.evaluations) == (whole.standings, 0)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_neither_the_order_of_telling_nor_of_candidates_matters(seed: int) -> None:
    rng = random.Random(seed)
    table = shuffled(some_table(rng, 7, 48), rng)
    names = rng.sample(list(table), len(table))
    racing = Racing(names, 48, span=1.0)
    while asked := racing.ask():
        for one in rng.sample(asked, len(asked)):
            racing.tell(one.candidate, table[one.candidate][one.start : one.stop])
    found, expected = racing.result(), raced(table)
    assert {one.candidate: one for one in found.standings} == {one.candidate: one for one in expected.standings}


def test_a_candidate_that_fails_is_named_and_helps_to_stop_nobody() -> None:
    rest = [0.0] * 51
    table: Table = {
        "poor": [0.0] * 64,
        "good": [1.0] * 7 + [0.0] * 6 + rest,
        "late": [0.0] * 7 + [1.0] * 6 + rest,
    }
    score = scorer(table)

    def failing(candidate: str, items: Sequence[int]) -> list[float] | None:
        return None if candidate == "good" and 7 in items else score(candidate, items)

    found = race(list(table), range(64), failing, span=1.0, rungs=(7, 13), error=1 / 60)
    assert (found.failed, found.survivors) == (("good",), ("late", "poor"))
    assert "poor" not in raced(table, rungs=(7, 13), error=1 / 60).survivors


def test_a_race_in_which_all_fail_ends_without_standings() -> None:
    found = race(["a", "b"], range(20), lambda who, items: None)
    assert (found.failed, found.standings, found.evaluations) == (("a", "b"), (), 0)


def test_the_sentence_counts_and_promises() -> None:
    assert raced(CLEAR, keep=1).sentence == (
        f"2 of 3 candidates stopped early, {raced(CLEAR).evaluations} of 192 evaluations; "
        "the best was kept with probability 95% or more"
    )
    assert "each of the 2 best was kept with probability 90%" in raced(CLEAR, keep=2, error=0.1).sentence


def test_default_rungs_grow_by_half_and_by_a_third() -> None:
    assert default_rungs(100) == (8, 12, 16, 24, 32, 48, 64, 96, 100)
    assert default_rungs(8) == (8,)
    assert default_rungs(3) == (3,)


@pytest.mark.parametrize(
    "wrong",
    [
        {"candidates": []},
        {"candidates": ["a", "a"]},
        {"count": 0},
        {"error": 0.0},
        {"keep": 0},
        {"span": 0.0},
        {"rungs": (8, 8)},
        {"rungs": (0, 8)},
        {"decide_on": 11},
        {"known": {"a": [0.0] * 11}},
        {"known": {"a": [float("nan")]}},
    ],
)
def test_what_makes_no_race_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(EvolutionError):
        Racing(**{"candidates": ["a", "b"], "count": 10, **wrong})  # type: ignore[arg-type]


def test_outcomes_wider_apart_than_the_span_are_refused() -> None:
    with pytest.raises(EvolutionError, match=r"differ by 1\.5, more than the span of 1"):
        raced({"a": [1.0] * 20, "b": [-0.5] * 20})


def test_outcomes_that_nobody_asked_for_are_refused() -> None:
    racing = Racing(["a", "b"], 20)
    with pytest.raises(EvolutionError, match="7 outcomes of a candidate where 8 were asked for"):
        racing.tell("a", [0.0] * 7)
    with pytest.raises(EvolutionError, match="where 0 were asked for"):
        racing.tell("c", [0.0] * 8)
