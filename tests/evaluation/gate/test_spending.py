"""Error is spent, never more than there is: sums, and e-values whose mean is 1 at most where nothing is to be found."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import binom, multinomial

from workbench.evaluation.gate.paired_tests import Pairs
from workbench.evaluation.gate.spending import gain_evidence, harm_evidence, level


def test_all_looks_together_spend_the_error_and_no_more() -> None:
    spent = sum(level(0.05, k) for k in range(1, 100_001))
    assert 0.04999 < spent < 0.05
    assert level(0.05, 1) == pytest.approx(0.0304, abs=5e-5)
    assert all(level(0.05, k) > level(0.05, k + 1) for k in range(1, 50))


def test_evidence_raises_or_lowers_the_level_within_bounds() -> None:
    assert level(0.05, 2, 3.0) == pytest.approx(3 * level(0.05, 2))
    assert level(0.05, 2, 0.2) < level(0.05, 2)
    assert level(0.05, 2, 1e9) == 0.5
    assert level(0.05, 2, 0.0) > 0


@pytest.mark.parametrize(("lost", "won"), [(0, 0), (0, 5), (5, 0), (3, 9), (40, 60)])
def test_gain_evidence_is_the_mean_likelihood_ratio(lost: int, won: int) -> None:
    ratio, _ = quad(lambda share: 2 * (2 * share) ** won * (2 - 2 * share) ** lost, 0.5, 1, epsabs=1e-12)
    assert gain_evidence(Pairs(200, lost, won)) == pytest.approx(ratio, rel=1e-8)


def test_gain_evidence_survives_thousands_of_examples() -> None:
    assert gain_evidence(Pairs(6_000, 2_000, 2_600)) > 1e6
    assert 0 <= gain_evidence(Pairs(6_000, 2_600, 2_000)) < 0.1


@pytest.mark.parametrize("differing", [1, 4, 13, 60])
@pytest.mark.parametrize("share_won", [0.5, 0.4])
def test_gain_evidence_has_a_mean_of_one_at_most_where_there_is_no_gain(differing: int, share_won: float) -> None:
    won = np.arange(differing + 1)
    values = [gain_evidence(Pairs(differing, differing - int(one), int(one))) for one in won]
    mean = float(np.sum(binom.pmf(won, differing, share_won) * values))
    assert mean <= 1 + 1e-9
    if share_won == 0.5:
        assert mean == pytest.approx(1)


@pytest.mark.parametrize("further", [0.0, 0.05, 0.4, 0.95])
def test_harm_evidence_has_a_mean_of_one_at_most_where_the_margin_is_lost(further: float) -> None:
    n, margin = 25, 0.05
    shares = [margin + further / 2, further / 2, 1 - margin - further]
    mean = sum(
        multinomial.pmf([lost, won, n - lost - won], n, shares) * harm_evidence(Pairs(n, lost, won), margin)
        for lost in range(n + 1)
        for won in range(n + 1 - lost)
    )
    assert mean == pytest.approx(1, abs=1e-9)


def test_harm_evidence_grows_while_nothing_is_lost_and_falls_with_losses() -> None:
    values = [harm_evidence(Pairs(n), 0.05) for n in (0, 50, 100, 200)]
    assert values == sorted(values)
    assert values[0] == 1
    assert harm_evidence(Pairs(200, lost=20), 0.05) < 0.5
    assert math.isfinite(harm_evidence(Pairs(100_000, won=90_000), 0.05))
