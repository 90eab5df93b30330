"""Confidence is computed, never invented."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.reasoning.confidence import from_logprobs, from_votes, lead_probability


def test_no_log_probabilities_give_no_confidence() -> None:
    assert from_logprobs(()) is None


def test_it_is_the_geometric_mean_of_the_token_probabilities() -> None:
    found = from_logprobs([math.log(0.5), math.log(0.125)])
    assert found is not None
    assert found.value == pytest.approx(0.25)


def test_unanimous_votes_are_surer_than_few() -> None:
    assert from_votes(3, 3).value == pytest.approx(0.8)
    assert from_votes(9, 9).value > from_votes(3, 3).value > from_votes(2, 3).value


def test_the_lead_probability_equals_the_beta_integral() -> None:
    """P(p > 1/2) under Beta(a, b) by numerical integration, a = v1 + 1, b = v2 + 1."""
    for first, second in ((0, 0), (3, 0), (5, 2), (4, 4), (9, 1)):
        steps = 20_000
        grid = [(i + 0.5) / steps for i in range(steps)]
        density = [p**first * (1 - p) ** second for p in grid]
        beyond = sum(d for p, d in zip(grid, density, strict=True) if p > 0.5) / sum(density)
        assert lead_probability(first, second) == pytest.approx(beyond, abs=1e-6)


@given(st.integers(0, 24), st.integers(0, 24))
def test_a_lead_grows_with_the_leader_and_shrinks_with_the_runner_up(first: int, second: int) -> None:
    assert lead_probability(first + 1, second) > lead_probability(first, second)
    assert lead_probability(first, second + 1) < lead_probability(first, second)
    assert lead_probability(first, second) + lead_probability(second, first) == pytest.approx(1.0)
