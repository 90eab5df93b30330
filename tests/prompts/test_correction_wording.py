"""A correction is one line for memory, and an exchange for the model that reads it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.core.records import Language, Message, Recalled
from workbench.prompts.corrections import LONGEST_QUESTION, correction_in, correction_statement, demonstrated

LINES = st.text(st.characters(categories=("L", "N", "P", "Zs")), min_size=1).map(str.strip).filter(bool)


def test_a_question_in_japanese_or_of_many_lines_is_one_line() -> None:
    assert correction_statement("会議室の名前は？", "桜の間", "ja") == "「会議室の名前は？」の正しい答え：桜の間"
    assert correction_statement("Who\nis  it?", " Ada ", "en") == 'The right answer to "Who is it?" is: Ada'
    assert len(correction_statement("x" * 10_000, "y", None)) < LONGEST_QUESTION + 100


@given(question=LINES, answer=LINES, language=st.sampled_from(["en", "ja"]))
def test_what_a_correction_says_is_read_back(question: str, answer: str, language: Language) -> None:
    asked = " ".join(question.split())
    if asked.endswith("…") or '" is: ' in asked or "」の正しい答え：" in asked:
        return
    assert correction_in(correction_statement(question, answer, language)) == (asked, answer)


def test_an_answer_of_several_lines_stays_whole() -> None:
    statement = correction_statement("Say it as JSON.", '{\n  "a": 1\n}', "en")
    assert correction_in(statement) == ("Say it as JSON.", '{\n  "a": 1\n}')


def test_a_question_that_was_cut_is_told_as_a_fact_not_as_an_exchange() -> None:
    long = correction_statement("x" * 10_000, "y", "en")
    assert correction_in(long) is None
    assert demonstrated([recalled(long)], "x?", to_adapter=False) == ([long], [])


def test_the_best_correction_stands_next_to_the_question_and_facts_keep_their_order() -> None:
    best, other = correction_statement("2 + 2?", "4", "en"), correction_statement("1 + 1?", "2", "en")
    found = [recalled(text) for text in ("I like tea.", best, "I live in Graz.", other)]
    facts, exchanges = demonstrated(found, "3 + 3?", to_adapter=False)
    assert facts == ["I like tea.", "I live in Graz."]
    assert exchanges == [
        Message("user", "1 + 1?"),
        Message("assistant", "2"),
        Message("user", "2 + 2?"),
        Message("assistant", "4"),
    ]


@pytest.mark.parametrize(("learned", "shown"), [(0, 6), (1, 6), (2, 0), (6, 0)])
def test_an_adapter_that_learned_from_a_third_of_them_is_shown_none(learned: int, shown: int) -> None:
    found = [recalled(text, learned=number < learned) for number, text in enumerate(SUMS)]
    _, exchanges = demonstrated(found, "9 + 9?", to_adapter=True)
    assert len(exchanges) == 2 * shown
    assert len(demonstrated(found, "9 + 9?", to_adapter=False)[1]) == 12, "the plain base has learned nothing"


def test_by_heart_goes_with_those_facts_alone_that_are_much_nearer_than_any_correction() -> None:
    facts = [recalled("Nine is my number.", score=1.4), recalled("Three and three.", score=1.2)]
    found = [*facts, *(recalled(text, learned=True, score=1.0 - number / 10) for number, text in enumerate(SUMS))]
    texts = [one.text for one in facts]
    assert demonstrated(found, "9 + 9?", to_adapter=True)[0] == ["Nine is my number."]
    assert demonstrated(found, "9 + 9?", to_adapter=False)[0] == texts
    assert demonstrated(facts, "9 + 9?", to_adapter=True)[0] == texts, "nothing corrected"


def test_a_correction_of_that_very_question_is_shown_whatever_was_learned() -> None:
    found = [recalled(text, learned=True) for text in SUMS]
    _, exchanges = demonstrated(found, "  3 + 1 ", to_adapter=True)
    assert Message("user", "3 + 1?") in exchanges


SUMS = [correction_statement(f"{number} + 1?", str(number + 1), "en") for number in range(6)]


def recalled(text: str, *, learned: bool = False, score: float = 1.0) -> Recalled:
    return Recalled("m", text, score, "near", 0.0, learned=learned)
