from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.memory.recall.shelf import Shelf, session
from workbench.memory.recall.ranking import (
    Weights,
    base_parts,
    inverse_document_frequency,
    pool_of,
    session_part,
    words_part,
)
from workbench.memory.recall.reading import ask
from workbench.memory.recall.roster import Roster

MakeShelf = Callable[[], Shelf]
WORDS = st.sampled_from(["dog", "cat", "red", "car", "Oslo", "the", "?", "went", "犬", "\n", "I"])
TEXTS = st.lists(st.lists(WORDS, min_size=1, max_size=6).map(" ".join), min_size=1, max_size=8, unique=True)
SCORES = st.lists(st.tuples(st.floats(-2, 4), st.integers(-1, 5)), max_size=40)
WEIGHTS = Weights()


@given(st.integers(1, 10**6), st.data())
def test_a_term_held_by_all_documents_still_counts_and_a_rarer_one_counts_more(
    documents: int, data: st.DataObject
) -> None:
    holding = data.draw(st.integers(1, documents))
    assert inverse_document_frequency(documents, documents) > 0
    assert inverse_document_frequency(holding, documents) >= inverse_document_frequency(documents, documents)


@given(SCORES, st.floats(0, 1))
def test_the_session_part_is_the_share_of_the_best_score_of_the_session(
    pairs: list[tuple[float, int]], weight: float
) -> None:
    scores = np.array([score for score, _ in pairs], np.float64)
    sessions = np.array([number for _, number in pairs], np.int32)
    found = session_part(scores, sessions, weight)
    assert found.shape == scores.shape
    for score, number, part in zip(scores, sessions, found, strict=True):
        assert part == pytest.approx(weight * (score if number < 0 else scores[sessions == number].max()))


@given(SCORES, st.floats(-2, 4))
def test_a_memory_of_another_session_changes_nobodys_session_part(pairs: list[tuple[float, int]], score: float) -> None:
    scores = np.array([one for one, _ in pairs], np.float64)
    sessions = np.array([number for _, number in pairs], np.int32)
    more = session_part(np.append(scores, score), np.append(sessions, np.int32(9)).astype(np.int32), 0.5)
    assert np.isfinite(more).all()
    np.testing.assert_allclose(more[:-1], session_part(scores, sessions, 0.5))


@given(st.lists(st.tuples(st.floats(-1, 3), st.booleans()), min_size=1, max_size=60), st.integers(1, 20), st.data())
def test_the_pool_holds_the_best_living_ones_and_the_nearest_and_no_dead_ones(
    rows: list[tuple[float, bool]], size: int, data: st.DataObject
) -> None:
    base, alive = np.array([score for score, _ in rows]), np.array([lives for _, lives in rows])
    living = np.flatnonzero(alive)
    nearest = data.draw(st.lists(st.sampled_from(living.tolist()), unique=True)) if len(living) else []
    pool = pool_of(base, alive, np.zeros(len(rows)), nearest, size)
    assert set(nearest) <= set(pool)
    assert alive[pool].all()
    assert len(pool) >= min(size, len(living))
    outside = np.setdiff1d(living, pool)
    if len(outside) and len(living) > size:
        assert base[outside].max() <= np.sort(base[living])[-size]


def test_the_latest_of_equals_are_in_the_pool_whatever_their_rows() -> None:
    base, said_at = np.array([0.5, 0.5, 0.9, 0.5, 0.1]), np.array([3.0, 9.0, 1.0, 7.0, 10.0])
    alive = np.ones(5, np.bool_)
    assert pool_of(base, alive, said_at, [], size=3).tolist() == [1, 2, 3]
    turned = pool_of(base[::-1], alive, said_at[::-1], [], size=3)
    assert sorted(4 - turned) == [1, 2, 3]


def words_of(shelf: Shelf, question: str) -> tuple[NDArray[np.float64], Roster]:
    roster = Roster(shelf.memories)
    roster.refresh()
    return words_part(roster, ask(question).terms, WEIGHTS), roster


@settings(max_examples=40, deadline=None)
@given(TEXTS, TEXTS, st.lists(WORDS, min_size=1, max_size=5).map(" ".join))
def test_the_share_of_words_lies_between_0_and_1_and_no_unrelated_memory_makes_it_nan(
    new_shelf: MakeShelf, here: list[str], there: list[str], question: str
) -> None:
    shelf = new_shelf()
    shelf.add(*here, session=session("here"))
    for unrelated in ([], there, ["zebra xylophone"]):
        shelf.add(*unrelated, session=session("there"))
        share, roster = words_of(shelf, question)
        assert ((share >= 0) & (share < 1)).all()
        assert all(np.isfinite(part).all() for part in base_parts(roster, ask(question), WEIGHTS).values())
    shelf.close()


def test_the_words_of_a_neighbour_count_less_than_ones_own_and_those_of_a_stranger_nothing(shelf: Shelf) -> None:
    here, near, far, stranger = shelf.add(
        "My dog is big.", "It is brown.", "It barks.", session=session("a")
    ) + shelf.add("It is brown and barks.", session=session("b"))
    share, roster = words_of(shelf, "dog")
    scores = [share[roster.row_of(name)] for name in (here, near, far, stranger)]
    assert scores[0] > scores[1] > scores[2] > scores[3] == 0


def test_a_question_lends_its_words_to_the_answer_more_than_to_what_came_before(shelf: Shelf) -> None:
    before, asked, answer = shelf.add("Blue.", "Which colour is your dog?", "Brown.", session=session("a"))
    share, roster = words_of(shelf, "dog")
    by = {name: share[roster.row_of(name)] for name in (before, asked, answer)}
    assert by[answer] > max(by[asked], by[before])
    assert min(by.values()) > 0


def test_only_the_one_speaker_that_is_named_gains_by_it(shelf: Shelf) -> None:
    [anna] = shelf.add("I like tea.", speaker="Anna Berg")
    [bob] = shelf.add("I like tea too.", speaker="Bob")
    roster = Roster(shelf.memories)
    roster.refresh()
    for question, gains in (("What does Anna like?", [anna]), ("Do Anna and Bob like tea?", []), ("tea", [])):
        part = base_parts(roster, ask(question, roster.speakers()), WEIGHTS)["speaker"]
        assert [name for name in (anna, bob) if part[roster.row_of(name)] > 0] == gains


def test_the_month_and_year_that_a_question_names_are_those_it_was_said_in(shelf: Shelf) -> None:
    [may] = shelf.add("I ran.", said_at=1_683_000_000)  # 2 May 2023
    [june] = shelf.add("I swam.", said_at=1_686_000_000)  # 5 June 2023
    roster = Roster(shelf.memories)
    roster.refresh()
    for question, fits in (("What did I do in May 2023?", [may]), ("In June?", [june]), ("In May 2022?", [])):
        part = base_parts(roster, ask(question), WEIGHTS)["month"]
        assert [name for name in (may, june) if part[roster.row_of(name)] > 0] == fits
