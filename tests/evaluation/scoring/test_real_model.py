"""The embedded model itself, on few examples: it writes English, so gold answers can be what it says."""

from __future__ import annotations

from typing import Any

import pytest

from tests.evaluation.scoring.conftest import generated
from workbench.adapters.bases import Base, load_model, load_tokenizer
from workbench.core.examples import Example, example
from workbench.evaluation.scoring import Scorer

QUESTIONS = {"What is the capital of France?": "Paris", "What colour is snow?": "white", "2 + 2 = ?": "four"}


@pytest.fixture
def real(base: Base) -> tuple[Any, Any]:
    return load_model(base, precision="fp32"), load_tokenizer(base)


def test_the_embedded_models_own_words_are_right_and_others_wrong(base: Base, real: tuple[Any, Any]) -> None:
    model, tokenizer = real
    said = {question: generated(model, tokenizer, example(question, ""), 32) for question in QUESTIONS}
    examples = [
        *(example(question, answer, check="contains") for question, answer in QUESTIONS.items()),
        *(example(question, reply, skill="own words") for question, reply in said.items()),
        *(example(question, f"{reply} No") for question, reply in said.items()),
    ]
    scorer = Scorer(base, model=model, tokenizer=tokenizer)
    score = scorer.score(None, examples)
    truth = {one.id: _truth(model, tokenizer, scorer, one) for one in examples}
    assert score.right == truth
    assert set(truth.values()) == {True, False}


def _truth(model: Any, tokenizer: Any, scorer: Scorer, one: Example) -> bool:
    return one.is_answered_by(generated(model, tokenizer, one, scorer.longest(one)))
