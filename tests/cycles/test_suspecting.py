"""What contradicts the others is found by two numbers, and nothing is said where nothing is like it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from workbench.core.examples import Example, example
from workbench.cycles.suspecting import FEWEST, halves, suspects
from workbench.evaluation.scoring import Chosen, OptionQuestion

Likely = Callable[[str, str], float]


def some(*answers: str) -> list[Example]:
    return [example(f"Question {number}?", answer) for number, answer in enumerate(answers)]


def reader(likely: Likely) -> Callable[[Sequence[OptionQuestion]], list[Chosen]]:
    def read(questions: Sequence[OptionQuestion]) -> list[Chosen]:
        asked = [(one.messages[-1].content, one.options) for one in questions]
        return [Chosen(tuple(likely(text, each) for each in options), (1,) * len(options)) for text, options in asked]

    return read


def alike(count: int) -> np.ndarray:
    return np.ones((count, 1))


def taught(text: str, answer: str) -> float:
    """A reader that knows that question n is answered by n, and that no answer is long."""
    return -0.1 if answer == text.split()[1].rstrip("?") else -20.0


def test_an_answer_to_another_question_contradicts_what_the_others_teach() -> None:
    half = some("0", "1", "2", "3", "4", "1")
    [found] = suspects(half, alike(6), reader(taught))
    assert found.example == half[5].id
    assert (found.surprise, found.fit) == (pytest.approx(19.9), 0.0)


def test_what_nothing_else_can_teach_is_no_contradiction_among_what_is_as_surprising() -> None:
    facts = some(*(str(number * 7919) for number in range(6)))
    assert suspects(facts, alike(6), reader(lambda text, answer: -25.0 - len(answer))) == ()


def test_a_long_answer_is_no_contradiction_while_it_fits_its_own_question_best() -> None:
    def long(text: str, answer: str) -> float:
        own = answer == text.split()[1].rstrip("?")
        return (-25.0 if answer == "5" else -0.1) if own else -40.0

    assert suspects(some(*"012345"), alike(6), reader(long)) == ()


def test_a_long_wrong_answer_may_fit_its_question_a_little() -> None:
    def long(text: str, answer: str) -> float:
        if answer == "5":
            return -35.0 if text == "Question 5?" else -41.0
        return taught(text, answer)

    [found] = suspects(some(*"012345"), alike(6), reader(long))
    assert (found.surprise, found.fit) == (pytest.approx(34.9), pytest.approx(6.0))


def test_what_many_questions_share_is_no_contradiction_while_it_is_likely() -> None:
    half = some("yes", "no", "yes", "no", "yes", "no", "yes", "no", "yes", "no")
    assert suspects(half, alike(10), reader(lambda text, answer: -0.1 if answer == "yes" else -5.0)) == ()


def test_of_questions_like_which_too_few_were_asked_nothing_is_said() -> None:
    half = some("0", "1", "2", "1")
    assert len(half) == FEWEST
    assert suspects(half, alike(4), reader(taught)) == ()
    unlike = np.eye(6)
    assert suspects(some("0", "1", "2", "3", "4", "1"), unlike, reader(taught)) == ()


def test_a_question_is_always_in_the_same_half_whatever_is_said_of_it() -> None:
    every = some(*map(str, range(40)))
    first, second = halves(every)
    assert {*first, *second} == set(every)
    assert min(len(first), len(second)) > 8
    again = halves([replace(one, answer="no") for one in reversed(every)])
    assert {one.prompt for one in again[0]} == {one.prompt for one in first}
