"""Strategies on scripted models, where every word of the model is known."""

from __future__ import annotations

import math
from typing import Any

import pytest

from workbench.core.errors import ConnectionDropped, ContextOverflow, ToolError
from workbench.core.records import Choice, Message, Piece, Recalled, ToolCall, Turn
from workbench.core.schema import ReasoningSettings
from workbench.models.scripted import ScriptedModel
from workbench.prompts.corrections import correction_statement
from workbench.reasoning.events import Retried, ToolAnswered, TurnEvent, VoteCast
from workbench.reasoning.strategies import STRATEGIES, chain, vote
from workbench.reasoning.thinker import Thinker
from workbench.reasoning.tools import Toolbox, calculator, dates

BOX = Toolbox((calculator.TOOL, dates.TOOL))
DOG = Recalled("m1", "My dog is called Rufus.", 0.7, "near", 0.0)


def thinker(model: ScriptedModel, events: list[TurnEvent] | None = None, **dials: Any) -> Thinker:
    return Thinker(model, BOX, ReasoningSettings(**dials), (events if events is not None else []).append)


async def test_direct_sends_known_facts_history_and_question_in_that_order() -> None:
    model = ScriptedModel("Rufus")
    history = (Message("user", "Hi"), Message("assistant", "Hello"))
    turn = await STRATEGIES["direct"](Turn("What is my dog's name?", recalled=(DOG,), history=history), thinker(model))
    sent = model.sent[0].messages
    assert turn.answer == "Rufus"
    assert "My dog is called Rufus." in sent[0].content
    assert [message.content for message in sent[1:]] == ["Hi", "Hello", "What is my dog's name?"]


async def test_direct_shows_recalled_corrections_as_exchanges_before_the_conversation() -> None:
    model = ScriptedModel("2001-05-24")
    corrected = Recalled("m2", correction_statement("ISO date? 3 May 1999", "1999-05-03", "en"), 0.6, "near", 0.0)
    turn = Turn("ISO date? 24 May 2001", recalled=(corrected, DOG), history=(Message("user", "Hi"),))
    await STRATEGIES["direct"](turn, thinker(model))
    opening, *rest = model.sent[0].messages
    assert "Rufus" in opening.content
    assert "1999" not in opening.content
    assert [(one.role, one.content) for one in rest] == [
        ("user", "ISO date? 3 May 1999"),
        ("assistant", "1999-05-03"),
        ("user", "Hi"),
        ("user", "ISO date? 24 May 2001"),
    ]


@pytest.mark.parametrize(("adapter", "learned", "sent"), [("evolved", True, 2), ("evolved", False, 4), (None, True, 4)])
async def test_an_adapter_answers_by_heart_what_it_has_learned_from(
    adapter: str | None, learned: bool, sent: int
) -> None:
    model = ScriptedModel("4")
    corrected = Recalled("m2", correction_statement("1 + 1?", "2", "en"), 0.6, "near", 0.0, learned=learned)
    choice = Choice("small", "scripted", (), adapter=adapter)
    await STRATEGIES["direct"](Turn("2 + 2?", recalled=(corrected, DOG), choice=choice), thinker(model))
    assert len(model.sent[0].messages) == sent
    assert ("Rufus" in model.sent[0].messages[0].content) == (sent > 2), "by heart it needs no fact as near as this"


async def test_direct_drops_the_oldest_history_that_does_not_fit() -> None:
    model = ScriptedModel("ok", context_tokens=400)
    old = (Message("user", "old " * 200), Message("assistant", "an answer without its question"))
    history = (*old, Message("user", "recent"), Message("assistant", "reply"))
    await STRATEGIES["direct"](Turn("Now?", history=history), thinker(model, max_tokens=200))
    assert [message.content for message in model.sent[0].messages[1:]] == ["recent", "reply", "Now?"]


async def test_a_question_too_long_for_the_context_is_refused_before_it_is_sent() -> None:
    model = ScriptedModel("never", context_tokens=400)
    with pytest.raises(ContextOverflow, match=r"tokens too long.*context_tokens"):
        await STRATEGIES["direct"](Turn("word " * 2000), thinker(model, max_tokens=200))
    assert model.sent == []


async def test_direct_confidence_comes_from_the_tokens_of_the_answer() -> None:
    model = ScriptedModel([Piece("Pa", logprobs=(math.log(0.5),)), Piece("ris", logprobs=(math.log(0.5),))])
    turn = await STRATEGIES["direct"](Turn("Capital of France?"), thinker(model))
    assert turn.confidence is not None
    assert turn.confidence.value == pytest.approx(0.5)


async def test_a_native_tool_call_is_run_and_its_result_given_back() -> None:
    call = Piece(tool_calls=(ToolCall("calculator", {"expression": "6 * 7"}),))
    model = ScriptedModel([call], "It is 42.")
    turn = await STRATEGIES["direct"](Turn("What is 6 * 7?"), thinker(model))
    assert turn.answer == "It is 42."
    assert turn.tool_uses[0].output == "42"
    asked, answered = model.sent[1].messages[-2:]
    assert asked.tool_calls == (ToolCall("calculator", {"expression": "6 * 7"}),)
    assert answered == Message("tool", "42", tool_name="calculator")


async def test_a_malformed_tool_call_is_told_to_the_model_not_raised() -> None:
    call = Piece(tool_calls=(ToolCall("calculator", {"sum": 1}),))
    events: list[TurnEvent] = []
    turn = await STRATEGIES["direct"](Turn("?"), thinker(ScriptedModel([call], "I cannot."), events))
    assert turn.answer == "I cannot."
    assert "malformed" in (turn.tool_uses[0].error or "")
    assert any(isinstance(event, ToolAnswered) for event in events)


async def test_after_three_rounds_of_tool_calls_the_model_must_answer_in_words() -> None:
    call = Piece(thinking="Hm. ", tool_calls=(ToolCall("calculator", {"expression": "1+1"}),))
    model = ScriptedModel(*([call] for _ in range(3)), "It is 2.")
    turn = await STRATEGIES["direct"](Turn("?"), thinker(model))
    assert (turn.answer, len(turn.tool_uses)) == ("It is 2.", 3)
    assert turn.thinking == "Hm. Hm. Hm. "
    assert [bool(sent.tools) for sent in model.sent] == [True, True, True, False]


async def test_a_call_that_cannot_even_be_read_is_asked_again_without_tools() -> None:
    model = ScriptedModel([ToolError("The call is not JSON.")], "It is 2.")
    turn = await STRATEGIES["direct"](Turn("?"), thinker(model))
    assert turn.answer == "It is 2."
    assert not model.sent[1].tools


async def test_an_answer_that_ends_at_the_limit_says_so() -> None:
    cut = ScriptedModel([Piece("Once upon a"), Piece(finish="length")])
    whole = ScriptedModel([Piece("The end."), Piece(finish="stop")])
    assert (await STRATEGIES["direct"](Turn("?"), thinker(cut))).cut_off
    assert not (await STRATEGIES["direct"](Turn("?"), thinker(whole))).cut_off


@pytest.mark.parametrize("strategy", ["chain", "vote"])
async def test_every_strategy_reads_the_conversation_so_far(strategy: str) -> None:
    model = ScriptedModel(*["Answer: Ann"] * 4)
    history = (Message("user", "I am Ann."), Message("assistant", "Hello Ann."))
    await STRATEGIES[strategy](Turn("Who am I?", history=history), thinker(model))  # type: ignore[index]
    for sent in model.sent:
        assert "user: I am Ann.\nassistant: Hello Ann." in sent.messages[0].content


@pytest.mark.parametrize("strategy", ["direct", "chain", "vote"])
async def test_the_background_of_a_session_is_known_and_never_said_by_anybody(strategy: str) -> None:
    model = ScriptedModel(*["Answer: Ann"] * 4)
    history = (
        Message("system", "Facts to keep in mind:\n- I am Ann."),
        Message("user", "Hi"),
        Message("assistant", "Yes?"),
    )
    await STRATEGIES[strategy](Turn("Who am I?", history=history), thinker(model))  # type: ignore[index]
    for sent in model.sent:
        assert "Facts to keep in mind:\n- I am Ann." in sent.messages[0].content
        assert [message.role for message in sent.messages].count("system") == 1


@pytest.mark.parametrize("strategy", ["direct", "chain", "vote"])
async def test_no_strategy_sends_a_prompt_that_the_context_cannot_hold(strategy: str) -> None:
    model = ScriptedModel("never", context_tokens=4096)
    with pytest.raises(ContextOverflow):
        await STRATEGIES[strategy](Turn("長" * 7800, language="ja"), thinker(model))  # type: ignore[index]
    assert model.sent == []


async def test_a_dropped_connection_is_tried_once_more() -> None:
    events: list[TurnEvent] = []
    model = ScriptedModel(["half an ", ConnectionDropped("The connection dropped.")], "whole answer")
    turn = await STRATEGIES["direct"](Turn("?"), thinker(model, events))
    assert turn.answer == "whole answer"
    assert [event.part for event in events if isinstance(event, Retried)] == ["answer"]


async def test_a_connection_that_drops_twice_is_an_error() -> None:
    drop = ConnectionDropped("The connection dropped.")
    with pytest.raises(ConnectionDropped):
        await STRATEGIES["direct"](Turn("?"), thinker(ScriptedModel([drop], [drop])))


async def test_chain_analyses_plans_uses_the_tool_and_synthesises() -> None:
    plan = '{"steps": [{"tool": "calculator", "input": "17 + 25"}]}'
    model = ScriptedModel("It asks for a sum.", plan, "The answer is 42.")
    turn = await STRATEGIES["chain"](Turn("What is 17 + 25?"), thinker(model))
    assert turn.answer == "The answer is 42."
    assert [thought.name for thought in turn.thoughts] == ["analyse", "plan"]
    assert "17 + 25 = 42" in model.sent[2].messages[-1].content
    assert model.sent[1].sampling.json_schema is not None


async def test_chain_thinks_a_step_that_no_tool_can_do() -> None:
    plan = '{"steps": [{"tool": "think", "input": "Who wrote Faust?"}]}'
    model = ScriptedModel("It asks who.", plan, "Goethe wrote it.", "Goethe.")
    turn = await STRATEGIES["chain"](Turn("Who wrote Faust?"), thinker(model))
    assert [thought.name for thought in turn.thoughts] == ["analyse", "plan", "step 1"]
    assert "- Goethe wrote it." in model.sent[3].messages[-1].content


def test_arithmetic_planned_as_a_thought_goes_to_the_calculator() -> None:
    assert chain.route(chain.PlannedStep("think", "6 * 9"), BOX).tool == "calculator"
    assert chain.route(chain.PlannedStep("think", "2024-05-12 + 5 days"), BOX).tool == "date"
    assert chain.route(chain.PlannedStep("think", "Who wrote Faust?"), BOX).tool == "think"


@pytest.mark.parametrize("text", ["", "not json", '{"steps": [{"tool": "think"', '{"steps": 3}', '{"steps": []}', "[]"])
def test_a_malformed_plan_becomes_one_thought_about_the_question(text: str) -> None:
    assert chain.read_plan(text, fallback="Why?") == (chain.PlannedStep("think", "Why?"),)


def votes(*answers: str) -> list[str]:
    return [f"Because.\nAnswer: {answer}" for answer in answers]


async def test_voting_stops_as_soon_as_the_lead_is_safe() -> None:
    events: list[TurnEvent] = []
    model = ScriptedModel(*votes("Rome", "rome.", "Rome", "Rome", "never asked"))
    turn = await STRATEGIES["vote"](Turn("Capital of Italy?"), thinker(model, events))
    assert turn.answer == "Rome"
    assert len(model.sent) == 4  # P(lead) = 1 - 2^-5 = .97 after four equal votes, .94 after three
    assert [event.lead for event in events if isinstance(event, VoteCast)][-1] == pytest.approx(1 - 2**-5)


async def test_voting_ends_at_votes_max_with_the_leader() -> None:
    model = ScriptedModel(*votes("a", "b", "a", "c", "b", "a"))
    turn = await STRATEGIES["vote"](Turn("?"), thinker(model, votes_max=6))
    assert turn.answer == "a"
    assert turn.confidence is not None
    assert turn.confidence.value == pytest.approx(4 / 8)


async def test_every_vote_has_its_own_seed_and_the_same_prompt() -> None:
    model = ScriptedModel(*votes("x", "x", "x", "x"))
    await STRATEGIES["vote"](Turn("?"), thinker(model, seed=40))
    assert [sent.sampling.seed for sent in model.sent] == [41, 42, 43, 44]
    assert len({sent.messages for sent in model.sent}) == 1


def test_the_final_answer_stands_after_the_last_label_or_in_the_last_line() -> None:
    assert vote.final_answer("Answer: 3\nno wait\nAnswer: 4") == "4"
    assert vote.final_answer("考えると\n答え：東京") == "東京"
    assert vote.final_answer("It is\nblue.\n\n") == "blue."
    assert vote.final_answer("") == ""
