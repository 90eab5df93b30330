"""The memory chart's points, scale and label."""

from __future__ import annotations

import pytest

from workbench.hardware.snapshot import Label, Snapshot
from workbench.panels.machine_state import GIB, memory_chart, scale_top_gib


def a_snapshot(at: float, used_gib: float, label: Label = "resident memory") -> Snapshot:
    return Snapshot(at, label, "CPU, 2 cores", int(used_gib * GIB), 6 * GIB, 5 * GIB, None, 9 * GIB)


def test_without_a_sample_there_is_no_chart() -> None:
    assert memory_chart([], budget_gib=6) is None


def test_points_are_seconds_before_the_newest_sample() -> None:
    chart = memory_chart([a_snapshot(100, 0.25), a_snapshot(101, 0.5)], budget_gib=6)
    assert chart is not None
    assert chart.points == ((-1.0, 0.25), (0.0, 0.5))
    assert chart.now_gib == 0.5


def test_samples_older_than_the_window_are_left_out() -> None:
    chart = memory_chart([a_snapshot(0, 5.0), a_snapshot(130, 0.5)], budget_gib=6, window_s=120)
    assert chart is not None
    assert chart.points == ((0.0, 0.5),)


@pytest.mark.parametrize("label", ["VRAM", "resident memory"])
def test_the_label_is_what_was_really_counted(label: Label) -> None:
    chart = memory_chart([a_snapshot(0, 0.5, label)], budget_gib=6)
    assert chart is not None
    assert chart.label == label


def test_a_budget_above_the_scale_is_said_to_be_so() -> None:
    low, high = (memory_chart([a_snapshot(0, used)], budget_gib=6) for used in (0.5, 5.5))
    assert low is not None
    assert high is not None
    assert (low.budget_fits, high.budget_fits) == (False, True)


@pytest.mark.parametrize("peak_gib", [0.0, 0.01, 0.43, 0.59, 1.0, 5.9, 79.0])
def test_the_scale_leaves_room_above_the_peak_without_wasting_most_of_it(peak_gib: float) -> None:
    top_gib = scale_top_gib(peak_gib)
    assert top_gib >= 1.2 * peak_gib
    assert top_gib <= max(2.4 * peak_gib, 0.06)
