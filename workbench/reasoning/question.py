"""Is this a question that can be asked? Checked before anything is loaded or written."""

from __future__ import annotations

from workbench.core.errors import QuestionError


def checked_question(question: str, *, max_chars: int) -> str:
    """The question without surrounding blanks.

    Raises:
        QuestionError: it is empty, longer than `max_chars`, or not text that UTF-8 can carry.
    """
    text = as_text(question).strip()
    if not text:
        raise QuestionError("The question is empty; write what you want to know")
    if len(text) > max_chars:
        raise QuestionError(
            f"The question has {len(text):,} characters and at most {max_chars:,} are allowed; shorten it, or raise "
            "reasoning.question_max_chars"
        )
    if "\x00" in text:
        raise QuestionError("The question holds a NUL character, which no store can keep; remove it")
    return text


def as_text(question: str | bytes) -> str:
    """The question as text that UTF-8 can carry; anything else is a `QuestionError`."""
    try:
        if isinstance(question, bytes):
            return question.decode("utf-8")
        question.encode("utf-8")  # a lone surrogate is not text: it comes from undecodable bytes
    except UnicodeError as error:
        raise QuestionError("The question is not valid UTF-8 text; save or type it as UTF-8") from error
    return question
