"""The agent dashboard in a real browser: streaming answer, timeline, memories, live chart, feedback, stopping."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import Served, wait_for
from workbench.agent import open_memory
from workbench.core.settings import load_settings
from workbench.hardware.snapshot import take_snapshot

pytestmark = pytest.mark.browser

DASHBOARD = "/voila/render/agent.ipynb"
STEPS = ["validate", "recall", "choose", "think", "respond", "remember"]
SLOW_MS = 40_000
RECORD_ANSWERS = """() => {
    window.answersSeen = new Set();
    const look = () => {
        const answer = document.querySelector(".wb-exchange:last-child .wb-answer");
        if (answer) window.answersSeen.add(answer.textContent);
    };
    new MutationObserver(look).observe(document.querySelector(".wb-log"), {subtree: true, childList: true});
}"""


def visit(page: Any, dashboards: Served) -> None:
    page.set_default_timeout(SLOW_MS)
    page.goto(f"{dashboards.url}{DASHBOARD}")
    page.get_by_label("Your question").wait_for()


def ask(page: Any, question: str, number: int) -> Any:
    """Ask by the keyboard and wait for the end of that turn; returns its article."""
    page.get_by_label("Your question").fill(question)
    page.keyboard.press("Enter")
    article = page.get_by_label(f"Question {number}", exact=True)
    article.locator(".wb-foot, .wb-problem").wait_for()
    assert article.locator(".wb-problem").all_inner_texts() == []
    return article


def line_of(page: Any) -> str:
    return str(page.locator(".wb-memory-chart path.wb-line").get_attribute("d"))


def kernel_of(page: Any) -> str:
    return str(page.evaluate("JSON.parse(document.getElementById('jupyter-config-data').textContent).kernelId"))


def test_a_visitor_asks_and_sees_answer_timeline_memories_and_a_moving_chart(
    page: Any, dashboards: Served, screenshot: Callable[[str], None]
) -> None:
    visit(page, dashboards)
    assert page.title() == "Workbench · Agent"
    page.evaluate(RECORD_ANSWERS)

    first = ask(page, "What is the capital of France?", 1)
    assert "Paris" in first.locator(".wb-answer").inner_text()
    bars = page.locator(".wb-bar-step").evaluate_all("bars => bars.map(bar => bar.dataset.name)")
    assert bars == STEPS
    widths = page.locator(".wb-bar rect").evaluate_all("bars => bars.map(bar => Number(bar.getAttribute('width')))")
    assert max(widths) > 100
    label = take_snapshot(1).label  # on a machine without a GPU this is "resident memory"
    assert page.locator(".wb-memory-chart h2").inner_text().lower() == label.lower()
    assert page.locator(".wb-budget text").text_content().startswith("budget ")
    before = line_of(page)
    page.wait_for_function("before => document.querySelector('path.wb-line').getAttribute('d') !== before", arg=before)

    ask(page, "My dog is called Rufus.", 2)
    third = ask(page, "What is my dog's name?", 3)
    assert page.locator(".wb-memories li").first.locator(".wb-memory-text").inner_text() == "My dog is called Rufus."
    assert "cosine" in page.locator(".wb-memories li").first.inner_text()
    seen = page.evaluate("[...window.answersSeen]")
    assert any(whole != part and whole.startswith(part) for part in seen for whole in seen), f"no streaming: {seen}"

    third.get_by_role("button", name="Good answer").click()
    page.locator(".wb-thumb[aria-pressed=true]").wait_for()
    screenshot("agent_dashboard")
    kernel = kernel_of(page)
    assert goodbye(dashboards, kernel, origin="http://elsewhere.example") == 403
    page.close()
    wait_for(lambda: dashboards.answers(f"/api/kernels/{kernel}") == 404, 20)
    kept = stored_feedback(dashboards)
    assert kept == [("What is my dog's name?", ["up"])]


def goodbye(dashboards: Served, kernel: str, *, origin: str) -> int:
    """The status that a page of another site gets when it asks for the end of a kernel."""
    request = urllib.request.Request(
        f"{dashboards.url}/voila/api/shutdown/{kernel}", data=b"", headers={"Origin": origin}, method="POST"
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=5)
    refused.value.close()
    return refused.value.code


def stored_feedback(dashboards: Served) -> list[tuple[str, list[str]]]:
    """What another process reads of the home afterwards: rated questions and their ratings."""
    memory = open_memory(load_settings(environ={}, overrides={"home": dashboards.home}))
    turns = [turn for session in memory.sessions.list() for turn in memory.sessions.turns(session.id)]
    said = [(turn.question, [one.kind for one in memory.sessions.feedback(turn.id)]) for turn in turns]
    memory.close()
    return [one for one in said if one[1]]


def test_markup_is_shown_as_text_and_a_turn_can_be_stopped_and_corrected(
    page: Any, dashboards: Served, screenshot: Callable[[str], None]
) -> None:
    visit(page, dashboards)
    attack = '<img src=x onerror="window.hacked = true"> <b>bold</b>'
    article = ask(page, attack, 1)
    assert article.locator(".wb-question").inner_text() == attack
    assert page.locator(".wb-log img, .wb-log b, .wb-facts img").count() == 0
    assert page.evaluate("window.hacked") is None

    article.get_by_role("button", name="Correct …").click()
    page.get_by_label("The answer it should have given").fill("It is an image tag.")
    page.get_by_role("button", name="Save correction").click()
    article.get_by_text("correction saved").wait_for()

    page.get_by_label("Your question").fill("Tell me a long story about a ship, a storm and a lighthouse keeper.")
    page.keyboard.press("Enter")
    page.locator(".wb-asking .wb-answer, .wb-asking .wb-doing").get_by_text("storm").wait_for()  # tokens are coming
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("Stopped; nothing of this turn was kept.").wait_for()
    screenshot("agent_dashboard_stopped")

    ask(page, "What is the capital of France?", 3)
    page.get_by_label("Your question").fill("   ")
    page.keyboard.press("Enter")
    page.locator(".wb-exchange:last-child .wb-problem").wait_for()
    assert "Traceback" not in page.inner_text("body")
    stored = stored_questions(dashboards)
    assert stored == [attack, "What is the capital of France?"]


def stored_questions(dashboards: Served) -> list[str]:
    memory = open_memory(load_settings(environ={}, overrides={"home": dashboards.home}))
    turns = [turn for session in memory.sessions.list() for turn in memory.sessions.turns(session.id)]
    memory.close()
    return [turn.question for turn in turns]
