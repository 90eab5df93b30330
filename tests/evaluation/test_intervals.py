"""Wilson's interval against published values, and the properties that the usual interval lacks."""

from __future__ import annotations

import random

import pytest

from workbench.evaluation import wilson_interval
from workbench.evaluation.paired import sign_test


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, Statistics in Medicine 17, table I, method 3
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_agrees_with_newcombes_table(successes: int, n: int, low: float, high: float) -> None:
    assert wilson_interval(successes, n) == pytest.approx((low, high), abs=5e-5)


def test_a_share_of_all_or_none_still_has_width_and_stays_inside_0_to_1() -> None:
    assert wilson_interval(0, 5).low == 0.0 < wilson_interval(0, 5).high
    assert wilson_interval(5, 5).high == 1.0 > wilson_interval(5, 5).low


def test_nothing_tried_leaves_everything_open() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)


def test_more_questions_narrow_it_and_more_confidence_widens_it() -> None:
    few, many = wilson_interval(6, 10), wilson_interval(60, 100)
    sure = wilson_interval(6, 10, confidence=0.99)
    assert few.low < many.low < 0.6 < many.high < few.high
    assert sure.low < few.low
    assert sure.high > few.high


def test_the_interval_covers_the_true_share_about_95_times_in_100() -> None:
    generator = random.Random(0)
    counts = [sum(generator.random() < 0.7 for _ in range(30)) for _ in range(2000)]
    covered = sum(low <= 0.7 <= high for low, high in (wilson_interval(count, 30) for count in counts))
    assert 0.93 <= covered / 2000 <= 0.97


@pytest.mark.parametrize(
    ("a", "b", "p"), [(6, 0, 0.03125), (0, 6, 0.03125), (3, 3, 1.0), (0, 0, 1.0), (8, 1, 0.0390625)]
)
def test_the_sign_test_gives_the_exact_binomial_p_value(a: int, b: int, p: float) -> None:
    assert sign_test(a, b) == pytest.approx(p)
