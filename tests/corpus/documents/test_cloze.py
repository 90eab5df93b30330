"""Questions by rule: each form gives the question one expects, and what only looks like one gives none."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.corpus.documents.cloze import clozes
from workbench.corpus.documents.judging import stands_in
from workbench.corpus.documents.passages import Passage, read_passages

HANDBOOK = Path(__file__).parents[3] / "data" / "handbook.md"


def asked(text: str, heading: str = "") -> list[tuple[str, str]]:
    return [(pair.question, pair.answer) for pair in clozes(Passage(1, heading, 1, 1, text))]


@pytest.mark.parametrize(
    ("sentence", "question", "answer"),
    [
        ("The width of the blade is 16 millimetres.", "What is the width of the blade?", "16 millimetres"),
        ("The fee for students is 19 euros a month.", "What is the fee for students?", "19 euros a month"),
        ("The heat of the forge is 1,150 degrees.", "What is the heat of the forge?", "1,150 degrees"),
        ("The tests of the day are a saw and a lamp.", "What are the tests of the day?", "a saw and a lamp"),
        ("The deposit for a key is 25 euros, and it is paid back.", "What is the deposit for a key?", "25 euros"),
        ("The keeper of the keys is Tomas Reed.", "Fill in the blank: The keeper of the keys is ____.", "Tomas Reed"),
        ("Hanna Brandt is the head of Tidewater.", "Fill in the blank: Hanna Brandt is ____.", "the head of Tidewater"),
        ("The cat is called Biscuit, to nobody's surprise.", None, "Biscuit"),
        ("The main gas is a mixture of argon.", "Fill in the blank: The main gas is ____.", "a mixture of argon"),
        (
            "A featherboard is a comb of wood that holds a board.",
            "Fill in the blank: ____ is a comb of wood that holds a board.",
            "featherboard",
        ),
        ("鍵の保証金は三千円です。", "空欄を埋めてください：鍵の保証金は____です。", "三千円"),
    ],
)
def test_a_sentence_of_a_plain_form_becomes_a_question(sentence: str, question: str | None, answer: str) -> None:
    [(said, gold)] = asked(sentence)
    assert gold == answer
    assert question is None or said == question


@pytest.mark.parametrize(
    "sentence",
    [
        "The door is closed.",
        "It is a saw.",
        "This is the keeper of the keys.",
        "There is a lamp in the corridor.",
        "On Sundays the gate is the only way in.",
        "The laser cutter is the only machine that needs a booking.",
        "What the keeper wants is a lamp.",
        "Eye protection is required in every room.",
        "Whoever welds is the last one out.",
        "The saw that Tomas bought is a Swedish one.",
        "The lathe runs at 500 turns.",
        "The plan is a formula.",
        "The other index is Chroma.",
        "The *safe* part of the budget is 5 GiB.",
        "The safe part of it is 5 GiB.",
        "The order of the steps is English first.",
        "A key and its ring are one thing.",
        "Is the saw a machine?",
        "これは鋸です。",
        "鋸は赤いです。",
        "Remember: wear the mask.",
        "- Note: the saw is loud",
    ],
)
def test_a_sentence_that_only_looks_like_one_becomes_none(sentence: str) -> None:
    assert asked(sentence) == []


def test_key_and_value_become_a_question_under_their_heading() -> None:
    text = "- Dust mask: class FFP2\n- Sharpening day: the first Monday of the month."
    assert asked(text, "Handbook > The wood room") == [
        ("Fill in the blank (The wood room): Dust mask: ____", "class FFP2"),
        ("Fill in the blank (The wood room): Sharpening day: ____", "the first Monday of the month"),
    ]


def test_lines_of_key_and_value_need_no_bullets_but_a_line_of_prose_among_them_spoils_it() -> None:
    assert len(asked("Key: 5 euros\nDay pass: 2 euros")) == 2
    assert asked("Key: 5 euros\nand more for those who come late") == []


def test_every_answer_stands_in_its_passage_and_not_in_its_question() -> None:
    found = [(passage, pair) for passage in read_passages(HANDBOOK, budget_tokens=120) for pair in clozes(passage)]
    assert len(found) >= 20
    for passage, pair in found:
        assert stands_in(pair.answer, passage.flat), pair
        assert not stands_in(pair.answer, pair.question), pair
