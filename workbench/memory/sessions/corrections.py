"""What a correction says, as a statement that recall can find and a model can read.

    question, right answer ─► The right answer to "Who wrote Emma?" is: Jane Austen

The next question profits from it at once, before anything is learned. It does not store.

>>> correction_statement("Who wrote Emma?", "Jane Austen", "en")
'The right answer to "Who wrote Emma?" is: Jane Austen'
"""

from __future__ import annotations

from workbench.core.records import Language

LONGEST_QUESTION = 500  # characters; what was asked is found by its beginning as well
FORMS: dict[Language, str] = {
    "en": 'The right answer to "{question}" is: {answer}',
    "ja": "「{question}」の正しい答え：{answer}",
}


def correction_statement(question: str, answer: str, language: Language | None) -> str:
    """One line in the language of the turn.

    Args:
        language: None is English.
    """
    asked = " ".join(question.split())
    if len(asked) > LONGEST_QUESTION:
        asked = f"{asked[:LONGEST_QUESTION]}…"
    return FORMS[language or "en"].format(question=asked, answer=answer.strip())
