"""What memory holds and why it found what it found.

    recall_parts      the score of each recalled memory, as a sum of its parts
    importance_parts  the importance of memories, as a sum of its parts
    fading_curves     how it falls over the coming days if nobody recalls them
    memory_map        all memories in two dimensions, the question among them
    memory_lifetimes  what happened when: remembered, promoted, expired, …

`memory.inspection` computes the figures. It reads no store and embeds nothing.

>>> recall_parts([]).layout.annotations[0].text
'Nothing was recalled'
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import plotly.graph_objects as go

from workbench.plots.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PALETTE,
    PURPLE,
    SKY,
    VERMILLION,
    as_hover,
    new_figure,
    say_nothing_to_draw,
)

SCORE_COLOURS = {
    "words": BLUE,
    "cosine": ORANGE,
    "session": SKY,
    "speaker": GREEN,
    "month": VERMILLION,
    "time": PURPLE,
    "first_person": GREY,
    "stated": "#C9C9C9",
    "asks": BLACK,
}
IMPORTANCE_COLOURS = {
    "novelty": BLUE,
    "specificity": ORANGE,
    "explicit": GREEN,
    "feedback": SKY,
    "recalled": VERMILLION,
    "recency": PURPLE,
    "asked to remember": GREY,
}
LABEL_CHARS = 38


class Hit(Protocol):
    """A recalled memory; `core.records.Recalled` is one."""

    @property
    def text(self) -> str: ...
    @property
    def score(self) -> float: ...
    @property
    def why(self) -> str: ...
    @property
    def parts(self) -> Mapping[str, float]: ...


class Share(Protocol):
    """One part of an importance; `memory.inspection.Share` is one."""

    @property
    def name(self) -> str: ...
    @property
    def value(self) -> float: ...
    @property
    def weight(self) -> float: ...
    @property
    def adds(self) -> float: ...


class Anatomy(Protocol):
    """An importance as a sum; `memory.inspection.Anatomy` is one."""

    @property
    def shares(self) -> Sequence[Share]: ...
    @property
    def importance(self) -> float: ...


class Fading(Protocol):
    """Importance over the coming days; `memory.inspection.Fading` is one."""

    @property
    def days(self) -> Sequence[int]: ...
    @property
    def importance(self) -> Sequence[float]: ...
    @property
    def expire_below(self) -> float: ...
    @property
    def crosses_in_days(self) -> int | None: ...


class Bin(Protocol):
    """How often one thing happened in one span of time; `memory.inspection.Bin` is one."""

    @property
    def what(self) -> str: ...
    @property
    def start(self) -> float: ...
    @property
    def end(self) -> float: ...
    @property
    def count(self) -> int: ...


def recall_parts(hits: Sequence[Hit]) -> go.Figure:
    """The score of each recalled memory as a stacked bar, best on top; parts below zero stand on the left.

    Args:
        hits: best first.
    """
    figure = new_figure("score (sum of its parts)", height=170 + 42 * max(2, len(hits)))
    if not hits:
        return say_nothing_to_draw(figure, "Nothing was recalled")
    known = dict.fromkeys((*SCORE_COLOURS, *(name for hit in hits for name in hit.parts)))
    names = [name for name in known if any(hit.parts.get(name) for hit in hits)]
    hover = [f"{as_hover(hit.text)}<br><i>{as_hover(hit.why)}</i><br>score {hit.score:.2f}" for hit in hits]
    for name in names:
        values = [hit.parts.get(name, 0.0) for hit in hits]
        figure.add_trace(_stacked(name.replace("_", " "), values, SCORE_COLOURS.get(name, GREY), hover))
    return _as_rows(figure, [hit.text for hit in hits])


def importance_parts(anatomies: Mapping[str, Anatomy]) -> go.Figure:
    """What each part adds to the importance of each memory, as stacked bars.

    Args:
        anatomies: by the text, or the name, of the memory.
    """
    figure = new_figure("importance (0 to 1, sum of weighted parts)", height=170 + 42 * max(2, len(anatomies)))
    if not anatomies:
        return say_nothing_to_draw(figure, "There is no memory to weigh")
    for name, colour in IMPORTANCE_COLOURS.items():
        shares = [next(share for share in one.shares if share.name == name) for one in anatomies.values()]
        hover = [f"{share.value:.2f} with weight {share.weight:g}" for share in shares]
        if any(share.adds for share in shares):
            figure.add_trace(_stacked(name, [share.adds for share in shares], colour, hover))
    figure.update_xaxes(range=[0, 1])
    return _as_rows(figure, list(anatomies))


def memory_map(view: Any, *, colour_by: str = "kind", question: tuple[float, float] | None = None) -> go.Figure:
    """Memories in two dimensions: near ones say similar things, larger ones matter more.

    Args:
        view: a `memory.inspection.VectorMap`.
        colour_by: `kind` or `tier`.
        question: where a question falls on the same plane; drawn as a star.
    """
    first, second = view.plane.explained
    titles = [f"{name} component ({share:.0%} of the variance)" for name, share in (("1st", first), ("2nd", second))]
    figure = new_figure(titles[0], titles[1], height=480)
    if not view.spots:
        return say_nothing_to_draw(figure, "Nothing is remembered yet")
    groups = sorted({getattr(spot.memory, colour_by) for spot in view.spots})
    for place, group in enumerate(groups):
        spots = [spot for spot in view.spots if getattr(spot.memory, colour_by) == group]
        figure.add_trace(_spots(group, spots, PALETTE[place % len(PALETTE)]))
    if question is not None:
        figure.add_trace(_star(*question))
    figure.add_annotation(text=view.note, x=1, y=-0.16, xref="paper", yref="paper", showarrow=False, xanchor="right")
    return figure


def fading_curves(curves: Mapping[str, Fading]) -> go.Figure:
    """How the importance of memories falls if nobody recalls them; below the dashed line short-term ones expire.

    Args:
        curves: by the text, or the name, of the memory.
    """
    figure = new_figure("days from now, without a recall", "importance (0 to 1)", height=380)
    if not curves:
        return say_nothing_to_draw(figure, "There is no memory to look at")
    for place, (name, curve) in enumerate(curves.items()):
        figure.add_trace(_fading(name, curve, PALETTE[place % len(PALETTE)]))
    below = next(iter(curves.values())).expire_below
    note = f"expires below {below:g}"
    figure.add_hline(below, line={"color": BLACK, "dash": "dash", "width": 1}, annotation_text=note)
    figure.update_yaxes(range=[0, 1])
    return figure


def memory_lifetimes(bins: Sequence[Bin]) -> go.Figure:
    """What happened to memories and when; the area of a mark grows with how often it did in that span.

    Args:
        bins: of `memory.inspection.in_bins`.
    """
    rows = list(dict.fromkeys(found.what for found in bins))
    figure = new_figure("date and time", height=150 + 36 * max(2, len(rows)))
    if not bins:
        return say_nothing_to_draw(figure, "Nothing has happened yet")
    most = max(found.count for found in bins)
    marks = go.Scatter(
        x=[datetime.fromtimestamp((found.start + found.end) / 2) for found in bins],
        y=[found.what for found in bins],
        mode="markers",
        marker={"size": [7 + 19 * (found.count / most) ** 0.5 for found in bins], "color": BLUE, "opacity": 0.75},
        customdata=[found.count for found in bins],
        hovertemplate="%{y}: %{customdata} around %{x}<extra></extra>",
        showlegend=False,
    )
    figure.add_trace(marks)
    figure.update_yaxes(categoryorder="array", categoryarray=rows[::-1])
    return figure


def short(text: str) -> str:
    """A text as the label of a row.

    >>> short("My dog is called Rufus.")
    'My dog is called Rufus.'
    """
    line = " ".join(text.split())
    return line if len(line) <= LABEL_CHARS else line[: LABEL_CHARS - 1].rstrip() + "…"


def _stacked(name: str, values: list[float], colour: str, hover: list[str]) -> go.Bar:
    return go.Bar(
        name=name,
        orientation="h",
        x=values,
        y=list(range(len(values))),
        marker={"color": colour, "line": {"color": "white", "width": 0.5}},
        customdata=hover,
        hovertemplate=f"<b>{name} %{{x:.3f}}</b><br>%{{customdata}}<extra></extra>",
    )


def _as_rows(figure: go.Figure, texts: Sequence[str]) -> go.Figure:
    labels = [as_hover(short(text)) for text in texts]
    figure.update_layout(barmode="relative", bargap=0.35)
    figure.update_yaxes(autorange="reversed", showgrid=False, tickvals=list(range(len(labels))), ticktext=labels)
    return figure


def _spots(name: str, spots: Sequence[Any], colour: str) -> go.Scatter:
    stored = [spot.memory for spot in spots]
    return go.Scatter(
        name=name,
        mode="markers",
        x=[spot.x for spot in spots],
        y=[spot.y for spot in spots],
        # Area, not diameter, grows with importance.
        marker={"color": colour, "size": [5 + 13 * one.importance**0.5 for one in stored], "opacity": 0.7},
        customdata=[[as_hover(one.text), one.kind, one.tier, f"{one.importance:.2f}"] for one in stored],
        hovertemplate="%{customdata[0]}<br>%{customdata[1]}, %{customdata[2]}-term, importance %{customdata[3]}"
        "<extra></extra>",
    )


def _star(x: float, y: float) -> go.Scatter:
    marker = {"symbol": "star", "size": 17, "color": BLACK, "line": {"color": "white", "width": 1}}
    return go.Scatter(name="the question", mode="markers", x=[x], y=[y], marker=marker, hoverinfo="name")


def _fading(name: str, curve: Fading, colour: str) -> go.Scatter:
    crossing = curve.crosses_in_days
    return go.Scatter(
        name=as_hover(short(name)),
        mode="lines+markers",
        x=list(curve.days),
        y=list(curve.importance),
        line={"color": colour, "width": 2},
        # One mark, on the day it falls below.
        marker={"color": colour, "symbol": "diamond", "size": [11 if day == crossing else 0 for day in curve.days]},
        hovertemplate="in %{x} days: %{y:.2f}<extra></extra>",
    )


def cost_growth(rows: Sequence[Mapping[str, Any]]) -> go.Figure:
    """How long a search and a write take as the store grows; both axes are logarithmic, bars reach from p50 to p95.

    Args:
        rows: with `memories`, `index`, and `search_ms` and `write_ms`, each a p50 and a p95.
    """
    figure = new_figure("memories in the store", "time (ms)")
    figure.update_xaxes(type="log")
    figure.update_yaxes(type="log")
    lines = [(index, what) for index in ("exact", "chroma") for what in ("search", "write")]
    for colour, (index, what) in zip(PALETTE, lines, strict=False):
        found = [row for row in rows if row["index"] == index]
        middle = [row[f"{what}_ms"]["p50"] for row in found]
        above = [row[f"{what}_ms"]["p95"] - row[f"{what}_ms"]["p50"] for row in found]
        figure.add_scatter(
            x=[row["memories"] for row in found],
            y=middle,
            name=f"{what}, {index}",
            error_y={"type": "data", "array": above, "arrayminus": [0.0] * len(above)},
            line={"color": colour, "dash": "solid" if what == "search" else "dot"},
        )
    return figure
