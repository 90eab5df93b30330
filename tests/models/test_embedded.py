"""The real embedded model answers, repeats itself exactly, obeys a schema, stops when told, says what is wrong."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import time
from contextlib import aclosing
from pathlib import Path

import pytest

from workbench.core.errors import ContextOverflow, ModelNotFound, ModelRefused, ModelTimeout
from workbench.core.records import Message, Piece, Sampling
from workbench.models import embedded as room
from workbench.models.embedded import EmbeddedModel, find_weights, verify_weights
from workbench.models.protocol import gather

SYSTEM = Message("system", "You are a helpful assistant. Answer briefly and correctly.")


def asking(question: str) -> list[Message]:
    return [SYSTEM, Message("user", question)]


async def test_it_knows_the_capital_of_france(embedded: EmbeddedModel) -> None:
    reply = await gather(embedded.stream(asking("What is the capital of France?"), Sampling(max_tokens=24)))
    assert "Paris" in reply.text
    assert reply.finish == "stop"
    assert reply.usage.completion_tokens is not None
    assert reply.usage.completion_tokens > 3


async def test_each_token_comes_with_its_log_probability(embedded: EmbeddedModel) -> None:
    reply = await gather(embedded.stream(asking("Name a colour."), Sampling(max_tokens=8)))
    closing = 1 if reply.finish == "stop" else 0  # the end-of-turn token has no text, so it is not shown
    assert len(reply.logprobs) + closing == reply.usage.completion_tokens
    assert all(value <= 0 for value in reply.logprobs)


async def test_tokens_arrive_one_by_one_not_at_the_end(embedded: EmbeddedModel) -> None:
    arrived: list[float] = []
    await gather(
        embedded.stream(asking("Tell me a story."), Sampling(max_tokens=40)),
        on_piece=lambda piece: arrived.append(time.perf_counter()),
    )
    assert len(arrived) > 20
    assert arrived[-1] - arrived[0] > 10 * (arrived[1] - arrived[0])


async def test_the_same_seed_gives_the_same_reply_whatever_came_between(embedded: EmbeddedModel) -> None:
    sampling = Sampling(temperature=0.8, max_tokens=24, seed=7)
    first = await gather(embedded.stream(asking("Tell me about the sea."), sampling))
    await gather(embedded.stream(asking("Something else."), Sampling(max_tokens=8)))
    again = await gather(embedded.stream(asking("Tell me about the sea."), sampling))
    other = await gather(embedded.stream(asking("Tell me about the sea."), Sampling(0.8, 1.0, 24, seed=8)))
    assert again.text == first.text
    assert other.text != first.text


async def test_a_schema_constrains_the_reply(embedded: EmbeddedModel) -> None:
    schema = {
        "type": "object",
        "properties": {"colour": {"enum": ["red", "blue"]}},
        "required": ["colour"],
        "additionalProperties": False,
    }
    sampling = Sampling(max_tokens=40, json_schema=schema)
    reply = await gather(embedded.stream(asking("Which colour is the sky?"), sampling))
    assert json.loads(reply.text)["colour"] in {"red", "blue"}


async def test_length_is_told_apart_from_a_proper_end(embedded: EmbeddedModel) -> None:
    reply = await gather(embedded.stream(asking("Tell me a long story."), Sampling(max_tokens=5)))
    assert reply.finish == "length"
    assert reply.usage.completion_tokens == 5


async def test_closing_the_stream_stops_the_engine(embedded: EmbeddedModel) -> None:
    async with aclosing(embedded.stream(asking("Tell me a very long story."), Sampling(max_tokens=2000))) as pieces:
        async for _ in pieces:
            break
    started = time.perf_counter()
    await gather(embedded.stream(asking("Hi"), Sampling(max_tokens=2)))
    assert time.perf_counter() - started < 10  # 2,000 tokens would hold the only slot for longer


async def test_a_prompt_longer_than_the_context_says_both_lengths(embedded: EmbeddedModel) -> None:
    with pytest.raises(ContextOverflow, match=r"prompt is \d+ tokens .* holds 4096"):
        await gather(embedded.stream(asking("word " * 6000), Sampling(max_tokens=4)))


async def test_a_silent_engine_times_out_with_the_setting_to_raise(embedded: EmbeddedModel) -> None:
    hasty = EmbeddedModel(first_token_timeout_s=0.001)
    hasty._engine = embedded._engine
    with pytest.raises(ModelTimeout, match=r"model\.first_token_timeout_s"):
        await gather(hasty.stream(asking("Hello " * 500), Sampling(max_tokens=4)))


async def test_two_questions_at_once_are_both_answered(embedded: EmbeddedModel) -> None:
    replies = await asyncio.gather(
        *(gather(embedded.stream(asking(f"What is {n}?"), Sampling(max_tokens=6))) for n in range(3))
    )
    assert all(reply.text for reply in replies)


def test_the_weights_are_the_ones_that_were_tested() -> None:
    assert verify_weights() == find_weights()


def test_a_missing_package_names_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelNotFound, match="--no-deps --require-hashes"):
        find_weights()


def test_an_altered_file_is_not_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "WEIGHTS_SHA256", "0" * 64)
    with pytest.raises(ModelNotFound, match="was altered"):
        verify_weights()


def test_a_truncated_file_is_refused_before_it_is_used(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(find_weights().read_bytes()[:5000])
    with pytest.raises(ModelRefused, match=r"could not load broken\.gguf"):
        EmbeddedModel(weights=broken).load()


def test_an_opening_chunk_without_text_is_no_piece() -> None:
    assert room._piece({"choices": [{"delta": {"role": "assistant", "content": None}, "finish_reason": None}]}) is None
    assert room._piece({"choices": [{"delta": {"content": "x"}, "finish_reason": None}]}) == Piece(text="x")
