"""The order of items: what is open comes first, what is settled last, by lot and repeatably."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.core.errors import EvolutionError
from workbench.core.examples import Example, example
from workbench.evolution.items import information, is_settled, order

SOME = [example(f"What is {n} + {n}?", str(2 * n), skill="add" if n % 4 else "double") for n in range(40)]
AGREED, DISPUTED = [1.0] * 6, [0.0, 1.0] * 3


def seen_of(outcomes: dict[int, list[float]]) -> dict[str, list[float]]:
    return {SOME[at].id: values for at, values in outcomes.items()}


def test_information_is_the_variance_and_unknown_where_nobody_saw_the_item() -> None:
    assert information([0.0, 1.0, 0.0, 0.0]) == pytest.approx(0.25 * 0.75)
    assert information(AGREED) == 0.0
    assert information([]) is None


def test_an_item_is_settled_when_enough_candidates_agree_whether_right_or_wrong() -> None:
    assert is_settled(AGREED)
    assert is_settled([0.0] * 6)
    assert is_settled([-0.50, -0.45, -0.55, -0.5, -0.5, -0.5])
    assert not is_settled([1.0] * 5)
    assert not is_settled([1.0] * 20 + [0.0])


@given(st.sets(st.integers(0, 39)), st.integers(0, 1_000))
def test_settled_items_go_last_and_every_item_appears_once(settled: set[int], seed: int) -> None:
    found = order(SOME, seen_of(dict.fromkeys(settled, AGREED)), random.Random(seed), reopened=0.0)
    assert sorted(found.places) == list(range(40))
    assert found.open == (40 - len(settled) or 40)
    if len(settled) < 40:
        assert set(found.places[found.open :]) == settled


def test_some_of_the_settled_come_back_by_lot_so_that_all_do_in_time() -> None:
    rng, settled = random.Random(1), set(range(32))
    back: Counter[int] = Counter()
    for _ in range(60):
        found = order(SOME, seen_of(dict.fromkeys(settled, AGREED)), rng)
        again = set(found.places[: found.open]) & settled
        assert len(again) == 4  # an eighth
        back.update(again)
    assert set(back) == settled


def test_open_items_are_shuffled_so_that_each_is_as_likely_to_come_first() -> None:
    rng = random.Random(2)
    seen = seen_of({at: DISPUTED if at % 2 else [0.0, 0.2] * 3 for at in range(40)})
    firsts = Counter(at for _ in range(400) for at in order(SOME, seen, rng).places[:10])
    assert set(firsts) == set(range(40))
    assert max(firsts.values()) < 150 > 60 < min(firsts.values())  # 100 expected, ± 8.7


def test_the_same_seed_gives_the_same_order_and_another_another() -> None:
    seen = seen_of({3: AGREED, 5: DISPUTED})
    assert order(SOME, seen, random.Random(7)) == order(SOME, seen, random.Random(7))
    assert order(SOME, seen, random.Random(7)) != order(SOME, seen, random.Random(8))


def test_telling_first_puts_unknown_items_before_the_most_disputed_ones() -> None:
    unknown = set(range(10))
    mild, wild = [0.0] * 9 + [1.0], DISPUTED
    seen = seen_of({at: wild if at < 20 else mild if at < 30 else AGREED for at in range(10, 40)})
    same = [Example(one.messages, one.answer, skill="one") for one in SOME]
    found = order(same, seen, random.Random(0), telling_first=True, reopened=0.0)
    assert set(found.places[:10]) == unknown
    assert set(found.places[10:20]) == set(range(10, 20))
    assert set(found.places[20:30]) == set(range(20, 30))
    assert found.open == 30


def test_telling_first_spreads_the_skills_in_proportion() -> None:
    found = order(SOME, {}, random.Random(0), telling_first=True)
    for length in (8, 16, 24, 32, 40):
        doubles = sum(SOME[at].skill == "double" for at in found.places[:length])
        assert abs(doubles - length / 4) <= 1  # a quarter of all are


def test_of_puts_whatever_stands_in_the_examples_order_in_this_one() -> None:
    found = order(SOME, {}, random.Random(0))
    assert found.of(SOME) == tuple(SOME[at] for at in found.places)


def test_where_everything_is_settled_all_of_it_is_open() -> None:
    found = order(SOME, seen_of(dict.fromkeys(range(40), AGREED)), random.Random(0), reopened=0.0)
    assert found.open == 40


@pytest.mark.parametrize("wrong", [{"reopened": 1.5}, {"witnesses": 0}, {"agreement": -0.1}])
def test_shares_that_are_none_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(EvolutionError):
        order(SOME, {}, random.Random(0), **wrong)  # type: ignore[arg-type]


def test_no_examples_are_refused() -> None:
    with pytest.raises(EvolutionError, match="no examples"):
        order([], {}, random.Random(0))
