"""The memory dashboard in a real browser: search, explain a recall, open, pin, edit, forget; wide and narrow pages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Served
from workbench.core.records import Statement, begun_session
from workbench.memory import Memory
from workbench.memory.memories import StoredMemory

pytestmark = pytest.mark.browser

DASHBOARD = "/voila/render/memory.ipynb"
SLOW_MS = 40_000
HOSTILE = '<img src=x onerror="window.hacked = true"> is what my friend calls his cat.'
FACTS = (
    "My dog is called Rufus.",
    "Remember that Rufus was born on 7 May 2019.",
    "I prefer green tea to coffee.",
    "To restart the router, hold the button for ten seconds.",
    HOSTILE,
)
FILLER = tuple(f"Shelf {number} of the cellar holds {number + 3} jars of plum jam." for number in range(12))
WIDTHS = """bars => bars.map(bar => {
    const parts = [...bar.querySelectorAll(".wb-stack-part")];
    return parts.reduce((sum, part) => sum + part.offsetWidth, 0);
})"""


def in_a_thread(work: Callable[[], Any]) -> Any:
    """Playwright's loop holds this thread; a loop of our own needs another."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


def fill(home: Path) -> None:
    async def filling() -> None:
        memory = Memory.open(home, index="exact")
        await memory.add([Statement(text) for text in FACTS], session=begun_session("pets"))
        await memory.add([Statement(text) for text in FILLER], session=begun_session("cellar"))
        memory.close()

    in_a_thread(lambda: asyncio.run(filling()))


def stored(home: Path) -> dict[str, StoredMemory]:
    """What another process reads of the home: memories by text."""
    memory = Memory.open(home, index="exact")
    found = {one.text: one for one in memory.memories.list()}
    memory.close()
    return found


def visit(page: Any, dashboards: Served) -> None:
    page.set_default_timeout(SLOW_MS)
    page.goto(f"{dashboards.url}{DASHBOARD}")
    page.locator(".wb-memory-head .wb-summary").get_by_text("active memories").wait_for()


def notice(page: Any, sentence: str) -> None:
    page.locator(".wb-toast").get_by_text(sentence).wait_for()


def test_a_visitor_searches_explains_pins_edits_and_forgets(
    page: Any, dashboards: Served, screenshot: Callable[[str], None]
) -> None:
    fill(dashboards.home)
    visit(page, dashboards)
    assert page.title() == "Workbench · Memory"
    rows = page.locator(".wb-memory-table tbody tr")
    rows.first.wait_for()
    assert rows.count() == 12
    page.get_by_text("page 1 of 2 · 17 of 17").wait_for()
    page.get_by_role("button", name="Next").click()
    page.get_by_text("page 2 of 2").wait_for()
    assert rows.count() == 5
    assert page.locator(".wb-memory-map circle.wb-spot").count() == 17
    assert page.get_by_text("All 17 active memories").count() == 1

    page.get_by_label("Search").fill("RUFUS")
    page.get_by_text("page 1 of 1 · 2 of 17").wait_for()
    assert rows.count() == 2
    assert page.locator(".wb-spot.wb-faint").count() == 15
    page.get_by_label("Search").fill("")
    page.get_by_label("Session").select_option(label="pets")
    page.get_by_text("page 1 of 1 · 5 of 17").wait_for()
    assert page.locator(".wb-memory-table img").count() == 0
    assert page.evaluate("window.hacked") is None

    page.get_by_label("Question").fill("What is my dog called?")
    page.keyboard.press("Enter")
    hits = page.locator(".wb-hits li")
    hits.first.wait_for()
    assert hits.count() == 5
    assert hits.first.get_by_role("button").inner_text() == FACTS[0]
    assert 'shares "dog", "called" with the question' in hits.first.inner_text()
    parts = hits.first.locator(".wb-stack-part").evaluate_all("parts => parts.map(part => part.dataset.name)")
    assert {"words", "cosine"} <= set(parts)
    widths = hits.locator(".wb-stack").evaluate_all(WIDTHS)
    assert widths[0] == max(widths) > 100
    page.locator(".wb-star").wait_for()

    hits.first.get_by_role("button").click()
    card = page.locator(".wb-memory-card")
    card.get_by_text(FACTS[0]).wait_for()
    assert card.locator("path.wb-line").get_attribute("d").count("L") == 120
    card.get_by_role("button", name="Pin", exact=True).click()
    notice(page, "Pinned; it will not expire.")
    card.get_by_text("Disuse does not make it expire: it is pinned.").wait_for()
    screenshot("memory_dashboard")

    card.get_by_role("button", name="Edit").click()
    card.get_by_label("The text of this memory").fill("My dog is called Rufus the Brave.")
    card.get_by_role("button", name="Save").click()
    notice(page, "Saved")
    assert hits.first.get_by_role("button").inner_text() == "My dog is called Rufus the Brave."

    page.locator(".wb-memory-table").get_by_role("button", name=FACTS[2]).click()
    card.get_by_text(FACTS[2]).wait_for()
    card.get_by_role("button", name="Forget …").click()
    assert page.evaluate("document.activeElement.textContent") == "Keep it"
    card.get_by_role("button", name="Keep it").click()
    assert card.get_by_role("button", name="Forget for good").count() == 0
    assert FACTS[2] in stored(dashboards.home)
    card.get_by_role("button", name="Forget …").click()
    card.get_by_role("button", name="Forget for good").click()
    notice(page, "Forgotten for good.")
    page.get_by_text("page 1 of 1 · 4 of 16").wait_for()
    assert page.locator(".wb-memory-lifetimes circle[data-what=forgotten]").count() == 1

    kept = stored(dashboards.home)
    assert FACTS[2] not in kept
    assert kept["My dog is called Rufus the Brave."].pinned
    assert {one.recall_count for one in kept.values()} == {0}


def test_a_narrow_page_shows_everything_without_scrolling_sideways(
    page: Any, dashboards: Served, screenshot: Callable[[str], None]
) -> None:
    fill(dashboards.home)
    page.set_viewport_size({"width": 400, "height": 800})
    visit(page, dashboards)
    page.locator(".wb-memory-table tbody tr").first.get_by_role("button").click()
    page.locator(".wb-memory-whole").wait_for()
    wide = page.locator(".wb-panel, .wb-panel svg, .wb-table").evaluate_all(
        "all => all.filter(one => one.getBoundingClientRect().right > 400).map(one => one.className.toString())"
    )
    assert wide == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    page.wait_for_function("document.querySelector('.wb-memory-card').getBoundingClientRect().top < 10")
    screenshot("memory_dashboard_narrow")


def test_an_empty_store_says_what_to_do_and_sees_what_is_told_meanwhile(
    page: Any, dashboards: Served, screenshot: Callable[[str], None]
) -> None:
    visit(page, dashboards)
    page.get_by_text("Nothing is remembered yet.").wait_for()
    screenshot("memory_dashboard_empty")
    fill(dashboards.home)
    page.get_by_role("button", name="Refresh").click()
    page.locator(".wb-memory-table tbody tr").first.wait_for()
    assert page.get_by_text("Nothing is remembered yet.").is_hidden()
