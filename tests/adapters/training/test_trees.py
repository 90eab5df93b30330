from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as some

from workbench.adapters.rendering import Rendered
from workbench.adapters.training.lesson import Item
from workbench.adapters.training.trees import Row, planted, single


def item(prompt: tuple[int, ...], answer: tuple[int, ...] = (9,), weight: float = 1.0) -> Item:
    return Item("id", Rendered(prompt, answer), weight)


def way(row: Row, place: int) -> tuple[int, ...]:
    """The tokens from the root to a place."""
    tokens: list[int] = []
    while place >= 0:
        tokens.append(row.tokens[place])
        place = row.parents[place]
    return tuple(reversed(tokens))


def asked_for(row: Row) -> dict[tuple[tuple[int, ...], int], float]:
    """What is read before each goal, the goal, and its weight."""
    return {(way(row, row.asked[index]), token): weight for index, token, weight in row.goals}


def test_a_shared_opening_stands_once() -> None:
    (row,) = planted([item((1, 2, 3)), item((1, 2, 4))], longest_row=8)
    assert row.tokens == (1, 2, 3, 4)
    assert row.positions == (0, 1, 2, 2)


def test_the_last_token_of_an_answer_is_predicted_and_never_read() -> None:
    row = single(item((1, 2), (7, 8, 9)))
    assert row.tokens == (1, 2, 7, 8)
    assert asked_for(row) == {((1, 2), 7): 1.0, ((1, 2, 7), 8): 1.0, ((1, 2, 7, 8), 9): 1.0}


def test_an_example_drawn_twice_is_read_once_with_both_weights() -> None:
    (row,) = planted([item((1, 2), (9,), 1.0), item((1, 2), (9,), 0.5)], longest_row=8)
    assert row.tokens == (1, 2)
    assert asked_for(row) == {((1, 2), 9): 1.5}


def test_one_prompt_may_have_two_answers() -> None:
    (row,) = planted([item((1, 2), (8, 9)), item((1, 2), (7, 9))], longest_row=8)
    assert asked_for(row) == {((1, 2), 7): 1.0, ((1, 2), 8): 1.0, ((1, 2, 7), 9): 1.0, ((1, 2, 8), 9): 1.0}


PROMPTS = some.lists(some.integers(1, 4), min_size=1, max_size=9)
ANSWERS = some.lists(some.integers(5, 8), min_size=1, max_size=6)


@given(some.lists(some.tuples(PROMPTS, ANSWERS), min_size=1, max_size=9), some.integers(4, 40))
def test_rows_say_exactly_what_the_examples_say(spoken: list[tuple[list[int], list[int]]], longest: int) -> None:
    items = [item(tuple(prompt), tuple(answer)) for prompt, answer in spoken]
    rows = planted(items, longest)
    expected: dict[tuple[tuple[int, ...], int], float] = {}
    for one in items:
        for key in asked_for(single(one)):
            expected[key] = expected.get(key, 0.0) + 1
    found: dict[tuple[tuple[int, ...], int], float] = {}
    for row in rows:
        for key, weight in asked_for(row).items():
            found[key] = found.get(key, 0.0) + weight
    assert found == expected
    assert all(row.positions[place] == len(way(row, place)) - 1 for row in rows for place in range(len(row.tokens)))
    alone = max(one.tokens.length - 1 for one in items)
    assert all(len(row.tokens) <= max(longest, alone) for row in rows)


@pytest.mark.parametrize("longest", [64, 128])
def test_rows_are_filled_well(longest: int) -> None:
    chance = random.Random(0)
    items = [item(tuple(chance.randrange(1000) for _ in range(chance.randint(8, 40)))) for _ in range(60)]
    rows = planted(items, longest)
    assert sum(len(row.tokens) for row in rows) >= 0.93 * longest * (len(rows) - 1)
