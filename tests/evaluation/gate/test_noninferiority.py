"""No loss as large as the margin passes more often than it may: by adding up every outcome."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multinomial

from workbench.evaluation.gate.noninferiority import critical_z, is_shown, least_gain, sizes, worst_size
from workbench.evaluation.gate.paired_tests import Pairs, score


def outcomes(n: int) -> tuple[np.ndarray, np.ndarray]:
    lost, won = np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij")
    possible = lost + won <= n
    return lost[possible], won[possible]


@pytest.mark.parametrize("n", [7, 40])
@pytest.mark.parametrize("z", [1.2, 2.33])
@pytest.mark.parametrize("margin", [0.05, 0.2])
def test_the_running_sum_is_the_sum_over_all_outcomes(n: int, z: float, margin: float) -> None:
    lost, won = outcomes(n)
    passes = score(n, lost, won, -margin) >= z
    discordances = np.array([margin, margin + 0.01, 0.4, 0.9, 1.0])
    for psi, found in zip(discordances, sizes(n, margin, z, discordances), strict=True):
        shares = [(psi + margin) / 2, (psi - margin) / 2, 1 - psi]
        every = multinomial.pmf(np.stack([lost, won, n - lost - won], axis=1), n, shares)
        assert found == pytest.approx(every[passes].sum(), abs=1e-10)


@pytest.mark.parametrize("n", [5, 12, 30, 50, 89, 106, 200, 600])
@pytest.mark.parametrize("alpha", [0.01, 0.0061, 0.05])
def test_a_loss_of_the_margin_passes_at_most_as_often_as_allowed(n: int, alpha: float) -> None:
    assert worst_size(n, 0.05, critical_z(n, 0.05, alpha), 2_000) <= alpha


def test_plain_tango_would_let_too_much_harm_pass() -> None:
    assert worst_size(50, 0.05, 2.326, 2_000) > 0.0135


@given(st.integers(1, 60), st.integers(0, 20), st.integers(0, 20))
@settings(deadline=None, max_examples=40)
def test_the_lower_bound_lies_above_the_margin_exactly_where_harm_is_ruled_out(n: int, lost: int, won: int) -> None:
    pairs = Pairs(n + lost + won, lost, won)
    assert (least_gain(pairs, 0.05, 0.01) > -0.05 + 1e-9) == is_shown(pairs, 0.05, 0.01)


def test_without_any_difference_a_hundred_and_some_examples_are_needed() -> None:
    enough = [n for n in range(80, 140) if is_shown(Pairs(n), margin=0.05, alpha=0.01)]
    assert enough[0] >= 90  # .95^90 is the first power of .95 below 1 %
    assert enough[0] <= 110
    assert not is_shown(Pairs(0), margin=0.05, alpha=0.01)


@given(st.integers(150, 400), st.integers(0, 8), st.integers(0, 8))
@settings(deadline=None, max_examples=25)
def test_one_more_loss_never_helps_and_one_more_win_never_hurts(n: int, lost: int, won: int) -> None:
    shown = is_shown(Pairs(n, lost, won), 0.05, 0.01)
    assert shown or not is_shown(Pairs(n, lost + 1, won), 0.05, 0.01)
    assert not shown or is_shown(Pairs(n, lost, won + 1), 0.05, 0.01)
