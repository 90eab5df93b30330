"""Figures of memory: every part drawn, sums that reach the score, axes that say what they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go
import pytest

from tests.memory.upkeep.test_inspection import NOW, SETTINGS, WEAK, a_memory
from workbench.core.records import Recalled, Statement
from workbench.core.schema import ImportanceSettings
from workbench.memory import Memory, MiniLM
from workbench.memory.memories import Change
from workbench.memory.recall.ranking import PARTS as SCORE_PARTS
from workbench.memory.upkeep.inspection import LIFT, anatomy, fading, in_bins, vector_map
from workbench.memory.weighing.importance import PARTS as IMPORTANCE_PARTS
from workbench.plots.memory import (
    IMPORTANCE_COLOURS,
    LABEL_CHARS,
    SCORE_COLOURS,
    cost_growth,
    fading_curves,
    importance_parts,
    memory_lifetimes,
    memory_map,
    recall_parts,
    short,
)

HITS = (
    Recalled("a", "My dog is called Rufus.", 1.9, "shares dog", 0.0, parts={"words": 1.5, "cosine": 0.5, "asks": -0.1}),
    Recalled("b", "A <b>bold</b> statement " * 9, 0.4, "cosine 0.4", 0.0, parts={"cosine": 0.4}),
)


def test_every_part_that_memory_knows_has_a_colour_of_its_own() -> None:
    assert set(SCORE_COLOURS) == set(SCORE_PARTS)
    assert set(IMPORTANCE_COLOURS) == {*IMPORTANCE_PARTS, LIFT}
    for colours in (SCORE_COLOURS, IMPORTANCE_COLOURS):
        assert len(set(colours.values())) == len(colours)


def test_the_bars_of_a_hit_add_up_to_its_score() -> None:
    figure = recall_parts(HITS)
    assert [trace.name for trace in figure.data] == ["words", "cosine", "asks"]
    assert [sum(trace.x[row] for trace in figure.data) for row in (0, 1)] == pytest.approx([1.9, 0.4])
    assert figure.layout.barmode == "relative"
    assert "score" in figure.layout.xaxis.title.text


def test_what_was_remembered_cannot_become_markup() -> None:
    figure = recall_parts(HITS)
    assert "<b>bold" not in str(figure.layout.yaxis.ticktext)
    assert "<b>bold" not in str([trace.customdata for trace in figure.data])


def test_a_part_nobody_told_the_figure_of_is_drawn_all_the_same() -> None:
    figure = recall_parts([Recalled("a", "x", 0.3, "why", 0.0, parts={"mood": 0.3})])
    assert [trace.name for trace in figure.data] == ["mood"]


def test_the_shares_of_an_importance_are_stacked_up_to_it() -> None:
    found = anatomy({**WEAK, "explicit": 1.0}, ImportanceSettings())
    figure = importance_parts({"Remember this.": found})
    assert sum(trace.x[0] for trace in figure.data) == pytest.approx(found.importance)
    assert figure.layout.xaxis.range == (0, 1)


def test_a_curve_is_marked_on_the_day_it_falls_below() -> None:
    parts = {**WEAK, "novelty": 0.55}
    curve = fading(a_memory(parts=parts), SETTINGS, NOW)
    assert curve.crosses_in_days
    figure = fading_curves({"My dog": curve})
    sizes = figure.data[0].marker.size
    assert [day for day, size in enumerate(sizes) if size] == [curve.crosses_in_days]
    assert figure.layout.shapes[0].y0 == curve.expire_below
    assert figure.layout.xaxis.title.text.startswith("days")


@pytest.mark.parametrize("colour_by", ["kind", "tier"])
async def test_the_map_draws_every_memory_once_and_says_what_its_axes_explain(tmp_path: Any, colour_by: str) -> None:
    memory = Memory.open(tmp_path, embedder=MiniLM(), index="exact")
    await memory.add([Statement("I prefer tea."), Statement("Remember that I was born in Oslo on 7 May 1980.")])
    view = vector_map(memory.memories, memory.embedder.name)
    memory.close()
    figure = memory_map(view, colour_by=colour_by, question=(0.0, 0.1))
    assert sum(len(trace.x) for trace in figure.data) == 3
    assert figure.data[-1].marker.symbol == "star"
    for axis, share in zip((figure.layout.xaxis, figure.layout.yaxis), view.plane.explained, strict=True):
        assert f"{share:.0%} of the variance" in axis.title.text
    assert "All 2 active memories" in [note.text for note in figure.layout.annotations]


def test_a_lane_for_each_thing_that_happened_with_the_first_on_top() -> None:
    changes = [Change(1, "a", "remembered", None, NOW), Change(2, "a", "promoted", None, NOW + 60)]
    figure = memory_lifetimes(in_bins(changes))
    assert figure.layout.yaxis.categoryarray == ("promoted", "remembered")
    assert list(figure.data[0].customdata) == [1, 1]


@pytest.mark.parametrize("draw", [recall_parts, importance_parts, fading_curves, memory_lifetimes])
def test_an_empty_figure_says_why_it_is_empty(draw: Callable[[Any], go.Figure]) -> None:
    [note] = draw({}).layout.annotations
    assert len(note.text) > 10


def test_a_label_is_cut_at_its_length() -> None:
    assert len(short("long " * 50)) <= LABEL_CHARS


def test_the_cost_of_growth_has_a_line_for_each_index_and_work_with_its_spread() -> None:
    spread = {"p50": 10.0, "p95": 14.0}
    rows = [
        {"memories": size, "index": index, "search_ms": spread, "write_ms": spread}
        for size in (1_000, 10_000)
        for index in ("exact", "chroma")
    ]
    figure = cost_growth(rows)
    assert [line.name for line in figure.data] == ["search, exact", "write, exact", "search, chroma", "write, chroma"]
    assert list(figure.data[0].x) == [1_000, 10_000]
    assert list(figure.data[0].error_y.array) == [4.0, 4.0]
    assert (figure.layout.xaxis.title.text, figure.layout.yaxis.title.text) == ("memories in the store", "time (ms)")
