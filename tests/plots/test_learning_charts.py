"""Charts of training show what they are given, with intervals and units."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from workbench.plots import loss_curve, skill_scores
from workbench.plots.style import GIB


@dataclass(frozen=True)
class Step:
    step: int
    loss: float
    tune_loss: float | None
    peak_bytes: int


@dataclass(frozen=True)
class Row:
    correct: int
    total: int
    mean: float
    interval: tuple[float, float]


STEPS = [Step(1, 3.0, None, GIB), Step(2, 2.0, 1.5, 2 * GIB)]


def test_loss_and_memory_stand_on_axes_of_their_own_with_units() -> None:
    figure = loss_curve(STEPS, label="VRAM")
    train, tune, memory = figure.data
    assert (list(train.y), list(tune.x), list(tune.y), list(memory.y)) == ([3.0, 2.0], [2], [1.5], [1.0, 2.0])
    assert memory.yaxis == "y2"
    assert (figure.layout.yaxis.title.text, figure.layout.yaxis2.title.text) == (
        "loss (nats per token)",
        "memory (GiB)",
    )


def test_a_tune_loss_that_was_not_measured_is_not_drawn() -> None:
    assert [trace.name for trace in loss_curve(STEPS[:1]).data] == ["train", "resident memory, highest so far"]


def test_every_skill_has_a_mark_with_its_interval_for_each_adapter_that_was_scored_on_it() -> None:
    before, after = Row(1, 10, 0.1, (0.02, 0.4)), Row(9, 10, 0.9, (0.6, 0.98))
    figure = skill_scores({"before": {"add": before, "dates": before}, "after": {"dates": after}})
    first, second = figure.data
    assert list(figure.layout.yaxis.ticktext) == ["add", "dates"]
    assert (list(first.x), list(second.x)) == ([0.1, 0.1], [0.9])
    assert second.error_x.array[0] == pytest.approx(0.08)
    assert second.error_x.arrayminus[0] == pytest.approx(0.3)
    assert abs(second.y[0] - 1) < 0.5
    assert second.y[0] != first.y[1]


def test_nothing_to_draw_is_said() -> None:
    assert "Nothing was trained" in loss_curve([]).layout.annotations[0].text
    assert "Nothing was scored" in skill_scores({}).layout.annotations[0].text
