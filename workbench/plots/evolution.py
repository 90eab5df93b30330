"""How a run went: fitness over the generations, what was traded for what, and what the champion is mixed of.

    fitness_by_generation   every candidate a dot, the middle half a band, the best so far a line
    pareto_plot             two goals, those that nobody beats in both joined by steps
    coefficient_map         parents down, layer groups across, how much of each

`lineage.lineage_graph` draws who came from whom, `learning.skill_scores` what changed by skill. It searches nothing and
does no statistics beyond quartiles.

>>> figure = fitness_by_generation([Candidate("aa", 0, value=0.4), Candidate("bb", 1, value=0.6)])
>>> [list(trace.y) for trace in figure.data if trace.name == "best so far"]
[[0.4, 0.6]]
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from statistics import quantiles

import plotly.graph_objects as go

from workbench.plots.labels import in_lines
from workbench.plots.style import (
    BLACK,
    BLUE,
    GREY,
    ORANGE,
    SKY,
    VERMILLION,
    as_hover,
    new_figure,
    say_nothing_to_draw,
)

JITTER = 0.5  # of the way from one generation to the next
FEW_TICKS = 12
BAND = "rgba(86, 180, 233, 0.3)"  # sky
DIVERGING = ((0.0, BLUE), (0.25, "#9CC7E3"), (0.5, "#FFFFFF"), (0.75, "#F0B38A"), (1.0, VERMILLION))


@dataclass(frozen=True, slots=True)
class Candidate:
    """One candidate of a run.

    Args:
        name: its identity; `made_of` of others refers to it.
        operator: what made it.
        value: what the search climbs; None where it failed.
        stopped: a race ended it early, and the value is an estimate.
        made_of: names of candidates.
        parents: names of the adapters that it takes weights from.
        label: for people; the first characters of the name if left out.
    """

    name: str
    generation: int
    operator: str = ""
    value: float | None = None
    stopped: bool = False
    made_of: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    label: str = ""


@dataclass(frozen=True, slots=True)
class Scored:
    """One point of the Pareto plot: a candidate with its scores by goal."""

    name: str
    scores: Mapping[str, float]
    label: str = ""


@dataclass(frozen=True, slots=True)
class Goal:
    """An axis of the Pareto plot.

    Args:
        key: of `Scored.scores`.
        title: with the unit in brackets.
        is_share: 0 to 1, shown as per cent.
        divide_by: from the score's unit to the axis's, such as 2**20 from bytes to MiB.
    """

    key: str
    title: str
    lower_is_better: bool = False
    is_share: bool = True
    divide_by: float = 1.0

    def of(self, one: Scored) -> float:
        return one.scores[self.key] / self.divide_by


def shown_name(one: Candidate | Scored) -> str:
    """What people read for a candidate."""
    return one.label or one.name[:8]


def fitness_by_generation(
    candidates: Sequence[Candidate], *, best_parent: float | None = None, title: str = "fitness (higher is better)"
) -> go.Figure:
    """Every candidate, the quartiles of each generation, and the best so far of those that were scored in full.

    Args:
        candidates: in any order.
        best_parent: of the best single adapter that the run began with; a dashed line.
        title: of the upward axis.
    """
    figure = new_figure("generation", title, height=420)
    scored = [one for one in candidates if one.value is not None]
    if not scored:
        many = len(candidates)
        said = f"All {many} candidates failed, so there is no fitness to draw" if many else "No candidate was tried yet"
        return say_nothing_to_draw(figure, said)
    generations = sorted({one.generation for one in candidates})
    figure.add_traces([*_band(scored), *_dots(candidates, scored, best_parent), *_best_so_far(scored, generations)])
    ends = [generations[0] - 0.5, generations[-1] + 0.5]
    if best_parent is not None:
        named = f"best single parent ({best_parent:.2f})"
        figure.add_trace(_line(named, ends, [best_parent] * 2, {"color": BLACK, "dash": "dash", "width": 1.5}))
    figure.update_xaxes(range=ends, tickvals=generations[:: -(-len(generations) // FEW_TICKS)], showgrid=False)
    figure.update_yaxes(range=_range(scored, best_parent))
    return figure


def pareto_plot(candidates: Sequence[Scored], x: Goal, y: Goal, *, champion: str | None = None) -> go.Figure:
    """Two goals against each other; the front is of those that no other beats in one and equals in the other.

    Args:
        candidates: those without a score for both goals are left out.
        champion: its name; drawn as a star.
    """
    figure = new_figure(x.title, y.title, height=440)
    both = [one for one in candidates if x.key in one.scores and y.key in one.scores]
    if not both:
        return say_nothing_to_draw(figure, "No candidate has a score for both goals yet")
    front = pareto_front(both, x, y)
    others = [one for one in both if one not in front]
    if others:
        figure.add_trace(_points("beaten in one goal, not better in the other", others, x, y, GREY, "circle", 8))
    corners = list(_steps(front, x, y))
    line = {"color": ORANGE, "width": 2}
    figure.add_trace(_line("", [at for at, _ in corners], [at for _, at in corners], line).update(showlegend=False))
    figure.add_trace(_points("front", front, x, y, ORANGE, "diamond", 11))
    if named := [one for one in both if one.name == champion]:
        figure.add_trace(_points("champion", named[:1], x, y, VERMILLION, "star", 17))
    for update, goal in ((figure.update_xaxes, x), (figure.update_yaxes, y)):
        low, high = _padded([goal.of(one) for one in both])
        ends = [max(low, -0.01), min(high, 1.01)] if goal.is_share else [low, high]
        update(range=ends, tickformat=".0%" if goal.is_share else None)
    return figure


def pareto_front(candidates: Sequence[Scored], x: Goal, y: Goal) -> list[Scored]:
    """Those that nobody dominates, the best in `x` last; of equals all stay."""
    signs = tuple(-1 if goal.lower_is_better else 1 for goal in (x, y))
    gains = [(one, signs[0] * one.scores[x.key], signs[1] * one.scores[y.key]) for one in candidates]

    def beaten(across: float, up: float) -> bool:
        return any(a >= across and b >= up and (a, b) != (across, up) for _, a, b in gains)

    kept = [found for found in gains if not beaten(*found[1:])]
    return [one for one, *_ in sorted(kept, key=lambda found: found[1:])]


def coefficient_map(
    parents: Sequence[str], groups: Sequence[str], coefficients: Sequence[Sequence[float]]
) -> go.Figure:
    """How much of each parent goes into each group of layers: blue takes away, white leaves out, vermillion adds.

    Args:
        parents: names, top to bottom.
        groups: names of layer groups, left to right.
        coefficients: a row for each parent, a column for each group.
    """
    figure = new_figure("group of layers", None, height=150 + 46 * max(2, len(parents)))
    if not parents or not groups:
        return say_nothing_to_draw(figure, "The champion is not mixed of parents")
    furthest = max(abs(value) for row in coefficients for value in row) or 1.0
    digits = 2 if len(groups) <= FEW_TICKS else 1
    heat = go.Heatmap(
        z=[list(row) for row in coefficients],
        x=list(range(len(groups))),
        y=list(range(len(parents))),
        zmin=-furthest,
        zmax=furthest,
        colorscale=[list(stop) for stop in DIVERGING],
        colorbar={"title": {"text": "coefficient"}, "thickness": 14},
        text=[[_signed(value, digits) for value in row] for row in coefficients],
        texttemplate="%{text}",
        xgap=2,
        ygap=2,
        customdata=[[f"{as_hover(parent)}, {as_hover(group)}" for group in groups] for parent in parents],
        hovertemplate="%{customdata}: %{z:.3f}<extra></extra>",
    )
    figure.add_trace(heat)
    upright = len(groups) > FEW_TICKS
    across = [
        in_lines(group, cells=16 if upright else 84 // len(groups), most_lines=1 + (not upright)) for group in groups
    ]
    down = [in_lines(parent, cells=26, most_lines=2) for parent in parents]
    bare = {"showgrid": False, "showline": False}
    figure.update_xaxes(tickvals=list(range(len(groups))), ticktext=across, tickangle=-90 * upright, **bare)
    figure.update_yaxes(tickvals=list(range(len(parents))), ticktext=down, autorange="reversed", **bare)
    return figure


def _band(scored: Sequence[Candidate]) -> list[go.Scatter]:
    """Quartiles; a generation alone gets a width, so that its band is seen."""
    spread = [(float(number), *_quartiles(values)) for number, values in _values(scored).items() if len(values) > 1]
    if not spread:
        return []
    if len(spread) == 1:
        number, low, high = spread[0]
        spread = [(number - 0.3, low, high), (number + 0.3, low, high)]
    x = [number for number, *_ in spread]
    outline = (x + x[::-1], [low for _, low, _ in spread] + [high for *_, high in reversed(spread)])
    band = _line("middle half of a generation", *outline, {"color": SKY, "width": 0})
    return [band.update(fill="toself", fillcolor=BAND, hoverinfo="skip")]


def _values(scored: Sequence[Candidate]) -> dict[int, list[float]]:
    found: dict[int, list[float]] = {}
    for one in sorted(scored, key=lambda each: each.generation):
        assert one.value is not None, "only scored candidates have a spread"
        found.setdefault(one.generation, []).append(one.value)
    return found


def _quartiles(values: Sequence[float]) -> tuple[float, float]:
    low, _, high = quantiles(values, n=4, method="inclusive")
    return low, high


def _best_so_far(scored: Sequence[Candidate], generations: Sequence[int]) -> list[go.Scatter]:
    best = {number: max(values) for number, values in _values([one for one in scored if not one.stopped]).items()}
    if not best:
        return []
    x = [number for number in generations if number >= min(best)]
    y = list(accumulate((best.get(number, float("-inf")) for number in x), max))
    found = _line("best so far", x, y, {"color": VERMILLION, "width": 2.5})
    found.update(mode="lines+markers" if len(x) == 1 else "lines", marker={"color": VERMILLION, "size": 9})
    return [found]


def _dots(all_: Sequence[Candidate], scored: Sequence[Candidate], best_parent: float | None) -> list[go.Scatter]:
    """Dots lie side by side in the order of their candidates, so that equal ones are seen; the failed at the foot."""
    low, high = _range(scored, best_parent)
    foot = low + 0.025 * (high - low)
    places = _side_by_side(all_)
    kinds = (
        ("scored in full", "circle", [one for one in scored if not one.stopped], BLUE),
        ("stopped early, estimated", "circle-open", [one for one in scored if one.stopped], BLUE),
        ("failed", "x-thin", [one for one in all_ if one.value is None], BLACK),
    )
    return [
        go.Scatter(
            name=f"{name} ({len(found)})",
            mode="markers",
            x=[places[id(one)] for one in found],
            y=[foot if one.value is None else one.value for one in found],
            marker={
                "color": colour,
                "symbol": symbol,
                "size": 8,
                "opacity": 0.75,
                "line": {"width": 1.5, "color": colour},
            },
            customdata=[as_hover(f"{shown_name(one)}: {one.operator}") for one in found],
            hovertemplate="%{customdata}" + (", %{y:.3f}" if name != "failed" else ", failed") + "<extra></extra>",
            cliponaxis=False,
        )
        for name, symbol, found, colour in kinds
        if found
    ]


def _side_by_side(candidates: Sequence[Candidate]) -> dict[int, float]:
    found: dict[int, float] = {}
    for number in {one.generation for one in candidates}:
        row = [one for one in candidates if one.generation == number]
        for place, one in enumerate(row):
            found[id(one)] = number + JITTER * ((place + 0.5) / len(row) - 0.5)
    return found


def _range(scored: Sequence[Candidate], best_parent: float | None) -> list[float]:
    return _padded(
        [value for one in scored if (value := one.value) is not None] + [best_parent] * (best_parent is not None)
    )


def _padded(values: Iterable[float | None]) -> list[float]:
    found = [value for value in values if value is not None]
    low, high = min(found), max(found)
    room = 0.08 * (high - low) or 0.1 * abs(high) or 0.1
    return [low - room, high + room]


def _points(name: str, found: Sequence[Scored], x: Goal, y: Goal, colour: str, symbol: str, size: int) -> go.Scatter:
    shown = ["%{x:.0%}" if x.is_share else "%{x:.3g}", "%{y:.0%}" if y.is_share else "%{y:.3g}"]
    return go.Scatter(
        name=name,
        mode="markers",
        x=[x.of(one) for one in found],
        y=[y.of(one) for one in found],
        marker={"color": colour, "symbol": symbol, "size": size, "line": {"color": "white", "width": 1}},
        customdata=[as_hover(shown_name(one)) for one in found],
        hovertemplate=f"%{{customdata}}: {shown[0]}, {shown[1]}<extra></extra>",
    )


def _steps(front: Sequence[Scored], x: Goal, y: Goal) -> Iterable[tuple[float, float]]:
    """Between two of the front stands the corner that is as bad as the worse of them in each goal."""
    yield x.of(front[0]), y.of(front[0])
    for one, other in pairwise(front):
        yield x.of(one), y.of(other)  # sorted by x, so the first is worse across and the second worse up
        yield x.of(other), y.of(other)


def _line(name: str, x: Sequence[float], y: Sequence[float], line: Mapping[str, object]) -> go.Scatter:
    return go.Scatter(name=name, mode="lines", x=x, y=y, line=dict(line), hoverinfo="skip")


def _signed(value: float, digits: int) -> str:
    """With a true minus, and without one before a zero.

    >>> _signed(-0.004, 2), _signed(-0.5, 2)
    ('0.00', '−0.50')
    """
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")
