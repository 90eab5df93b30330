"""The panel between agent and widgets: tasks, batches, errors, feedback. The model is scripted, all else is real."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from workbench.core.errors import ModelUnavailable
from workbench.models.scripted import ScriptedModel
from workbench.panels import ChatPanel, chat_panel, open_chat

OpenPanel = Callable[[ScriptedModel], ChatPanel]


@pytest.fixture
async def panel_with(tmp_path: Path) -> AsyncIterator[OpenPanel]:
    opened: list[ChatPanel] = []

    def opening(model: ScriptedModel) -> ChatPanel:
        opened.append(open_chat(home=tmp_path, model=model, strategy="direct"))
        return opened[-1]

    yield opening
    for panel in opened:
        await panel.close()


def page_says(panel: ChatPanel, content: dict[str, object]) -> None:
    """A message of the page, as the widget receives it."""
    panel.box._handle_custom_msg(content, [])


def files_of(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def wait_until(true: Callable[[], bool], timeout_s: float = 10.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not true():  # noqa: ASYNC110  (a trait has no event to wait for)
            await asyncio.sleep(0.01)


async def test_nothing_is_opened_or_written_before_a_page_is_shown(panel_with: OpenPanel, tmp_path: Path) -> None:
    panel = panel_with(ScriptedModel())
    await asyncio.sleep(0.05)
    assert panel._opening is None
    assert files_of(tmp_path) == []


async def test_a_question_from_the_page_is_answered_and_stored(panel_with: OpenPanel) -> None:
    panel = panel_with(ScriptedModel(["Par", "is"]))
    page_says(panel, {"type": "ask", "text": "What is the capital of France?"})
    await wait_until(lambda: bool(panel.box.past))
    entry = panel.box.past[0]
    assert (entry["answer"], panel.box.live) == ("Paris", {})
    stored = (await panel.agent()).memory.sessions.turn(entry["turn_id"])
    assert stored.answer == "Paris"


async def test_tokens_are_shown_before_the_answer_is_complete(panel_with: OpenPanel) -> None:
    panel = panel_with(ScriptedModel(["One ", "two ", "three"], delay_s=0.2))
    panel.ask("Count to three.")
    await wait_until(lambda: panel.box.live.get("answer") == "One ")


async def test_many_tokens_make_few_messages(panel_with: OpenPanel) -> None:
    panel = panel_with(ScriptedModel(["word "] * 200, delay_s=0.001))
    shown: list[str] = []
    panel.box.observe(lambda change: shown.append(change.new.get("answer", "")), "live")
    await panel.ask("Say word.")
    assert 2 <= len(shown) < 40


async def test_the_second_question_continues_the_session_of_the_first(panel_with: OpenPanel) -> None:
    panel = panel_with(ScriptedModel(["One"], ["Two"]))
    await panel.ask("First?")
    await panel.ask("Second?")
    sessions = (await panel.agent()).memory.sessions.list()
    assert [session.turn_count for session in sessions] == [2]


async def test_stopping_leaves_nothing_of_the_turn(panel_with: OpenPanel) -> None:
    model = ScriptedModel(["Some ", "thing ", "long"], delay_s=0.2)
    panel = panel_with(model)
    task = panel.ask("Tell me something long.")
    await wait_until(lambda: bool(panel.box.live.get("answer")))
    page_says(panel, {"type": "stop"})
    await asyncio.gather(task, return_exceptions=True)
    assert panel.box.past[0]["notice"] == "Stopped; nothing of this turn was kept."
    assert model.stopped_early == 1
    assert (await panel.agent()).memory.sessions.list() == ()


async def test_a_question_stopped_before_it_began_does_not_wait_for_ever(panel_with: OpenPanel) -> None:
    panel = panel_with(ScriptedModel("never"))
    panel.ask("Hello?")
    panel.stop()  # in the same tick: its task has not run yet
    await wait_until(lambda: panel.chat.exchange(1).status == "stopped")
    assert panel.box.live == {}


async def test_a_turn_that_was_stored_before_the_stop_is_shown_as_answered(panel_with: OpenPanel) -> None:
    panel = panel_with(ScriptedModel(["Paris"]))
    agent = await panel.agent()
    remember = agent.memory.remember

    async def remember_then_wait(turn: object) -> object:
        kept = await remember(turn)  # type: ignore[arg-type]
        panel.stop()
        await asyncio.sleep(5)
        return kept

    agent.memory.remember = remember_then_wait  # type: ignore[method-assign, assignment]
    await asyncio.gather(panel.ask("What is the capital of France?"), return_exceptions=True)
    assert (panel.box.past[0]["status"], panel.box.past[0]["answer"]) == ("answered", "Paris")


async def test_a_new_question_stops_the_one_before_it(panel_with: OpenPanel) -> None:
    model = ScriptedModel(["never ", "ending"], ["Second answer"], delay_s=0.3)
    panel = panel_with(model)
    panel.ask("First?")
    await wait_until(lambda: len(model.sent) == 1)
    await panel.ask("Second?")
    assert [entry["status"] for entry in panel.box.past] == ["stopped", "answered"]
    assert model.stopped_early == 1


async def test_an_error_is_a_sentence_on_the_page_and_a_traceback_in_the_log(
    panel_with: OpenPanel, tmp_path: Path
) -> None:
    panel = panel_with(ScriptedModel([ModelUnavailable("The engine does not answer; start it with: ollama serve")]))
    await panel.ask("Hello?")
    assert panel.box.past[0]["problem"] == "The engine does not answer; start it with: ollama serve"
    assert "Traceback" in (tmp_path / "logs" / "workbench.log").read_text()


async def test_an_unexpected_error_names_the_log_and_ends_the_question(panel_with: OpenPanel, tmp_path: Path) -> None:
    panel = panel_with(ScriptedModel([RuntimeError("secret detail")]))
    await asyncio.gather(panel.ask("Hello?"), return_exceptions=True)
    await wait_until(lambda: bool(panel.box.problem))
    assert str(tmp_path / "logs" / "workbench.log") in panel.box.problem
    assert "secret detail" not in panel.box.problem
    assert "secret detail" in (tmp_path / "logs" / "workbench.log").read_text()
    assert panel.box.past[0]["status"] == "failed"


async def test_an_empty_question_is_refused_in_a_sentence(panel_with: OpenPanel) -> None:
    panel = panel_with(ScriptedModel())
    await panel.ask("   ")
    assert panel.box.past[0]["problem"]
    assert panel.box.past[0]["turn_id"] is None


async def test_a_thumb_and_a_correction_are_stored_with_their_turn(panel_with: OpenPanel) -> None:
    panel = panel_with(ScriptedModel(["Lyon"]))
    await panel.ask("What is the capital of France?")
    turn_id = panel.box.past[0]["turn_id"]
    page_says(panel, {"type": "rate", "turn_id": turn_id, "up": False})
    await wait_until(lambda: panel.box.past[0]["rating"] == "down")
    page_says(panel, {"type": "correct", "turn_id": turn_id, "text": "Paris"})
    await wait_until(lambda: panel.box.past[0]["rating"] == "correct")
    kept = (await panel.agent()).memory.sessions.feedback(turn_id)
    assert [(one.kind, one.correction) for one in kept] == [("down", None), ("correct", "Paris")]


async def test_an_empty_correction_is_refused_in_a_sentence(panel_with: OpenPanel) -> None:
    panel = panel_with(ScriptedModel(["Lyon"]))
    await panel.ask("What is the capital of France?")
    page_says(panel, {"type": "correct", "turn_id": panel.box.past[0]["turn_id"], "text": " "})
    await wait_until(lambda: bool(panel.box.problem))
    assert panel.box.problem == "The correction is empty; write the answer it should have given"


async def test_a_home_that_cannot_be_opened_is_a_sentence_and_the_next_question_tries_again(tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    memory.write_text("a file where a folder should be")
    panel = open_chat(home=tmp_path, model=ScriptedModel(["Paris"]), strategy="direct")
    await panel.ask("What is the capital of France?")
    assert panel.box.past[0]["problem"]
    memory.unlink()
    await panel.ask("What is the capital of France?")
    assert panel.box.past[1]["answer"] == "Paris"
    await panel.close()


async def test_the_memory_chart_moves_only_while_somebody_watches(
    panel_with: OpenPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = panel_with(ScriptedModel())
    monkeypatch.setattr(chat_panel, "WATCHED_S", 1.2)
    panel.memory._handle_custom_msg({"type": "watching"}, [])
    await wait_until(lambda: len(panel.memory.shown.get("points", [])) >= 2)
    await wait_until(lambda: panel._watching is not None and panel._watching.done())
    assert panel._sampler is not None
    assert not panel._sampler.running


async def test_memories_of_an_earlier_turn_are_listed_with_the_later_one(panel_with: OpenPanel) -> None:
    panel = panel_with(ScriptedModel(["Noted."], ["Rufus"]))
    await panel.ask("My dog is called Rufus.")
    await panel.ask("What is my dog's name?")
    assert [memory["text"] for memory in panel.facts.shown["memories"]] == ["My dog is called Rufus."]
