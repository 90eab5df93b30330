"""Brier score and expected calibration error, on cases small enough to do by hand."""

from __future__ import annotations

import random

import pytest

from workbench.evaluation import brier, expected_calibration_error, reliability_bins


def test_brier_is_the_mean_squared_gap() -> None:
    assert brier([1.0, 0.0, 0.5, 0.9], [True, False, True, False]) == pytest.approx((0 + 0 + 0.25 + 0.81) / 4)


def test_ece_weighs_each_bins_gap_by_its_answers() -> None:
    confidences = [0.92, 0.98, 0.95, 0.15]
    correct = [True, False, True, False]
    gap_high, gap_low = abs(2 / 3 - 0.95), 0.15
    assert expected_calibration_error(confidences, correct) == pytest.approx(3 / 4 * gap_high + 1 / 4 * gap_low)


def test_confidence_1_falls_in_the_last_bin_and_an_edge_in_the_bin_above_it() -> None:
    bins = reliability_bins([1.0, 0.9, 0.5, 0.0], [True, True, False, False])
    assert [(one.start, one.count) for one in bins] == [(0.0, 1), (0.5, 1), (0.9, 2)]


def test_empty_bins_are_left_out_rather_than_drawn_as_zero() -> None:
    [only] = reliability_bins([0.71, 0.79], [True, False])
    assert (only.start, only.end, only.accuracy) == (0.7, 0.8, 0.5)
    assert only.low < 0.5 < only.high


def test_a_calibrated_answerer_has_small_ece_and_an_overconfident_one_a_large_one() -> None:
    generator = random.Random(0)
    said = [generator.random() for _ in range(4000)]
    honest = [generator.random() < confidence for confidence in said]
    assert expected_calibration_error(said, honest) < 0.03
    assert expected_calibration_error([0.99] * 4000, honest) > 0.45


def test_fewer_bins_can_hide_a_gap() -> None:
    said, correct = [0.1, 0.9], [True, False]
    assert expected_calibration_error(said, correct, bins=1) == pytest.approx(0)
    assert expected_calibration_error(said, correct, bins=10) == pytest.approx(0.9)
