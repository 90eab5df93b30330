from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workbench.core.tokens import tokens_of


@given(st.text(), st.text())
def test_two_texts_joined_never_take_more_tokens_than_apart(left: str, right: str) -> None:
    assert tokens_of(left + right) <= tokens_of(left) + tokens_of(right)


def test_tokens_are_a_quarter_of_english_and_nearly_two_a_japanese_character() -> None:
    assert tokens_of("My dog is called Rufus and he is brown.") == 39 // 4 + 1
    assert 35 <= tokens_of("会議は来週の火曜日の午後三時に始まります") <= 40  # the embedded model's own count is 39
    assert tokens_of("") == 1
