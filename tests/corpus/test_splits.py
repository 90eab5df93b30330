from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.core.errors import ExamplesError
from workbench.core.examples import Example, example
from workbench.corpus.near_duplicates import gist
from workbench.corpus.splits import Leak, Shares, Splits, leaks, split

SUBJECTS = ["Rome", "Oslo", "boats", "12", "13", "the sea", "電車", "7 + 5"]
FORMS = ["What is {}?", "what is  {}", "Please, what is {}!", "Where is {}?"]
prompts = st.builds(lambda form, subject: form.format(subject), st.sampled_from(FORMS), st.sampled_from(SUBJECTS))
some = st.lists(st.builds(example, prompts, st.sampled_from(["yes", "no"])), max_size=30)


def sides(parts: Splits) -> dict[str, str]:
    return {one.id: name for name, part in parts.parts.items() for one in part}


def numbered(count: int) -> list[Example]:
    return [example(f"What is {n} + 1?", str(n + 1)) for n in range(count)]


@settings(max_examples=100, deadline=None)
@given(some)
def test_every_example_is_on_one_side_and_no_question_on_two(given_examples: list[Example]) -> None:
    parts = split(given_examples)
    ids = [one.id for part in parts.parts.values() for one in part]
    assert sorted(ids) == sorted({one.id for one in given_examples})
    side_of_gist: dict[str, set[str]] = {}
    for name, part in parts.parts.items():
        for one in part:
            side_of_gist.setdefault(gist(one).key, set()).add(name)
    assert all(len(found) == 1 for found in side_of_gist.values())
    assert parts.leaks() == ()


@settings(max_examples=100, deadline=None)
@given(some, some)
def test_examples_that_come_later_move_none(first: list[Example], later: list[Example]) -> None:
    before, after = sides(split(first)), sides(split([*later, *first]))
    assert {name: after[name] for name in before} == before


@settings(max_examples=30, deadline=None)
@given(some, st.randoms())
def test_the_order_of_examples_does_not_matter(given_examples: list[Example], rng: random.Random) -> None:
    shuffled = list(given_examples)
    rng.shuffle(shuffled)
    assert sides(split(given_examples)) == sides(split(shuffled))


def test_the_sides_get_about_their_shares() -> None:
    parts = split(numbered(4_000))
    assert [round(len(part) / 4_000, 1) for part in (parts.train, parts.tune, parts.gate)] == [0.7, 0.1, 0.2] or (
        abs(len(parts.train) / 4_000 - 0.7) < 0.03
    )
    assert abs(len(parts.tune) / 4_000 - 0.15) < 0.03
    assert abs(len(parts.gate) / 4_000 - 0.15) < 0.03


@pytest.mark.parametrize(
    ("shares", "empty"),
    [(Shares(1, 0, 0), ("tune", "gate")), (Shares(0, 0, 1), ("train", "tune")), (Shares(0.9, 0.1, 0), ("gate",))],
)
def test_a_share_of_nothing_gets_nothing(shares: Shares, empty: tuple[str, ...]) -> None:
    parts = split(numbered(300), shares=shares)
    assert tuple(name for name, part in parts.parts.items() if not part) == empty


@pytest.mark.parametrize("shares", [(0.7, 0.2, 0.2), (1.2, -0.1, -0.1), (float("nan"), 0.5, 0.5)])
def test_shares_that_are_no_shares_are_refused(shares: tuple[float, float, float]) -> None:
    with pytest.raises(ExamplesError, match="sum to 1"):
        Shares(*shares)


def test_each_side_keeps_the_order_it_was_given_in() -> None:
    every = numbered(50)
    places = {one.id: at for at, one in enumerate(every)}
    for part in split(every).parts.values():
        assert [places[one.id] for one in part] == sorted(places[one.id] for one in part)


def test_leaks_between_two_sets_name_the_same_and_the_near() -> None:
    trained = [example("Is 7 prime?", "yes"), example("Is 8 prime?", "no")]
    held_out = [example("Is 8 prime?", "No."), example("is 7  prime", "yes"), example("Is 9 prime?", "no")]
    assert leaks(trained, held_out) == (
        Leak("same", trained[1], held_out[0]),
        Leak("near", trained[0], held_out[1]),
    )
    assert leaks(trained, held_out[2:]) == ()
    assert leaks(trained, trained) == tuple(Leak("same", one, one) for one in trained)


def test_splits_made_by_hand_tell_their_leaks() -> None:
    one, near = example("Is 7 prime?", "yes"), example("is 7 prime", "yes")
    assert [leak.kind for leak in Splits((one,), (near,), (one,)).leaks()] == ["near", "same", "near"]
    assert split([]).leaks() == ()
