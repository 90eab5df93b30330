"""Answers stay short in the tokens of the embedded model, so that training and scoring them is quick."""

from __future__ import annotations

from workbench.adapters.bases import Base, load_tokenizer
from workbench.corpus.skills import COMPOSITES, SKILLS, generate

MOST_TOKENS = 24


def test_an_answer_has_at_most_two_dozen_tokens(base: Base) -> None:
    tokenizer = load_tokenizer(base)
    answers = [one.answer for name in (*SKILLS, *COMPOSITES) for one in generate(name, 500, seed=16)]
    lengths = {answer: len(tokens) for answer, tokens in zip(answers, tokenizer(answers)["input_ids"], strict=True)}
    assert max(lengths.values()) <= MOST_TOKENS, max(lengths, key=lambda answer: lengths[answer])
