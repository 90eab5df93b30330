"""Scores of answer functions whose answers are known, and of the real agent."""

from __future__ import annotations

import pytest

from workbench.agent import Agent
from workbench.core.errors import ModelRefused, ModelUnavailable
from workbench.core.records import Usage
from workbench.evaluation import Answered, AnswerScore, Outcome, Question, compare, score_answers, wilson_interval
from workbench.models.embedded import EmbeddedModel

SUMS = tuple(Question(f"q-{n}", "even" if n % 2 == 0 else "odd", f"{n}", str(n + 1), "number") for n in range(6))


async def adds_one_to_even_numbers(question: str) -> Answered:
    number = int(question)
    if number % 2 == 0:
        return Answered(f"It is {number + 1}.", 0.9, Usage(10, 4))
    return Answered("I do not know.", 0.2, Usage(10, 6))


async def test_accuracy_interval_tokens_and_calibration_follow_from_the_answers() -> None:
    score = await score_answers("half", adds_one_to_even_numbers, SUMS)
    assert (score.correct, score.total, score.accuracy) == (3, 6, 0.5)
    assert score.interval == wilson_interval(3, 6)
    assert (score.tokens_per_question, score.prompt_tokens_per_question) == (5, 10)
    assert score.brier == pytest.approx((0.1**2 + 0.2**2) / 2)
    assert score.ece == pytest.approx((0.1 + 0.2) / 2)
    assert {kind: part.correct for kind, part in score.by_kind().items()} == {"even": 3, "odd": 0}
    assert [(one.count, one.accuracy) for one in score.reliability()] == [(3, 0.0), (3, 1.0)]


async def test_an_answer_the_model_failed_to_give_is_wrong_and_keeps_its_reason() -> None:
    async def fails_on_3(question: str) -> Answered:
        if question == "3":
            raise ModelRefused("the model gave an empty answer; ask again in other words")
        return await adds_one_to_even_numbers(question)

    score = await score_answers("half", fails_on_3, SUMS)
    assert score.total == 6
    assert score.failures == ("the model gave an empty answer; ask again in other words",)
    assert score.outcomes[3].answered is None
    assert score.to_dict()["failures"] == list(score.failures)


async def test_an_engine_that_is_not_there_ends_the_measurement() -> None:
    async def absent(question: str) -> Answered:
        raise ModelUnavailable("Ollama does not answer; start it: ollama serve")

    with pytest.raises(ModelUnavailable):
        await score_answers("none", absent, SUMS)


async def test_what_no_answer_carried_is_none_and_not_zero() -> None:
    async def bare(question: str) -> Answered:
        return Answered("7")

    score = await score_answers("bare", bare, SUMS)
    assert (score.brier, score.ece, score.tokens_per_question, score.reliability()) == (None, None, None, ())


async def test_progress_is_told_question_by_question() -> None:
    seen: list[Outcome] = []
    score = await score_answers("half", adds_one_to_even_numbers, SUMS, on_progress=seen.append)
    assert tuple(seen) == score.outcomes


async def test_a_comparison_counts_who_was_right_and_refuses_other_questions() -> None:
    async def all_right(question: str) -> Answered:
        return Answered(str(int(question) + 1))

    half = await score_answers("half", adds_one_to_even_numbers, SUMS)
    full = await score_answers("full", all_right, SUMS)
    paired = compare(full, half)
    assert (paired.both, paired.only_first, paired.only_second, paired.neither) == (3, 3, 0, 0)
    assert paired.p_value == 0.25
    with pytest.raises(AssertionError, match="same questions"):
        compare(full, AnswerScore("other order", half.outcomes[::-1]))


async def test_the_real_agent_is_scored_with_its_own_tokens_and_confidence(
    agent: Agent, embedded: EmbeddedModel
) -> None:
    async def directly(text: str) -> Answered:
        return Answered.of(await agent.ask(text, strategy="direct", model=embedded))

    question = Question("q", "capital", "What is the capital of France?", "Paris", "contains")
    score = await score_answers("direct", directly, [question])
    assert score.correct == 1
    assert score.tokens_per_question is not None
    assert score.tokens_per_question > 1
    assert score.brier is not None
    assert 0 < score.seconds_per_question < 60
