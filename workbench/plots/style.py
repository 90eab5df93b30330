"""One look for every figure: colours that a colour-blind reader can tell apart, axes that carry their units.

The palette is Okabe and Ito's (2008, "Color Universal Design"). It knows colours and axes, not what is drawn.

>>> new_figure("time (s)", "memory (GiB)").layout.xaxis.title.text
'time (s)'
"""

from __future__ import annotations

from html import escape
from textwrap import wrap
from typing import Any

import plotly.graph_objects as go

BLUE, ORANGE, GREEN, PURPLE = "#0072B2", "#E69F00", "#009E73", "#CC79A7"
SKY, VERMILLION, GREY, BLACK = "#56B4E9", "#D55E00", "#8C8C8C", "#222222"
PALETTE = (BLUE, ORANGE, GREEN, SKY, VERMILLION, PURPLE)  # neighbours differ in lightness too, for grey print
GRID = "#E3E3E3"
GIB = 1024**3

_AXIS = {
    "showgrid": True,
    "gridcolor": GRID,
    "linecolor": GREY,
    "showline": True,
    "zeroline": False,
    "ticks": "outside",
    "automargin": True,
}
# Plotly's own template is 7 kB in every saved output; this one says only what we use.
TEMPLATE = go.layout.Template(
    layout={
        "font": {"family": "system-ui, 'DejaVu Sans', sans-serif", "size": 13, "color": BLACK},
        "colorway": list(PALETTE),
        "paper_bgcolor": "white",  # also on a dark theme: the colours were chosen against white
        "plot_bgcolor": "white",
        "xaxis": _AXIS,
        "yaxis": _AXIS,
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        "margin": {"l": 60, "r": 30, "t": 60, "b": 50},
        "hoverlabel": {"align": "left"},
    }
)


def new_figure(x_title: str, y_title: str | None = None, *, height: int = 360) -> go.Figure:
    """An empty figure in the house style; titles carry the unit in brackets."""
    figure = go.Figure(layout={"template": TEMPLATE, "height": height})
    figure.update_xaxes(title_text=x_title)
    figure.update_yaxes(title_text=y_title)
    return figure


def say_nothing_to_draw(figure: go.Figure, sentence: str) -> go.Figure:
    """The figure with a sentence where its marks would be: an empty plot must say why it is empty."""
    figure.add_annotation(text=escape(sentence), x=0.5, y=0.5, xref="paper", yref="paper", showarrow=False)
    return figure


def as_hover(text: str, *, width: int = 70, most_lines: int = 8) -> str:
    """Any text as a hover label: markup made harmless, lines wrapped, the end cut off with a dash."""
    lines = [part for line in text.splitlines() for part in wrap(line, width)]
    kept = lines[:most_lines] + (["…"] if len(lines) > most_lines else [])
    return "<br>".join(escape(line) for line in kept)


def show_ms(duration_ms: float) -> str:
    """A duration as a person reads it.

    >>> show_ms(0.21), show_ms(86.4), show_ms(3210)
    ('0.2 ms', '86 ms', '3.2 s')
    """
    if duration_ms >= 1000:
        return f"{duration_ms / 1000:.1f} s"
    return f"{duration_ms:.0f} ms" if duration_ms >= 10 else f"{duration_ms:.1f} ms"


def whiskers(middles: list[float], lows: list[float], highs: list[float]) -> dict[str, Any]:
    """Error bars from absolute bounds; plotly wants distances."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [high - middle for middle, high in zip(middles, highs, strict=True)],
        "arrayminus": [middle - low for middle, low in zip(middles, lows, strict=True)],
        "color": BLACK,
        "thickness": 1.5,
        "width": 6,
    }
