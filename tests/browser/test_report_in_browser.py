"""A report opened from the disk: its figures are drawn, nothing is asked for, and no script runs but its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pytest

from tests.browser.conftest import wait_for
from workbench.plots import Candidate, coefficient_map, fitness_by_generation
from workbench.reporting import Fold, Page, Picture, Section, write_page

pytestmark = pytest.mark.browser

HOSTILE = "</script><script>window.hacked = true</script><img src=x onerror='window.hacked = true'>"
RUN = [Candidate(str(place), place // 4, value=0.3 + 0.02 * place) for place in range(12)]
WIDTHS = "boxes => boxes.map(box => [box.clientWidth, box.querySelector('svg.main-svg').clientWidth])"


def written(folder: Path) -> Path:
    bars = go.Figure(go.Bar(x=[HOSTILE, "b"], y=[1, 2], name=HOSTILE), layout={"title": {"text": HOSTILE}})
    blocks = [
        Picture(fitness_by_generation(RUN), "Fitness rises", "Fitness by generation"),
        Picture(coefficient_map(["dates", "sums"], ["low", "high"], [[0.5, 0.25], [0.5, 0.75]]), "Halves"),
        Fold("More", [Picture(bars, HOSTILE, HOSTILE)]),
    ]
    sections = [Section("Figures", "figures", blocks)]
    page = Page("Run 1", "Kept", [HOSTILE], sections, datetime(2026, 11, 12, tzinfo=UTC), "workbench evolve", ["None."])
    return write_page(page, folder).html


def watched(page: Any) -> tuple[list[str], list[str]]:
    """What the page asks for and what its console says, from now on."""
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    return asked, said


def test_figures_are_drawn_as_wide_as_the_page_with_nothing_asked_for_and_nothing_to_complain_of(
    page: Any, tmp_path: Path, screenshot: Callable[[str], None]
) -> None:
    asked, said = watched(page)
    address = written(tmp_path).as_uri()
    page.goto(address)
    for name in ("figure_1", "figure_2"):
        page.locator(f"#{name} svg.main-svg").first.wait_for()
    assert page.locator("#figure_1 .scatterlayer .point").count() >= len(RUN)
    page.locator("summary").click()
    page.locator("#figure_3 svg.main-svg").first.wait_for()
    page.set_viewport_size({"width": 500, "height": 900})
    wait_for(lambda: all(box == drawn < 500 for box, drawn in page.locator(".js-plotly-plot").evaluate_all(WIDTHS)), 10)
    assert page.evaluate("document.documentElement.scrollWidth") <= 500
    screenshot("report")
    assert page.evaluate("window.hacked") is None
    assert (asked, said) == ([address], [])


def test_a_script_that_is_not_the_reports_own_does_not_run(page: Any, tmp_path: Path) -> None:
    html = written(tmp_path)
    stranger = "<script>window.hacked = true</script><b onclick='window.hacked = true'>click</b>"
    html.write_text(html.read_text(encoding="utf-8").replace("<main>", f"<main>{stranger}"), encoding="utf-8")
    _, said = watched(page)
    page.goto(html.as_uri())
    page.locator("#figure_1 svg.main-svg").first.wait_for()
    page.get_by_text("click", exact=True).click()
    assert page.evaluate("window.hacked") is None
    assert len([one for one in said if "Content Security Policy" in one]) == 2
