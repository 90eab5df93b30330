"""The paired tests against scipy, published intervals, and a likelihood maximised by brute force."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import binomtest, permutation_test

from workbench.evaluation.gate.paired_tests import (
    Pairs,
    binomial_tail,
    critical_count,
    gain_interval,
    mcnemar,
    score,
    sign_flip,
    supposed_lost,
)

counts = st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 60)).map(
    lambda three: Pairs(three[0] + three[1] + three[2] + 1, three[0], three[1])
)


def test_mcnemar_is_the_binomial_test_on_the_examples_that_differ() -> None:
    for lost, won in product(range(9), range(9)):
        if lost + won:
            expected = binomtest(won, lost + won, 0.5, alternative="greater").pvalue
            assert mcnemar(Pairs(100, lost, won)) == pytest.approx(expected, rel=1e-12)
    assert mcnemar(Pairs(100)) == 1.0


def test_mcnemar_stays_exact_where_powers_of_two_leave_the_floats() -> None:
    assert mcnemar(Pairs(5_000, 2_000, 2_200)) == pytest.approx(
        binomtest(2_200, 4_200, 0.5, alternative="greater").pvalue, rel=1e-9
    )


@given(st.integers(0, 200), st.sampled_from([0.05, 0.0304, 0.01, 1e-6, 0.5]))
def test_the_critical_count_is_the_least_that_is_significant(differing: int, alpha: float) -> None:
    count = critical_count(differing, alpha)
    assert count == differing + 1 or binomial_tail(differing, count) <= alpha
    assert binomial_tail(differing, count - 1) > alpha


@pytest.mark.parametrize(
    ("pairs", "confidence", "low", "high"),
    [
        (Pairs(44, lost=1, won=0), 0.90, -0.096, 0.037),  # Tango 1998, contact lenses
        (Pairs(21, lost=7, won=1), 0.95, -0.517, -0.026),  # Fagerland, Lydersen & Laake 2014, airway reactivity
    ],
)
def test_tangos_interval_agrees_with_published_ones(pairs: Pairs, confidence: float, low: float, high: float) -> None:
    assert gain_interval(pairs, confidence) == pytest.approx((low, high), abs=6e-4)


@pytest.mark.parametrize("pairs", [Pairs(40, 3, 9), Pairs(40, 0, 2), Pairs(25, 12, 1), Pairs(60, 5, 5)])
@pytest.mark.parametrize("gain", [-0.3, -0.05, 0.0, 0.1, 0.4])
def test_the_supposed_share_is_the_one_that_maximises_the_likelihood(pairs: Pairs, gain: float) -> None:
    def unlikelihood(lost: float) -> float:
        shares = (lost, lost + gain, 1 - 2 * lost - gain)
        seen = (pairs.lost, pairs.won, pairs.n - pairs.differing)
        return -sum(count * math.log(max(share, 1e-300)) for count, share in zip(seen, shares, strict=True) if count)

    span = (max(0.0, -gain), (1 - gain) / 2)
    found = minimize_scalar(unlikelihood, bounds=span, method="bounded", options={"xatol": 1e-10})
    assert float(supposed_lost(pairs.n, pairs.lost, pairs.won, gain)) == pytest.approx(found.x, abs=2e-5)


@given(counts, st.floats(-0.9, 0.9), st.floats(-0.9, 0.9))
@example(Pairs(1, 0, 0), 0.5, 3.5e-276)  # its square is no number any more
def test_the_score_falls_as_the_supposed_gain_rises(pairs: Pairs, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert score(pairs.n, pairs.lost, pairs.won, low) >= score(pairs.n, pairs.lost, pairs.won, high) - 1e-9


@given(counts)
def test_exchanging_the_two_adapters_turns_the_interval_over(pairs: Pairs) -> None:
    turned = gain_interval(Pairs(pairs.n, pairs.won, pairs.lost))
    assert gain_interval(pairs) == pytest.approx((-turned.high, -turned.low), abs=1e-9)


@given(counts)
def test_the_interval_holds_the_measured_gain_and_more_confidence_widens_it(pairs: Pairs) -> None:
    usual, sure = gain_interval(pairs), gain_interval(pairs, 0.99)
    assert -1 <= sure.low <= usual.low <= pairs.gain <= usual.high <= sure.high <= 1


def test_no_difference_at_all_still_leaves_an_interval_with_width() -> None:
    assert gain_interval(Pairs(100)) == pytest.approx((-0.037, 0.037), abs=1e-4)
    assert gain_interval(Pairs(0)) == (-1.0, 1.0)


def test_few_sign_flips_are_all_counted() -> None:
    assert sign_flip([1.0, 1.0, 1.0, -0.5]) == 2 / 16  # only + + + + and the pattern itself reach 2.5
    assert sign_flip([0.0, 0.0]) == 1.0
    assert sign_flip([0.1, 0.2, 0.3]) == 1 / 8


def test_many_sign_flips_agree_with_scipys_permutation_test_and_repeat() -> None:
    differences = np.random.default_rng(0).normal(0.25, 1.0, 60)
    whole = permutation_test(
        (differences,), np.mean, permutation_type="samples", alternative="greater", n_resamples=20_000, rng=1
    )
    assert sign_flip(list(differences)) == pytest.approx(whole.pvalue, abs=0.01)
    assert sign_flip(list(differences), seed=3) == sign_flip(list(differences), seed=3)


def test_sign_flip_on_right_and_wrong_is_mcnemar() -> None:
    assert sign_flip([1.0] * 9 + [-1.0] * 3 + [0.0] * 20) == pytest.approx(mcnemar(Pairs(32, 3, 9)))
