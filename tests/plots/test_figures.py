"""Accuracy, calibration, model and machine figures: what is drawn is what was handed in."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import plotly.graph_objects as go
import pytest

from workbench.core.records import Choice
from workbench.evaluation import Answered, AnswerScore, Outcome, Question, reliability_bins
from workbench.hardware.planner import GIB, gib, plan
from workbench.hardware.snapshot import Snapshot
from workbench.models.catalog import CATALOG
from workbench.models.selector import SAFE_BYTES, explain_by_free_memory
from workbench.plots import (
    accuracy_bars,
    choice_ladder,
    memory_chart,
    memory_plans,
    reliability_diagram,
    seconds_per_question,
    token_rate,
)
from workbench.plots.style import PALETTE, as_hover

INSTALLED = [card.name for card in CATALOG if card.backend == "ollama"]


def score(name: str, correct: int, total: int) -> AnswerScore:
    question = Question("q", "add", "1 + 1?", "2", "number")
    answers = [Answered("2" if place < correct else "3") for place in range(total)]
    return AnswerScore(name, tuple(Outcome(question, answer, 1.0) for answer in answers))


def snapshot(at: float, used_gib: float) -> Snapshot:
    used = gib(used_gib)
    return Snapshot(at, "resident memory", "CPU, 2 cores", used, gib(6), gib(6) - used, 10.0, gib(8))


def test_accuracy_whiskers_end_where_the_wilson_interval_ends() -> None:
    rows = [score("direct", 4, 16), score("chain", 12, 16)]
    [bars] = accuracy_bars(rows).data
    assert list(bars.y) == [0.25, 0.75]
    tops = [share + up for share, up in zip(bars.y, bars.error_y.array, strict=True)]
    feet = [share - down for share, down in zip(bars.y, bars.error_y.arrayminus, strict=True)]
    assert tops == pytest.approx([row.high for row in rows])
    assert feet == pytest.approx([row.low for row in rows])
    assert list(bars.text) == ["4 of 16", "12 of 16"]


def test_a_reliability_diagram_has_the_diagonal_and_a_larger_mark_for_more_answers() -> None:
    bins = reliability_bins([0.95] * 9 + [0.15], [True] * 8 + [False] * 2)
    diagonal, curve = reliability_diagram({"chain": bins}).data
    assert list(diagonal.x) == list(diagonal.y) == [0, 1]
    assert list(curve.customdata) == [1, 9]
    assert curve.marker.size[1] > curve.marker.size[0]
    assert list(curve.y) == pytest.approx([0.0, 8 / 9])


def test_the_ladder_draws_each_choice_at_its_free_memory_and_under_its_models_name() -> None:
    figure = choice_ladder([*explain_by_free_memory(0.1, INSTALLED), *explain_by_free_memory(0.9, INSTALLED)])
    free = [trace for trace in figure.data if trace.name == "free"]
    assert [list(trace.y) for trace in free] == [[1, 2, 3, 4, 5, 6]] * 2
    hard = {trace.name: list(trace.x) for trace in figure.data if trace.yaxis == "y2" and trace.name != "free"}
    expected = {choice.model: [] for choice in explain_by_free_memory(0.9, INSTALLED)}
    for choice in explain_by_free_memory(0.9, INSTALLED):
        expected[choice.model].append(f"{(choice.free_bytes or 0) / GIB:g}")
    assert {name: amounts for name, amounts in hard.items() if amounts} == expected
    assert figure.layout.xaxis2.title.text == "free memory (GiB)"


def test_every_model_and_free_stand_in_the_legend_exactly_once() -> None:
    choices = [*explain_by_free_memory(0.1, INSTALLED), *explain_by_free_memory(0.9, INSTALLED)]
    named = [trace.name for trace in choice_ladder(choices).data if trace.showlegend]
    assert sorted(named) == sorted({"free", *(choice.model for choice in choices)})


def test_the_reasons_of_a_choice_are_in_its_hover_text() -> None:
    choice = Choice("small", "ollama", ("because <it> fits",), complexity=0.1, free_bytes=GIB, need_bytes=GIB // 2)
    assert "because &lt;it&gt; fits" in choice_ladder([choice]).to_json().encode().decode("unicode_escape")


def test_memory_plans_stack_to_the_planners_total() -> None:
    plans = {card.name: plan(card.architecture, 4096) for card in CATALOG}
    figure = memory_plans(plans, safe_bytes=SAFE_BYTES)
    totals = [sum(sizes) for sizes in zip(*(trace.x for trace in figure.data), strict=True)]
    assert totals == pytest.approx([need.total / GIB for need in plans.values()])
    assert figure.layout.barmode == "stack"
    assert figure.layout.shapes[0].x0 == 5


def test_token_rates_draw_every_run_their_mean_and_their_range() -> None:
    line, runs, means = token_rate({"smollm2-135m": [90.0, 100.0, 125.0]}).data
    assert list(line.x) == [90.0, 125.0]
    assert list(runs.x) == [90.0, 100.0, 125.0]
    assert list(means.x) == [105.0]


def test_memory_is_charted_from_the_first_sample_under_its_own_label() -> None:
    figure = memory_chart([snapshot(100.0, 0.5), snapshot(101.5, 1.0), snapshot(102.0, 0.75)], gib(6))
    assert list(figure.data[0].x) == [0.0, 1.5, 2.0]
    assert list(figure.data[0].y) == [0.5, 1.0, 0.75]
    assert figure.layout.yaxis.title.text == "resident memory (GiB)"
    assert "VRAM" not in figure.to_json()
    assert figure.layout.yaxis.range[1] > 6


@pytest.mark.parametrize(
    "figure",
    [
        accuracy_bars([]),
        choice_ladder([]),
        memory_chart([], gib(6)),
        token_rate({}),
        seconds_per_question({}),
        token_rate({"a": []}),
    ],
)
def test_an_empty_figure_says_why_it_is_empty(figure: go.Figure) -> None:
    assert not figure.data
    assert " yet" in figure.layout.annotations[0].text


def test_a_saved_figure_is_small_because_the_template_is_ours() -> None:
    assert len(accuracy_bars([score("direct", 4, 16)]).to_json()) < 4_000


def test_long_text_is_wrapped_cut_and_made_harmless() -> None:
    hover = as_hover("<b>" + "word " * 400)
    assert hover.startswith("&lt;b&gt;")
    assert hover.count("<br>") == 8
    assert hover.endswith("…")


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2, 0 (black) to 1 (white)."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = [(c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4) for c in channels]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_neighbouring_colours_differ_in_lightness_so_that_grey_print_tells_them_apart() -> None:
    light = [luminance(colour) for colour in PALETTE]
    assert all((max(pair) + 0.05) / (min(pair) + 0.05) > 1.25 for pair in pairwise(light))


def test_plots_load_no_widgets_and_no_engine() -> None:
    watched = ("ipywidgets", "anywidget", "xllamacpp", "llama_index", "sqlalchemy", "workbench.hardware")
    code = f"import sys, workbench.plots; print([name for name in {watched!r} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
