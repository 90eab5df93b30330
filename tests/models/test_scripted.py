"""The scripted model plays what it was given, and remembers what it was asked."""

import asyncio

import pytest

from workbench.core.errors import ModelTimeout
from workbench.core.records import Message, Piece, Sampling, Usage
from workbench.models.protocol import Model, gather
from workbench.models.scripted import ScriptedModel, Sent

ASK = [Message("user", "2 + 2?")]


async def test_each_call_plays_the_next_script() -> None:
    model: Model = ScriptedModel(["Fo", "ur"], "Five")
    assert [(await gather(model.stream(ASK, Sampling()))).text for _ in range(2)] == ["Four", "Five"]


async def test_the_last_piece_ends_the_reply_with_usage() -> None:
    reply = await gather(ScriptedModel(["Fo", "ur"]).stream(ASK, Sampling()))
    assert (reply.finish, reply.usage) == ("stop", Usage(3, 2))


async def test_a_scripted_ending_is_kept() -> None:
    end = Piece("ur", logprobs=(-0.1,), finish="length", usage=Usage(1, 2))
    got = [piece async for piece in ScriptedModel(["Fo", end]).stream(ASK, Sampling())]
    assert got == [Piece("Fo"), end]


async def test_it_remembers_what_it_was_sent() -> None:
    model = ScriptedModel("Four")
    await gather(model.stream(ASK, Sampling(max_tokens=3), tools=[{"type": "function"}]))
    assert model.sent == [Sent(tuple(ASK), Sampling(max_tokens=3), ({"type": "function"},))]


async def test_an_exception_is_raised_where_it_stands() -> None:
    model = ScriptedModel(["Fo", ModelTimeout("too slow; try again")])
    seen: list[Piece] = []
    with pytest.raises(ModelTimeout):
        await gather(model.stream(ASK, Sampling()), on_piece=seen.append)
    assert seen == [Piece("Fo")]


async def test_one_call_too_many_is_a_mistake_of_the_test() -> None:
    with pytest.raises(AssertionError, match="scripted 0 calls"):
        await gather(ScriptedModel().stream(ASK, Sampling()))


async def test_closing_early_is_counted() -> None:
    model = ScriptedModel(["a", "b"], ["c"], delay_s=0.01)
    stream = model.stream(ASK, Sampling())
    await anext(stream)
    await stream.aclose()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001):
            await gather(model.stream(ASK, Sampling()))
    assert model.stopped_early == 2
