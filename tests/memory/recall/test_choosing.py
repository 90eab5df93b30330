from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.memory.recall.choosing import Budget, is_relevant, packed, says_the_same

LENGTHS = st.lists(st.integers(1, 50), max_size=30)
BUDGETS = st.builds(Budget, k=st.integers(0, 12), tokens=st.none() | st.integers(0, 200))
TWINS = st.sets(st.integers(0, 29))


def chosen_of(lengths: list[int], budget: Budget, twins: set[int]) -> list[int]:
    """Candidates in `twins` repeat whatever was chosen before them."""
    return list(packed(lengths, budget, twin=lambda place, chosen: bool(chosen) and place in twins))


@given(LENGTHS, BUDGETS, TWINS)
def test_packing_exceeds_neither_k_nor_tokens_and_keeps_the_order_of_rank(
    lengths: list[int], budget: Budget, twins: set[int]
) -> None:
    chosen = chosen_of(lengths, budget, twins)
    assert len(chosen) <= budget.k
    assert budget.tokens is None or sum(lengths[place] for place in chosen) <= budget.tokens
    assert chosen == sorted(set(chosen))


@given(LENGTHS, BUDGETS, TWINS)
def test_whatever_is_passed_over_is_too_long_or_a_twin_or_comes_after_the_kth(
    lengths: list[int], budget: Budget, twins: set[int]
) -> None:
    chosen = chosen_of(lengths, budget, twins)
    for place in set(range(len(lengths))) - set(chosen):
        before = [other for other in chosen if other < place]
        left = None if budget.tokens is None else budget.tokens - sum(lengths[other] for other in before)
        assert len(before) == budget.k or (before and place in twins) or (left is not None and lengths[place] > left)


def test_a_shorter_one_after_one_that_does_not_fit_is_still_chosen() -> None:
    assert chosen_of([5, 90, 4], Budget(3, tokens=10), set()) == [0, 2]


def test_vectors_that_nearly_agree_say_the_same() -> None:
    vectors = np.array([[1.0, 0.0], [0.999, 0.0447], [0.0, 1.0]], np.float32)
    assert says_the_same(vectors, 1, [0])
    assert not says_the_same(vectors, 2, [0, 1])
    assert not says_the_same(vectors, 0, [])


def test_the_zeros_of_another_embedder_resemble_nothing() -> None:
    assert not says_the_same(np.zeros((2, 4), np.float32), 1, [0])


@pytest.mark.parametrize(
    ("cosine", "share", "relevant"), [(0.3, 0.0, True), (0.29, 0.49, False), (-1.0, 0.5, True), (0.29, 0.5, True)]
)
def test_a_memory_is_relevant_by_its_vector_or_by_half_of_the_words(
    cosine: float, share: float, relevant: bool
) -> None:
    assert is_relevant(cosine, share, 0.3) is relevant
