"""Figures of a run: what was tried is what is drawn, failures and stopped candidates included."""

from __future__ import annotations

from html import unescape

import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.plots import (
    Candidate,
    Goal,
    Scored,
    coefficient_map,
    fitness_by_generation,
    lineage_graph,
    pareto_front,
    pareto_plot,
)
from workbench.plots.labels import cells_of, in_lines
from workbench.plots.style import VERMILLION

RUN = [
    Candidate("a", 0, "specialist", 0.4, parents=("dates",)),
    Candidate("b", 0, "specialist", 0.3, parents=("sums",)),
    Candidate("c", 0, "specialist", None, parents=("names",)),
    Candidate("d", 1, "blend", 0.9, stopped=True, made_of=("a", "b")),
    Candidate("e", 1, "blend", 0.35, made_of=("a", "b")),
    Candidate("f", 2, "noise", 0.6, made_of=("e", "gone")),
]


def named(figure: go.Figure, start: str) -> go.Scatter:
    [found] = [trace for trace in figure.data if trace.name and trace.name.startswith(start)]
    return found


def test_the_best_so_far_never_falls_and_is_of_those_that_were_scored_in_full() -> None:
    line = named(fitness_by_generation(RUN), "best so far")
    assert (list(line.x), list(line.y)) == ([0, 1, 2], [0.4, 0.4, 0.6])


def test_every_candidate_is_a_dot_hollow_if_it_was_stopped_and_a_cross_if_it_failed() -> None:
    figure = fitness_by_generation(RUN)
    assert sorted(named(figure, "scored in full (4)").y) == [0.3, 0.35, 0.4, 0.6]
    stopped, failed = named(figure, "stopped early, estimated (1)"), named(figure, "failed (1)")
    assert (list(stopped.y), stopped.marker.symbol) == ([0.9], "circle-open")
    assert failed.marker.symbol == "x-thin"
    assert failed.y[0] < 0.3
    assert failed.y[0] > figure.layout.yaxis.range[0]


def test_dots_of_a_generation_lie_side_by_side_near_its_number() -> None:
    many = [Candidate(str(place), 3, value=0.5) for place in range(60)]
    x = list(named(fitness_by_generation(many), "scored in full").x)
    assert len(set(x)) == 60
    assert max(abs(place - 3) for place in x) <= 0.25


def test_the_band_is_the_middle_half_of_each_generation() -> None:
    run = [Candidate(f"{g}{n}", g, value=value) for g in (0, 1) for n, value in enumerate((0.0, 0.2, 0.4, 0.6, 0.8))]
    band = named(fitness_by_generation(run), "middle half")
    assert list(band.x) == [0, 1, 1, 0]
    assert list(band.y) == pytest.approx([0.2, 0.2, 0.6, 0.6])


def test_the_best_single_parent_is_a_dashed_line_across_the_whole_figure() -> None:
    figure = fitness_by_generation(RUN, best_parent=0.95)
    line = named(figure, "best single parent (0.95)")
    assert (list(line.y), line.line.dash) == ([0.95, 0.95], "dash")
    assert list(line.x) == list(figure.layout.xaxis.range)
    assert figure.layout.yaxis.range[1] > 0.95


def test_the_champions_forebears_are_coloured_and_all_others_pale() -> None:
    figure = lineage_graph(RUN, champion="f")
    others = named(figure, "others")
    assert len(others.x) == 2  # the failed and the stopped one
    assert (len(named(figure, "specialist").x), len(named(figure, "blend").x)) == (2, 1)
    star = named(figure, "champion")
    assert (star.marker.symbol, star.marker.color, list(star.y)) == ("star", VERMILLION, [3])
    adapters = named(figure, "adapter")
    assert len(set(adapters.marker.color[:2])) == 1
    assert adapters.marker.color[2] == others.marker.color


def test_the_front_is_coloured_too_and_without_a_champion_nothing_is_a_star() -> None:
    figure = lineage_graph(RUN, front=["d"])
    assert len(named(figure, "blend").x) == 1
    assert "champion" not in [trace.name for trace in figure.data]


def test_an_edge_runs_from_each_parent_that_is_known_to_its_child() -> None:
    figure = lineage_graph(RUN, champion="f")
    lines = [trace for trace in figure.data if trace.mode == "lines"]
    heights = [pair for line in lines for pair in zip(line.y[::3], line.y[1::3], strict=True)]
    assert sorted(heights) == [(0, 1)] * 3 + [(1, 2)] * 4 + [(2, 3)]
    assert {tuple(line.y[2::3]) for line in lines} <= {(None,) * n for n in range(9)}


def test_a_candidate_that_comes_again_keeps_its_first_place_and_a_circle_ends() -> None:
    figure = lineage_graph(
        [Candidate("a", 0, value=1.0, made_of=("b",)), Candidate("b", 0, made_of=("a",)), Candidate("a", 1)],
        champion="a",
    )
    assert list(named(figure, "champion").y) == [1]
    assert not [trace for trace in figure.data if trace.mode == "lines"]


def test_rows_are_named_by_their_generation() -> None:
    figure = lineage_graph([Candidate("a", 2, parents=("dates",)), Candidate("b", 5, made_of=("a",))])
    assert list(figure.layout.yaxis.ticktext) == ["adapters", "2", "5"]
    assert list(lineage_graph([Candidate("a", 4)]).layout.yaxis.ticktext) == ["4"]


def test_names_of_adapters_are_harmless_and_fit_their_share_of_the_width() -> None:
    names = tuple(f"<b>アダプター{place}の長い長い名前" for place in range(8))
    labels = [label.text for label in lineage_graph([Candidate("a", 0, parents=names)]).layout.annotations]
    assert len(labels) == 8
    assert all("<b>" not in label for label in labels)
    assert all(
        cells_of(line.replace("&lt;", "<").replace("&gt;", ">")) <= 10
        for label in labels
        for line in label.split("<br>")
    )


X, Y, SMALL = Goal("x", "X"), Goal("y", "Y"), Goal("size", "size (MiB)", True, False, 2**20)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=20), st.booleans())
def test_the_front_is_of_those_that_nobody_beats(pairs: list[tuple[int, int]], low: bool) -> None:
    points = [Scored(str(place), {"x": x, "y": y}) for place, (x, y) in enumerate(pairs)]
    goal = Goal("x", "X", lower_is_better=low)
    front = pareto_front(points, goal, Y)
    sign = -1 if low else 1

    def beats(one: Scored, other: Scored) -> bool:
        first, second = [(sign * each.scores["x"], each.scores["y"]) for each in (one, other)]
        return first != second and first[0] >= second[0] and first[1] >= second[1]

    assert [one for one in points if not any(beats(other, one) for other in points)] == sorted(
        front, key=lambda one: int(one.name)
    )


def test_steps_of_the_front_never_pass_over_a_point_of_nobody() -> None:
    points = [Scored("a", {"x": 0.2, "y": 0.9}), Scored("b", {"x": 0.8, "y": 0.3}), Scored("c", {"x": 0.1, "y": 0.1})]
    figure = pareto_plot(points, X, Y, champion="b")
    [steps] = [trace for trace in figure.data if trace.mode == "lines"]
    assert (list(steps.x), list(steps.y)) == ([0.2, 0.2, 0.8], [0.9, 0.3, 0.3])
    assert list(named(figure, "champion").x) == [0.8]
    assert list(named(figure, "beaten").x) == [0.1]


def test_a_smaller_size_is_better_and_is_shown_in_its_unit() -> None:
    points = [
        Scored("a", {"size": 2 * 2**20, "y": 0.5}),
        Scored("b", {"size": 4 * 2**20, "y": 0.9}),
        Scored("c", {"y": 1}),
    ]
    figure = pareto_plot(points, SMALL, Y)
    [steps] = [trace for trace in figure.data if trace.mode == "lines"]
    assert sorted(zip(steps.x, steps.y, strict=True)) == [(2.0, 0.5), (4.0, 0.5), (4.0, 0.9)]
    assert figure.layout.xaxis.tickformat is None


def test_coefficients_are_written_on_colours_that_are_white_at_zero() -> None:
    [heat] = coefficient_map(["dates", "<b>"], ["lower", "upper"], [[0.5, -1.25], [0.0, -0.001]]).data
    assert (heat.zmin, heat.zmax) == (-1.25, 1.25)
    assert heat.colorscale[2] == (0.5, "#FFFFFF")
    assert [list(row) for row in heat.text] == [["0.50", "−1.25"], ["0.00", "0.00"]]


@pytest.mark.parametrize(
    ("figure", "words"),
    [
        (fitness_by_generation([]), "No candidate was tried"),
        (fitness_by_generation([Candidate("a", 0), Candidate("b", 0)]), "All 2 candidates failed"),
        (lineage_graph([]), "No candidate was tried"),
        (pareto_plot([Scored("a", {"x": 1.0})], X, Y), "No candidate has a score for both"),
        (coefficient_map([], [], []), "not mixed"),
    ],
)
def test_an_empty_figure_of_a_run_says_why(figure: go.Figure, words: str) -> None:
    assert not figure.data
    assert words in figure.layout.annotations[0].text


@given(st.text(max_size=60), st.integers(2, 20), st.integers(1, 3))
def test_a_label_fits_its_lines(text: str, cells: int, most: int) -> None:
    lines = [unescape(line) for line in in_lines(text, cells=cells, most_lines=most).split("<br>")]
    assert len(lines) <= most
    assert all(cells_of(line) <= cells for line in lines)
