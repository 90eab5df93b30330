"""How often answers are right, and whether confidence means anything.

    accuracy_bars         a bar for each way of answering, with the interval that so few questions leave open
    reliability_diagram   said confidence across, measured accuracy up: on the diagonal, confidence is a probability

The intervals are handed in; this file does no statistics.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import plotly.graph_objects as go

from workbench.plots.style import BLUE, GREY, PALETTE, new_figure, say_nothing_to_draw, whiskers


class AccuracyRow(Protocol):
    """One way of answering, measured; `evaluation.AnswerScore` is one."""

    @property
    def name(self) -> str: ...
    @property
    def correct(self) -> int: ...
    @property
    def total(self) -> int: ...
    @property
    def accuracy(self) -> float: ...  # 0..1
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


class ReliabilityBin(Protocol):
    """Answers of like confidence; `evaluation.ReliabilityBin` is one."""

    @property
    def count(self) -> int: ...
    @property
    def confidence(self) -> float: ...  # mean of the bin, 0..1
    @property
    def accuracy(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


def accuracy_bars(rows: Sequence[AccuracyRow], *, confidence: float = 0.95) -> go.Figure:
    """Share of right answers with interval whiskers, one bar a row.

    Args:
        rows: what was measured, in the order of drawing.
        confidence: of the intervals in `rows`; it is written on the axis.
    """
    figure = new_figure("", f"right answers (share, {confidence:.0%} interval)", height=360)
    if not rows:
        return say_nothing_to_draw(figure, "Nothing was measured yet")
    shares = [row.accuracy for row in rows]
    figure.add_trace(
        go.Bar(
            x=[row.name for row in rows],
            y=shares,
            marker={"color": [PALETTE[place % len(PALETTE)] for place in range(len(rows))]},
            error_y=whiskers(shares, [row.low for row in rows], [row.high for row in rows]),
            text=[f"{row.correct} of {row.total}" for row in rows],
            textposition="inside",
            insidetextanchor="start",  # at the foot, where no whisker crosses it
            hovertemplate="%{x}: %{text}, %{y:.0%}<extra></extra>",
            showlegend=False,
        )
    )
    figure.update_yaxes(range=[0, 1.02], tickformat=".0%")
    figure.update_xaxes(showgrid=False)
    return figure


def reliability_diagram(curves: Mapping[str, Sequence[ReliabilityBin]]) -> go.Figure:
    """Measured accuracy against said confidence, with intervals; the dashed diagonal is perfect calibration.

    Args:
        curves: bins by the name of what was measured; bins without answers are left out by whoever made them.
    """
    figure = new_figure("confidence the agent gave (0 to 1)", "right answers (share, 95% interval)", height=420)
    line = {"color": GREY, "dash": "dash"}
    figure.add_trace(go.Scatter(x=[0, 1], y=[0, 1], mode="lines", line=line, name="perfect", hoverinfo="skip"))
    for place, (name, bins) in enumerate(curves.items()):
        figure.add_trace(_curve(name, bins, PALETTE[place % len(PALETTE)]))
    figure.update_xaxes(range=[-0.02, 1.02])
    figure.update_yaxes(range=[-0.02, 1.02], tickformat=".0%")
    return figure


def _curve(name: str, bins: Sequence[ReliabilityBin], colour: str = BLUE) -> go.Scatter:
    shares = [found.accuracy for found in bins]
    bars = whiskers(shares, [found.low for found in bins], [found.high for found in bins])
    return go.Scatter(
        name=name,
        mode="lines+markers",
        x=[found.confidence for found in bins],
        y=shares,
        error_y={**bars, "color": colour},
        # Area grows with the number of answers, so that a bin of one does not look like a bin of twenty.
        marker={"color": colour, "size": [6 + 3 * found.count**0.5 for found in bins]},
        line={"color": colour, "width": 1},
        customdata=[found.count for found in bins],
        hovertemplate="confidence %{x:.2f}: %{y:.0%} of %{customdata} right<extra></extra>",
    )
