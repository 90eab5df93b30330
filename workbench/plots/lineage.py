"""Who came from whom: adapters on top, generations downwards, the champion's forebears in colour.

    adapters        dates   sums   日本語
                      ╲     ╱ ╲      │
    generation 0       ●   ○   ●     ○       ● forebear of the champion or of the front, ○ pale: everybody else
                        ╲     ╱
    generation 1          ★        ○

A candidate hangs on the candidates it was made of; one that was made of none hangs on its adapters. It is told the
champion and the front.

>>> figure = lineage_graph([Candidate("aa", 0, "blend", parents=("dates", "sums"))], champion="aa")
>>> [label.text for label in figure.layout.annotations]
['dates', 'sums']
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

import plotly.graph_objects as go

from workbench.plots.evolution import Candidate, shown_name
from workbench.plots.labels import in_lines
from workbench.plots.style import (
    BLACK,
    GREY,
    PALETTE,
    VERMILLION,
    as_hover,
    new_figure,
    say_nothing_to_draw,
)

MARKS = ("circle", "diamond", "square", "triangle-up", "triangle-down", "pentagon")
COLOURS = tuple(colour for colour in PALETTE if colour != VERMILLION)  # that one is the champion's
PALE, PALE_LINE = "#D8D8D8", "#EBEBEB"
LABEL_CELLS = 92  # that fit side by side across the figure
CROWDED = 30  # candidates in a row
UPRIGHT_FROM = 13  # adapters; so many names stand on end

Edge = tuple[str, str]  # child, parent
Spot = tuple[float, int]  # across 0..1, row


def lineage_graph(
    candidates: Sequence[Candidate], *, champion: str | None = None, front: Sequence[str] = ()
) -> go.Figure:
    """The family tree of a run.

    Args:
        candidates: a name that comes again keeps its first place.
        champion: its name; a star, and a strong line to where it came from.
        front: names of others whose forebears are coloured too.
    """
    born = _births(candidates)
    adapters = list(dict.fromkeys(parent for one in born.values() for parent in one.parents))
    generations = sorted({one.generation for one in born.values()})
    rows = [[_adapter(name) for name in adapters], *_rows(born, generations)]
    tall = len(adapters) >= UPRIGHT_FROM
    figure = new_figure("", "generation", height=150 + 48 * max(3, len(rows)) + 110 * tall)
    if not born:
        return say_nothing_to_draw(figure, "No candidate was tried yet")
    edges = {name: _parents(one, born) for name, one in born.items()}
    spots = _places(rows, edges)
    of_champion = _forebears([champion] if champion in born else [], edges)
    coloured = of_champion | _forebears([name for name in front if name in born], edges)
    _draw_edges(figure, edges, spots, of_champion, coloured)
    _draw_candidates(figure, {name: one for name, one in born.items() if name != champion}, spots, coloured)
    _draw_adapters(figure, adapters, spots, coloured)
    if champion in born:
        figure.add_trace(_marks("champion", [born[champion]], spots, VERMILLION, "star", 18))
    figure.update_xaxes(visible=False, range=[-0.02, 1.02])
    figure.update_layout(margin={"b": 16})
    _label_rows(figure, generations, adapters)
    return figure


def _births(candidates: Sequence[Candidate]) -> dict[str, Candidate]:
    """The first of each name, generation by generation."""
    found: dict[str, Candidate] = {}
    for one in sorted(candidates, key=lambda each: each.generation):
        found.setdefault(one.name, one)
    return found


def _adapter(name: str) -> str:
    """A key that no candidate has."""
    return f"adapter\0{name}"


def _rows(born: Mapping[str, Candidate], generations: Sequence[int]) -> list[list[str]]:
    return [[name for name, one in born.items() if one.generation == number] for number in generations]


def _parents(one: Candidate, born: Mapping[str, Candidate]) -> tuple[str, ...]:
    """Candidates of earlier generations; where it has none, its adapters."""
    older = [name for name in one.made_of if name in born and born[name].generation < one.generation]
    return tuple(dict.fromkeys(older)) or tuple(_adapter(name) for name in dict.fromkeys(one.parents))


def _places(rows: Sequence[Sequence[str]], edges: Mapping[str, Sequence[str]]) -> dict[str, Spot]:
    """Each row evenly spaced, in the order of the middle of its parents, so that lines cross less."""
    found: dict[str, Spot] = {}
    for height, row in enumerate(rows):

        def middle(name: str) -> float:
            return fmean([found[parent][0] for parent in edges.get(name, ())] or [0.5])

        ordered = sorted(row, key=middle) if height else row
        for place, name in enumerate(ordered):
            found[name] = ((place + 0.5) / len(row), height)
    return found


def _forebears(names: Iterable[str | None], edges: Mapping[str, Sequence[str]]) -> set[str | None]:
    """The names themselves and everything that they came from."""
    found: set[str | None] = set()
    left = list(names)
    while left:
        name = left.pop()
        if name is not None and name not in found:
            found.add(name)
            left.extend(edges.get(name, ()))
    return found


def _draw_edges(
    figure: go.Figure,
    edges: Mapping[str, Sequence[str]],
    spots: Mapping[str, Spot],
    of_champion: set[str | None],
    coloured: set[str | None],
) -> None:
    """Pale ones first, so that none crosses a coloured one."""
    kinds: dict[str, list[Edge]] = {"pale": [], "front": [], "champion": []}
    for child, parents in edges.items():
        kind = "champion" if child in of_champion else "front" if child in coloured else "pale"
        kinds[kind].extend((child, parent) for parent in parents)
    looks = {"pale": (PALE_LINE, 1.0), "front": (GREY, 1.2), "champion": (BLACK, 1.8)}
    for kind, found in kinds.items():
        if found:
            colour, width = looks[kind]
            figure.add_trace(_lines(found, spots, {"color": colour, "width": width}))


def _lines(edges: Sequence[Edge], spots: Mapping[str, Spot], line: Mapping[str, object]) -> go.Scatter:
    """All edges of a look as one trace; None lifts the pen."""
    ends = [(spots[parent], spots[child]) for child, parent in edges]
    x = [value for above, below in ends for value in (above[0], below[0], None)]
    y = [value for above, below in ends for value in (above[1], below[1], None)]
    return go.Scatter(mode="lines", x=x, y=y, line=dict(line), hoverinfo="skip", showlegend=False)


def _draw_candidates(
    figure: go.Figure, born: Mapping[str, Candidate], spots: Mapping[str, Spot], coloured: set[str | None]
) -> None:
    pale = [one for name, one in born.items() if name not in coloured]
    crowded = max(Counter(row for _, row in spots.values()).values()) > CROWDED
    if pale:
        figure.add_trace(_marks("others", pale, spots, PALE, "circle", 5 if crowded else 8))
    operators = Counter(one.operator for name, one in born.items() if name in coloured)
    for place, (operator, _) in enumerate(operators.most_common(len(COLOURS))):
        found = [one for name, one in born.items() if name in coloured and one.operator == operator]
        look = COLOURS[place], MARKS[place]
        figure.add_trace(_marks(in_lines(operator or "unnamed", cells=30, most_lines=1), found, spots, *look, 10))
    named = {operator for operator, _ in operators.most_common(len(COLOURS))}
    if rest := [one for name, one in born.items() if name in coloured and one.operator not in named]:
        figure.add_trace(_marks("other ways", rest, spots, BLACK, MARKS[-1], 10))


def _marks(
    name: str, found: Sequence[Candidate], spots: Mapping[str, Spot], colour: str, symbol: str, size: int
) -> go.Scatter:
    values = ["failed" if one.value is None else f"{one.value:.3f}{' (stopped)' * one.stopped}" for one in found]
    said = [f"{shown_name(one)}: {value}\n{one.operator}" for one, value in zip(found, values, strict=True)]
    return go.Scatter(
        name=name,
        mode="markers",
        x=[spots[one.name][0] for one in found],
        y=[spots[one.name][1] for one in found],
        marker={"color": colour, "symbol": symbol, "size": size, "line": {"color": "white", "width": 1}},
        customdata=[as_hover(one) for one in said],
        hovertemplate="%{customdata}<extra></extra>",
        cliponaxis=False,
    )


def _draw_adapters(
    figure: go.Figure, adapters: Sequence[str], spots: Mapping[str, Spot], coloured: set[str | None]
) -> None:
    if not adapters:
        return
    used = [_adapter(name) in coloured for name in adapters]
    figure.add_trace(
        go.Scatter(
            name="adapter",
            mode="markers",
            x=[spots[_adapter(name)][0] for name in adapters],
            y=[spots[_adapter(name)][1] for name in adapters],
            marker={"symbol": "square", "size": 13, "color": [BLACK if one else PALE for one in used]},
            customdata=[as_hover(name) for name in adapters],
            hovertemplate="%{customdata}<extra></extra>",
            cliponaxis=False,
        )
    )
    tall = len(adapters) >= UPRIGHT_FROM
    cells = 18 if tall else max(6, LABEL_CELLS // len(adapters) - 1)
    for name, one in zip(adapters, used, strict=True):
        x, y = spots[_adapter(name)]
        figure.add_annotation(
            x=x,
            y=y,
            text=in_lines(name, cells=min(cells, 30), most_lines=1 if tall else 3),
            textangle=-90 if tall else 0,
            yanchor="bottom",
            yshift=9,
            showarrow=False,
            font={"size": 11, "color": BLACK if one else GREY},
        )


def _label_rows(figure: go.Figure, generations: Sequence[int], adapters: Sequence[str]) -> None:
    """Rows by the number of their generation, with room above the first for the names of the adapters."""
    above = (0.2 if adapters else -0.5) + (1.1 if len(adapters) < UPRIGHT_FROM else 2.6) * bool(adapters)
    figure.update_yaxes(
        range=[len(generations) + 0.5, -above],
        tickvals=list(range(0 if adapters else 1, len(generations) + 1)),
        ticktext=[*(["adapters"] if adapters else []), *map(str, generations)],
        showgrid=False,
        showline=False,
    )
