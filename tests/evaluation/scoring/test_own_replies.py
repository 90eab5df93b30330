"""What a model says itself, whole: greedily or by chance, and never led by the gold answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.evaluation.scoring.conftest import generated
from workbench.adapters.adapter import Adapter
from workbench.adapters.attach import attached
from workbench.core.errors import ExamplesError
from workbench.core.examples import Example
from workbench.evaluation.scoring import Scorer


@pytest.mark.parametrize("bare", [True, False])
def test_greedy_replies_are_those_of_plain_generation(
    scorer: Scorer, adapter: Adapter, model: Any, tokenizer: Any, examples: list[Example], bare: bool
) -> None:
    some, worn = examples[:12], None if bare else adapter
    said = scorer.replies(worn, some, longest=24)
    with attached(model, worn):
        assert [one.text for one in said] == [generated(model, tokenizer, one, 24) for one in some]


def test_a_reply_is_right_by_the_examples_checker_and_becomes_its_answer(
    scorer: Scorer, examples: list[Example]
) -> None:
    said = scorer.replies(None, examples)
    assert {one.right for one in said} == {True, False}
    assert all(one.right == one.example.is_answered_by(one.text) for one in said)
    assert all(one.own.messages == one.example.messages and one.own.answer == one.text.strip() for one in said)
    assert all(one.own.is_answered_by(one.text) for one in said if one.example.check == "exact")


@pytest.mark.parametrize("temperature", [0.0, 0.8])
def test_another_gold_answer_changes_the_verdict_and_not_the_reply(
    scorer: Scorer, examples: list[Example], temperature: float
) -> None:
    some = [one for one in examples if one.check == "exact"][:12]
    others = [replace(one, answer="something much longer than anything that stands in the examples") for one in some]
    first, second = (scorer.replies(None, each, temperature=temperature, seed=3) for each in (some, others))
    assert [one.text for one in first] == [one.text for one in second]
    assert any(one.right for one in first)
    assert not any(one.right for one in second)


def test_replies_by_chance_repeat_with_their_seed_and_differ_with_another(
    scorer: Scorer, examples: list[Example]
) -> None:
    def texts(seed: int) -> list[str]:
        said = scorer.replies(None, examples[:6], samples=5, temperature=1.5, seed=seed)
        assert [one.example for one in said] == [one for one in examples[:6] for _ in range(5)]
        return [one.text for one in said]

    assert texts(0) == texts(0) != texts(1)
    assert len(set(texts(0)[:5])) > 1


def test_a_low_temperature_says_nearly_always_what_is_likeliest(scorer: Scorer, examples: list[Example]) -> None:
    greedy = scorer.replies(None, examples[:12])
    cold = scorer.replies(None, examples[:12], temperature=0.01)
    assert sum(one.text == other.text for one, other in zip(greedy, cold, strict=True)) >= 11


def test_what_replies_cost_is_counted_and_their_length_kept(scorer: Scorer, examples: list[Example]) -> None:
    said = scorer.replies(None, examples[:12], longest=3)
    assert all(1 <= one.reply_tokens <= 3 for one in said)
    assert all(one.prompt_tokens > len(one.example.prompt.split()) for one in said)


def test_no_prompt_is_refused_in_a_sentence(scorer: Scorer) -> None:
    with pytest.raises(ExamplesError, match="no example to answer"):
        scorer.replies(None, [])


def test_a_verdict_alone_says_nothing_else_of_an_answer(scorer: Scorer, examples: list[Example]) -> None:
    whole = scorer.score(None, examples)
    assert any(one.reply for one in whole.outcomes)
    alone = whole.verdicts_alone
    assert alone.right == whole.right
    assert alone.logprob is None
    assert {(one.logprob, one.reply) for one in alone.outcomes} == {(None, None)}
