"""What cannot be asked is refused in one sentence."""

from __future__ import annotations

import pytest

from workbench.core.errors import QuestionError
from workbench.reasoning.question import as_text, checked_question


@pytest.mark.parametrize("blank", ["", "   ", "\n\t", "　"])
def test_an_empty_question_is_refused(blank: str) -> None:
    with pytest.raises(QuestionError, match="empty"):
        checked_question(blank, max_chars=100)


def test_an_over_long_question_names_both_lengths_and_the_setting() -> None:
    with pytest.raises(QuestionError, match=r"101 characters .* at most 100 .*question_max_chars"):
        checked_question("x" * 101, max_chars=100)


def test_bytes_that_are_not_utf8_are_refused() -> None:
    with pytest.raises(QuestionError, match="UTF-8"):
        as_text(b"caf\xe9")


@pytest.mark.parametrize("text", ["a\ud800b", "a\x00b"])
def test_text_that_no_store_can_keep_is_refused(text: str) -> None:
    with pytest.raises(QuestionError):
        checked_question(text, max_chars=100)
