"""Repeated measurements with their spread: every run a dot, the mean a diamond, a line from the least to the most.

    token_rate             tokens per second, a row for each model
    seconds_per_question   the price of an answer, a row for each way of answering

It measures nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

import plotly.graph_objects as go

from workbench.plots.style import BLUE, GREY, VERMILLION, new_figure, say_nothing_to_draw


def token_rate(rates: Mapping[str, Sequence[float]]) -> go.Figure:
    """How fast each model writes.

    Args:
        rates: runs by model name, in tokens per second.
    """
    return _spread(rates, "speed (tokens per second)", "one run", "tokens/s")


def seconds_per_question(seconds: Mapping[str, Sequence[float]]) -> go.Figure:
    """What each way of answering costs.

    Args:
        seconds: of every question, by the name of what answered.
    """
    return _spread(seconds, "time per question (s)", "one question", "s")


def _spread(measured: Mapping[str, Sequence[float]], title: str, one: str, unit: str) -> go.Figure:
    rows = {name: list(values) for name, values in measured.items() if values}
    figure = new_figure(title, height=160 + 50 * max(1, len(rows)))
    if not rows:
        return say_nothing_to_draw(figure, "Nothing was timed yet")
    for name, values in rows.items():
        ends = go.Scatter(x=[min(values), max(values)], y=[name] * 2, mode="lines", line={"color": GREY, "width": 3})
        figure.add_trace(ends.update(showlegend=False, hoverinfo="skip"))
    _dots(figure, one, BLUE, "circle", unit, [(name, value) for name, values in rows.items() for value in values])
    _dots(figure, "mean", VERMILLION, "diamond", unit, [(name, fmean(values)) for name, values in rows.items()])
    figure.update_xaxes(range=[0, 1.1 * max(max(values) for values in rows.values())])
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return figure


def _dots(
    figure: go.Figure, name: str, colour: str, symbol: str, unit: str, points: Sequence[tuple[str, float]]
) -> None:
    marker = {"color": colour, "symbol": symbol, "size": 11, "opacity": 0.8, "line": {"color": "white", "width": 1}}
    figure.add_trace(
        go.Scatter(
            name=name,
            mode="markers",
            x=[value for _, value in points],
            y=[row for row, _ in points],
            marker=marker,
            hovertemplate=f"%{{y}}: %{{x:.1f}} {unit}<extra></extra>",
        )
    )
