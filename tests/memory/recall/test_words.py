from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.memory.recall.words import terms


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Where did she buy the red cars?", ["buy", "red", "car"]),
        ("Anna's dog didn't bark", ["anna", "dog", "bark"]),
        ("CAFÉ, café, cafe\u0301", ["cafe", "cafe", "cafe"]),
        ("...", []),
        ("the and of", []),
        ("snake_case", ["snake", "case"]),
        ("ひ\x00犬", ["犬"]),
    ],
)
def test_a_text_becomes_its_words_without_the_little_ones(text: str, found: list[str]) -> None:
    assert terms(text) == found


@pytest.mark.parametrize(
    ("one", "other"),
    [("running", "runs"), ("dogs", "Dog's"), ("ネコ", "ねこ"), ("買った", "買います"), ("愛犬", "犬")],
)
def test_forms_of_one_word_share_a_term(one: str, other: str) -> None:
    assert set(terms(one)) & set(terms(other))


@given(st.text())
def test_any_text_has_terms_and_none_is_empty(text: str) -> None:
    found = terms(text)
    assert all(found)
    assert terms(text) == found


@given(st.text(alphabet="abcdefghij '’-", max_size=40))
def test_english_terms_are_the_same_in_capitals(text: str) -> None:
    assert terms(text.upper()) == terms(text)
