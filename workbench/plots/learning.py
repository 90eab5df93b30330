"""What training did: the loss with its memory, and what is right by skill, before and after.

    loss_curve      loss of every step, tune loss where it was measured; below, the memory at its highest
    skill_scores    a row for each skill, a mark with its interval for each adapter

It trains nothing and does no statistics; the intervals are handed in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import plotly.graph_objects as go

from workbench.plots.style import (
    BLUE,
    GIB,
    GREY,
    ORANGE,
    PALETTE,
    VERMILLION,
    new_figure,
    say_nothing_to_draw,
    whiskers,
)

MARKS = ("circle", "diamond", "square", "triangle-up")


class TrainingStep(Protocol):
    """One optimizer step; `adapters.training.Progress` is one."""

    @property
    def step(self) -> int: ...
    @property
    def loss(self) -> float: ...  # nats per answer token
    @property
    def tune_loss(self) -> float | None: ...
    @property
    def peak_bytes(self) -> int: ...


class SkillRow(Protocol):
    """What one adapter got right of one skill; `evaluation.scoring.Score` is one."""

    @property
    def correct(self) -> int: ...
    @property
    def total(self) -> int: ...
    @property
    def mean(self) -> float: ...  # 0..1
    @property
    def interval(self) -> tuple[float, float]: ...  # 95 %


def loss_curve(steps: Sequence[TrainingStep], *, label: str = "resident memory") -> go.Figure:
    """Loss over the steps, and the highest memory so far on an axis of its own.

    Args:
        steps: in order.
        label: what the memory is: VRAM or resident memory.
    """
    figure = new_figure("step", "loss (nats per token)", height=440)
    if not steps:
        return say_nothing_to_draw(figure, "Nothing was trained yet")
    numbers = [one.step for one in steps]
    figure.add_trace(_line("train", numbers, [one.loss for one in steps], BLUE, "y"))
    tuned = [(one.step, one.tune_loss) for one in steps if one.tune_loss is not None]
    if tuned:
        x, y = zip(*tuned, strict=True)
        figure.add_trace(
            go.Scatter(
                name="tune", x=x, y=y, mode="markers", marker={"color": VERMILLION, "size": 9, "symbol": "diamond"}
            )
        )
    gib = [one.peak_bytes / GIB for one in steps]
    figure.add_trace(_line(f"{label}, highest so far", numbers, gib, ORANGE, "y2"))
    figure.update_layout(
        yaxis={"domain": [0.42, 1], "rangemode": "tozero"},
        yaxis2={"domain": [0, 0.28], "title": "memory (GiB)", "rangemode": "tozero", "anchor": "x"},
        xaxis={"anchor": "y2"},
    )
    return figure


def skill_scores(scores: Mapping[str, Mapping[str, SkillRow]]) -> go.Figure:
    """Share of right answers by skill, a mark for each adapter, with 95 % intervals.

    Args:
        scores: by the adapter's name, then by skill.
    """
    skills = list(dict.fromkeys(skill for rows in scores.values() for skill in rows))
    figure = new_figure("right answers (share, 95% interval)", height=140 + 44 * max(1, len(skills)))
    if not skills:
        return say_nothing_to_draw(figure, "Nothing was scored yet")
    for place, (name, rows) in enumerate(scores.items()):
        figure.add_trace(_marks(name, skills, rows, place, len(scores)))
    ticks = list(range(len(skills)))
    figure.update_yaxes(tickvals=ticks, ticktext=skills, autorange="reversed", showgrid=False)
    figure.update_xaxes(range=[-0.02, 1.02], tickformat=".0%")
    return figure


def _marks(name: str, skills: Sequence[str], rows: Mapping[str, SkillRow], place: int, of: int) -> go.Scatter:
    found = [(height, rows[skill]) for height, skill in enumerate(skills) if skill in rows]
    shares = [row.mean for _, row in found]
    bars = whiskers(shares, [row.interval[0] for _, row in found], [row.interval[1] for _, row in found])
    colour = GREY if place == 0 else PALETTE[(place - 1) % len(PALETTE)]
    return go.Scatter(
        name=name,
        mode="markers",
        x=shares,
        y=[height + 0.3 * (place - (of - 1) / 2) for height, _ in found],  # side by side, so that no whisker is hidden
        error_x={**bars, "color": colour},
        marker={"color": colour, "size": 10, "symbol": MARKS[place % len(MARKS)]},
        customdata=[f"{row.correct} of {row.total}" for _, row in found],
        hovertemplate=f"{name}: %{{customdata}} right, %{{x:.0%}}<extra></extra>",
    )


def _line(name: str, x: Sequence[int], y: Sequence[float], colour: str, axis: str) -> go.Scatter:
    return go.Scatter(name=name, x=x, y=y, mode="lines", line={"color": colour, "width": 2}, yaxis=axis)
