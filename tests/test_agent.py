"""The whole walk through the agent: what is remembered and recalled, and that a failure leaves nothing behind."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.models.ollama_server import OllamaWire
from workbench.agent import Agent, open_agent
from workbench.core.errors import (
    ConnectionDropped,
    ModelNotFound,
    ModelRefused,
    ModelTimeout,
    ModelUnavailable,
    NotStored,
    QuestionError,
)
from workbench.core.records import Piece, Turn
from workbench.corpus.skills import generate
from workbench.models.embedded import EmbeddedModel
from workbench.models.scripted import ScriptedModel
from workbench.reasoning.events import StepFinished, StepStarted, TokenArrived, TurnEvent
from workbench.reasoning.walk import STEPS


def kept_turns(agent: Agent) -> list[Turn]:
    return [turn for session in agent.memory.sessions.list() for turn in agent.memory.sessions.turns(session.id)]


class Counted:
    """The real engine, with the chunks of each request counted and its end told."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self.chunks = 0
        self.ended = threading.Event()

    def handle_chat_completions(self, request: dict[str, Any], on_chunk: Callable[[dict[str, Any]], bool]) -> None:
        def counted(chunk: dict[str, Any]) -> bool:
            self.chunks += 1
            return on_chunk(chunk)

        self._engine.handle_chat_completions(request, counted)
        self.ended.set()


async def test_the_six_steps_happen_in_order_and_are_timed(agent: Agent) -> None:
    events: list[TurnEvent] = []
    turn = await agent.ask("Hello?", model=ScriptedModel("Hi."), on_event=events.append)
    assert [event.step for event in events if isinstance(event, StepStarted)] == list(STEPS)
    assert [event.step for event in events if isinstance(event, StepFinished)] == list(STEPS)
    assert [timing.step for timing in turn.timings] == list(STEPS)
    assert [event.text for event in events if isinstance(event, TokenArrived)] == ["Hi."]
    assert [event.at_ms for event in events] == sorted(event.at_ms for event in events)


async def test_what_one_agent_was_told_the_next_one_knows(home: Path, embedded: EmbeddedModel) -> None:
    async with open_agent(home=home) as first:
        told = await first.ask("My dog is called Rufus.", model=embedded, strategy="direct")
        assert len(told.memory_ids) == 1
    async with open_agent(home=home) as second:
        await second.warm()
        assert second.memory.index_name == "chroma"
        turn = await second.ask("What is my dog's name?", model=embedded, strategy="direct")
    assert [memory.text for memory in turn.recalled] == ["My dog is called Rufus."]
    assert "cosine" in turn.recalled[0].why
    assert "Rufus" in (turn.answer or "")
    assert turn.session_id != told.session_id


async def test_chain_of_thought_adds_with_the_calculator(agent: Agent, embedded: EmbeddedModel) -> None:
    turn = await agent.ask("What is 17 + 25?", model=embedded, strategy="chain")
    assert "42" in (turn.answer or "")
    assert [use.call.name for use in turn.tool_uses] == ["calculator"]
    assert [thought.name for thought in turn.thoughts] == ["analyse", "plan"]
    assert turn.confidence is not None
    assert 0 < turn.confidence.value <= 1


async def test_without_ollama_the_embedded_model_answers_and_says_why(agent: Agent) -> None:
    turn = await agent.ask("What is the capital of France?", strategy="direct")
    assert turn.choice is not None
    assert turn.choice.model == "smollm2-135m"
    assert "Nothing listens" in turn.choice.reasons[0]
    assert "Paris" in (turn.answer or "")


async def test_a_named_session_remembers_its_conversation(agent: Agent) -> None:
    model = ScriptedModel("Hello Ann.", "You are Ann.")
    session = await agent.session("talk")
    await agent.ask("I am Ann.", session=session, model=model)
    await agent.ask("Who am I?", session=await agent.session("talk"), model=model)
    assert [message.content for message in model.sent[1].messages[1:]] == ["I am Ann.", "Hello Ann.", "Who am I?"]


@pytest.mark.parametrize("question", ["", " \n ", "x" * 8001, b"\xff\xfe\xfa", "a\ud800"])
async def test_a_question_that_cannot_be_asked_leaves_nothing(agent: Agent, question: str | bytes) -> None:
    model = ScriptedModel()
    with pytest.raises(QuestionError):
        await agent.ask(question, model=model)
    assert (kept_turns(agent), model.sent) == ([], [])


async def test_a_cancelled_turn_stops_the_model_and_leaves_nothing(agent: Agent) -> None:
    model = ScriptedModel(["word "] * 1000, delay_s=0.01)
    begun = asyncio.Event()

    def on_event(event: TurnEvent) -> None:
        if isinstance(event, TokenArrived):
            begun.set()

    task = asyncio.create_task(agent.ask("My cat is called Tom.", model=model, on_event=on_event))
    await asyncio.wait_for(begun.wait(), 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert model.stopped_early == 1
    assert kept_turns(agent) == []
    assert await agent.memory.recall("cat") == ()


async def test_cancelling_the_real_engine_frees_it_for_the_next_question(
    agent: Agent, embedded: EmbeddedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()

    def on_event(event: TurnEvent) -> None:
        if isinstance(event, TokenArrived):
            begun.set()

    running = embedded._engine.running()
    engine = Counted(running.server)
    monkeypatch.setattr(embedded._engine, "_running", replace(running, server=engine))
    long = "Count from one to one thousand in words."
    task = asyncio.create_task(agent.ask(long, model=embedded, strategy="direct", on_event=on_event))
    await asyncio.wait_for(begun.wait(), 20)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(engine.ended.wait, 20)
    assert engine.chunks < 100  # the whole reply would be 256 tokens
    turn = await asyncio.wait_for(agent.ask("What is the capital of Italy?", model=embedded, strategy="direct"), 20)
    assert "Rome" in (turn.answer or "")
    assert len(kept_turns(agent)) == 1


async def test_a_model_that_fails_leaves_nothing(agent: Agent) -> None:
    drop = ConnectionDropped("The connection dropped.")
    with pytest.raises(ConnectionDropped):
        await agent.ask("My cat is called Tom.", model=ScriptedModel(["half", drop], ["half", drop]))
    assert kept_turns(agent) == []


async def test_an_empty_answer_is_an_error_not_a_turn(agent: Agent) -> None:
    with pytest.raises(ModelRefused, match="empty answer"):
        await agent.ask("Hello?", model=ScriptedModel([Piece(" "), Piece(finish="stop")]))
    assert kept_turns(agent) == []


async def test_a_walk_that_takes_too_long_names_the_setting(home: Path) -> None:
    async with open_agent(home=home, overrides={"reasoning.timeout_s": 0.3}) as agent:
        with pytest.raises(ModelTimeout, match=r"reasoning\.timeout_s"):
            await agent.ask("Hello?", model=ScriptedModel(["word"] * 100, delay_s=0.05))
        assert kept_turns(agent) == []


async def test_what_the_model_thinks_on_its_own_is_kept_apart(agent: Agent) -> None:
    model = ScriptedModel([Piece(thinking="Hmm, the user likes tea."), Piece("Yes."), Piece(finish="stop")])
    turn = await agent.ask("Do you know?", model=model)
    assert (turn.answer, turn.thinking) == ("Yes.", "Hmm, the user likes tea.")
    assert await agent.memory.recall("tea") == ()


async def test_ollama_answers_where_it_runs_and_fits(home: Path, ollama_server: OllamaWire) -> None:
    ollama_server.install("qwen2:1.5b-instruct-q4_k_m", size=986_000_000)
    ollama_server.say("Par", "is")
    async with open_agent(home=home, overrides={"ollama.host": ollama_server.url}) as agent:
        turn = await agent.ask("What is the capital of France?", strategy="direct")
    assert turn.choice is not None
    assert (turn.choice.backend, turn.choice.model) == ("ollama", "qwen2:1.5b-instruct-q4_k_m")
    assert turn.answer == "Paris"
    assert any("answers at" in reason for reason in turn.choice.reasons)


async def test_a_drop_of_the_real_connection_is_mended_by_one_retry(home: Path, ollama_server: OllamaWire) -> None:
    ollama_server.say("Pa", "ris", drop_after=1)
    ollama_server.say("Par", "is")
    async with open_agent(home=home, overrides={"ollama.host": ollama_server.url, "model.name": "tiny"}) as agent:
        turn = await agent.ask("What is the capital of France?", strategy="direct")
    assert turn.answer == "Paris"
    assert len(ollama_server.chats) == 2


async def test_a_model_that_ollama_lacks_names_the_pull_command(home: Path, ollama_server: OllamaWire) -> None:
    async with open_agent(home=home, overrides={"ollama.host": ollama_server.url}) as agent:
        with pytest.raises(ModelNotFound, match="ollama pull llama9"):
            await agent.ask("Hello?", model="llama9")


async def test_an_unreachable_ollama_asked_for_by_name_is_an_error(agent: Agent) -> None:
    with pytest.raises(ModelUnavailable, match="ollama serve"):
        await agent.ask("Hello?", model="deepseek-r1:7b")


async def test_feedback_is_kept_with_its_turn(agent: Agent) -> None:
    turn = await agent.ask("What is 17 + 25?", model=ScriptedModel("32"), strategy="direct")
    await agent.give_feedback(turn.id[:10], correction="42")
    await agent.give_feedback(turn.id, up=False)
    kept = agent.memory.sessions.feedback(turn.id)
    assert sorted((given.kind, given.correction) for given in kept) == [("correct", "42"), ("down", None)]
    with pytest.raises(NotStored):
        await agent.give_feedback("ffffffffffff", up=True)
    with pytest.raises(QuestionError):
        await agent.give_feedback(turn.id)


async def test_the_next_question_is_answered_by_what_was_corrected(agent: Agent) -> None:
    question = "Which port does the billing service use?"
    first = await agent.ask(question, strategy="direct")
    assert "7431" not in (first.answer or "")
    await agent.give_feedback(first.id, correction="7431")
    again = await agent.ask(question, strategy="direct")
    assert "7431" in (again.answer or "")
    assert [hit.text for hit in again.recalled] == [f'The right answer to "{question}" is: 7431']


async def test_corrections_of_other_questions_teach_the_form_of_the_next_answer_at_once(agent: Agent) -> None:
    *lessons, new = generate("email_domain", 6, seed=3)
    before = await agent.ask(new.prompt, strategy="direct")
    for one in lessons:
        turn = await agent.ask(one.prompt, strategy="direct")
        await agent.give_feedback(turn.id, correction=one.answer)
    after = await agent.ask(new.prompt, strategy="direct")
    assert before.answer != new.answer
    assert after.answer == new.answer


async def test_a_listener_that_fails_stops_the_walk_and_leaves_nothing(agent: Agent) -> None:
    def broken(event: TurnEvent) -> None:
        if isinstance(event, TokenArrived):
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        await agent.ask("My cat is called Tom.", model=ScriptedModel(["word "] * 50, delay_s=0.01), on_event=broken)
    await asyncio.sleep(0.2)
    assert kept_turns(agent) == []


async def test_a_session_is_found_by_its_exact_name_only_and_stored_with_its_first_turn(agent: Agent) -> None:
    await agent.ask("Hello?", session=await agent.session("alice-work"), model=ScriptedModel("Hi."))
    other = await agent.session("alice")
    assert [session.name for session in agent.memory.sessions.list()] == ["alice-work"]
    await agent.ask("Hello?", session=other, model=ScriptedModel("Hi."))
    assert {session.name: session.turn_count for session in agent.memory.sessions.list()} == {
        "alice-work": 1,
        "alice": 1,
    }


async def test_a_complexity_outside_0_to_1_is_refused(agent: Agent) -> None:
    with pytest.raises(QuestionError, match="between 0 and 1"):
        await agent.ask("Hello?", model=ScriptedModel(), complexity=7.0)
