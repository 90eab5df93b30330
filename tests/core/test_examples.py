"""An example is what it says: its id follows the text, nothing else."""

from __future__ import annotations

from dataclasses import replace

from workbench.core.examples import Origin, data_hash, example
from workbench.core.records import Message

ONE = example("What is 2 + 2?", "4", skill="add", check="number")


def test_the_same_words_are_the_same_example_whatever_skill_weight_or_origin() -> None:
    twin = replace(ONE, skill="sums", weight=2.0, origin=Origin("skill", {"seed": "1"}))
    assert twin.id == ONE.id


def test_another_question_answer_checker_or_role_is_another_example() -> None:
    others = [
        example("What is 2 + 3?", "4", check="number"),
        example("What is 2 + 2?", "5", check="number"),
        example("What is 2 + 2?", "4", check="exact"),
        replace(ONE, messages=(Message("system", "What is 2 + 2?"),)),
        replace(ONE, messages=(Message("system", ""), *ONE.messages)),
    ]
    assert len({ONE.id, *(one.id for one in others)}) == 6


def test_a_set_of_examples_has_one_hash_whatever_the_order() -> None:
    other = example("What is 3 + 3?", "6")
    assert data_hash([ONE, other]) == data_hash([other, ONE]) != data_hash([ONE])


def test_its_checker_judges_a_reply() -> None:
    assert ONE.is_answered_by("It is 4.")
    assert not ONE.is_answered_by("It is 5.")
