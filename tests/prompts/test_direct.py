"""A bare question is put in one form, in the language it is written in."""

from __future__ import annotations

from workbench.core.records import Message
from workbench.prompts.direct import direct, language_of


def test_kana_or_kanji_make_a_question_japanese() -> None:
    assert [language_of(text) for text in ("日本の首都は？", "カメラ", "Tokyo?", "naïve café")] == [
        "ja",
        "ja",
        "en",
        "en",
    ]


def test_a_bare_question_follows_a_system_message_in_its_language() -> None:
    opening, question = direct("What is 2 + 2?")
    assert (opening.role, question) == ("system", Message("user", "What is 2 + 2?"))
    assert language_of(direct("2足す2は？")[0].content) == "ja"
    assert direct("2 + 2?", known="I like tea.")[0].content.endswith("I like tea.")
