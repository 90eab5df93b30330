from __future__ import annotations

import pytest

from workbench.core.examples import Example, example
from workbench.core.records import Message
from workbench.corpus.near_duplicates import LONG_WORDS, alike, duplicates_in, gist, groups
from workbench.corpus.skills import COMPOSITES, SKILLS, generate

PASSAGE = (
    "The handbook of the harbour says that boats longer than nine metres moor on the outer pier, that nobody may sleep "
    "aboard in winter, that water is free and power is paid by the day, and that the office opens in the morning and "
    "closes when the last ferry has left for the islands. What does it say about power?"
)


def are_alike(left: str, right: str) -> bool:
    """What `groups` and `alike` say; they must agree."""
    one, other = example(left, "a"), example(right, "b")
    together = len(groups([one, other])) == 1
    assert alike(gist(one), gist(other)) == together
    return together


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("What is the capital of France?", "what's  the capital of FRANCE"),
        ("What is the capital of France?", "Please tell me the capital of France!"),
        ("What is 12 + 30?", "What is 12+30"),
        ("Reverse: red, green, blue", "Reverse: red green blue"),
        ("Write 1,000 in words.", "write １０００ in words"),
        ("Is my e-mail lost?", "Is my email lost?"),
        ("フランスの首都は？", "フランスの首都を教えてください。"),
        ("東京タワーの高さはいくらですか", "東京タワーの高さはいくら?"),
        (PASSAGE, PASSAGE.replace("nobody", "no one")),
        (PASSAGE, PASSAGE.replace("free and", "free, and")),
    ],
)
def test_the_same_question_in_other_dress_is_a_near_duplicate(left: str, right: str) -> None:
    assert are_alike(left, right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("What is 12 + 30?", "What is 12 + 31?"),
        ("What is 12 + 30?", "What is 12 - 30?"),
        ("What is 12 - 30?", "What is 30 - 12?"),
        ("What is 1.5 * 2?", "What is 15 * 2?"),
        ("Meet at 12:30", "Meet at 1230"),
        ("What is the capital of France?", "What is the capital of Finland?"),
        ("Which class: my house is cold", "Which class: my mouse is cold"),
        ("Reverse: red green blue", "Reverse: green red blue"),
        ("Do I need a visa?", "Do I not need a visa?"),
        ("東京の天気は？", "京都の天気は？"),
        ("?", "!"),
        (PASSAGE, PASSAGE.replace("nine", "9")),
        (PASSAGE, PASSAGE.replace("power?", "water?")),
        (PASSAGE, PASSAGE.replace("The handbook", "No handbook")),
        (PASSAGE.replace("the harbour", "Harbour Oslo"), PASSAGE.replace("the harbour", "Harbour Riga")),
        (PASSAGE, PASSAGE.replace("What does it say about power?", "When may people sleep aboard a boat, if ever?")),
    ],
)
def test_another_number_name_sign_order_or_question_is_another_example(left: str, right: str) -> None:
    assert not are_alike(left, right)


def test_the_passage_of_these_tests_is_long_enough_for_minhash() -> None:
    assert len(gist(example(PASSAGE, "a")).words) > LONG_WORDS


def test_what_was_said_before_the_question_counts() -> None:
    def asked(earlier: str) -> Example:
        return Example((Message("user", earlier), Message("assistant", "Noted."), Message("user", "And why?")), "x")

    assert len(groups([asked("It is cold."), asked("it is cold"), asked("It is late.")])) == 2


def test_a_chain_of_long_neighbours_is_one_group() -> None:
    second = PASSAGE.replace("nobody", "no one")
    third = second.replace("is paid", "gets paid")
    found = groups([example(text, "a") for text in (PASSAGE, third, second)])
    assert [len(group) for group in found] == [3]


@pytest.mark.parametrize("name", [*SKILLS, *COMPOSITES])
def test_tasks_of_one_template_are_different_examples(name: str) -> None:
    made = generate(name, 120, seed=11)
    assert len(groups(made)) >= 0.98 * len(made)


def test_duplicates_in_counts_what_could_go() -> None:
    assert duplicates_in([example("Is 7 prime?", "a"), example("is 7 prime", "b"), example("Is 8 prime?", "a")]) == 1
