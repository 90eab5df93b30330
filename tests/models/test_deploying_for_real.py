"""On the real model: a deploy and a rollback answer within five seconds, and a rollback leaves not one digit behind."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.adapters.tiny_models import random_adapter
from workbench.adapters.bases import Base
from workbench.adapters.exporting import write_gguf
from workbench.core.records import Message, Reply, Sampling
from workbench.models.embedded import EmbeddedModel
from workbench.models.protocol import gather
from workbench.prompts import direct

QUESTIONS = [f"What is {left} + {right}?" for left in range(11, 16) for right in range(21, 31)]


async def said(model: EmbeddedModel, question: str) -> Reply:
    messages: list[Message] = list(direct(question))
    return await gather(model.stream(messages, Sampling(max_tokens=12)))


@pytest.mark.drill
async def test_fifty_answers_after_a_rollback_are_those_before_the_deploy_bit_for_bit(
    base: Base, tmp_path: Path
) -> None:
    adapter = random_adapter(base, size=0.02, rank=8)
    file = write_gguf(adapter, base, tmp_path / "adapter.gguf")
    plain = EmbeddedModel(weights=base.gguf)
    before = [await said(plain, question) for question in QUESTIONS]
    started = time.perf_counter()
    adapted = plain.beside(adapter.identity, file)
    first = await said(adapted, QUESTIONS[0])
    deployed_s = time.perf_counter() - started
    between = [(await said(adapted, question)).text for question in QUESTIONS]
    started = time.perf_counter()
    back = await said(plain, QUESTIONS[0])
    rolled_back_s = time.perf_counter() - started
    after = [back, *[await said(plain, question) for question in QUESTIONS[1:]]]
    assert len(before) == 50
    assert after == before  # texts, log-probabilities and all
    assert between[0] == first.text
    assert sum(text != reply.text for text, reply in zip(between, before, strict=True)) > 10  # the adapter was there
    assert deployed_s < 5
    assert rolled_back_s < 5
