from __future__ import annotations

import pytest

from workbench.core.errors import ContextOverflow, ModelUnavailable
from workbench.core.examples import Example, example
from workbench.core.records import Message
from workbench.evaluation.scoring import asking, score_replies
from workbench.models.scripted import ScriptedModel
from workbench.prompts import direct

ASKED = (
    example("Which city?", "Oslo", skill="cities", check="contains"),
    example("2 + 2?", "4", skill="add", check="number"),
    example("3 + 3?", "6", skill="add", check="number"),
)


async def test_every_reply_is_checked_by_its_own_checker() -> None:
    said = iter(["It is Oslo.", "5", "It is 6."])

    async def answer(_: Example) -> str:
        return next(said)

    told: list[str] = []
    score = await score_replies(answer, ASKED, name="engine", on_progress=lambda one: told.append(one.id))
    assert (score.name, score.correct, score.total) == ("engine", 2, 3)
    assert score.right == {ASKED[0].id: True, ASKED[1].id: False, ASKED[2].id: True}
    assert [one.reply for one in score.outcomes] == ["It is Oslo.", "5", "It is 6."]
    assert {one.how for one in score.outcomes} == {"generated"}
    assert score.cost.tokens_read is None
    assert told == [one.id for one in ASKED]


async def test_a_prompt_that_the_engine_refuses_is_wrong_and_keeps_its_reason() -> None:
    async def answer(one: Example) -> str:
        if one.answer == "4":
            raise ContextOverflow("The prompt is too long; shorten it")
        return one.answer

    score = await score_replies(answer, ASKED)
    assert score.correct == 2
    assert score.failures == ("The prompt is too long; shorten it",)


async def test_an_engine_that_is_not_there_ends_the_scoring() -> None:
    async def answer(_: Example) -> str:
        raise ModelUnavailable("No engine answers; start one")

    with pytest.raises(ModelUnavailable):
        await score_replies(answer, ASKED)


async def test_an_engine_is_asked_greedily_in_the_words_of_training() -> None:
    model = ScriptedModel("Oslo")
    assert await asking(model, lambda one: 7)(ASKED[0]) == "Oslo"
    [(messages, sampling)] = [(call.messages, call.sampling) for call in model.sent]
    assert tuple(messages) == direct("Which city?")
    assert (sampling.temperature, sampling.max_tokens) == (0.0, 7)


async def test_a_system_message_of_an_example_is_kept() -> None:
    model = ScriptedModel("ok")
    own = Example((Message("system", "Shout."), Message("user", "Hello")), "ok")
    await asking(model, lambda one: 7)(own)
    assert tuple(model.sent[0].messages) == own.messages
