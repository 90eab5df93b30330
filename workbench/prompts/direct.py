"""A bare question as the messages that a model reads: the same for training, scoring and answering.

It does not know who asks: the walk adds what memory knows and the conversation so far, examples have neither.

>>> [message.role for message in direct("What is 2 + 2?")]
['system', 'user']
>>> language_of("明日は何曜日ですか"), language_of("What day is it?")
('ja', 'en')
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from workbench.core.records import Language, Message
from workbench.prompts.rendering import render

_JAPANESE = re.compile(r"[぀-ヿ㐀-䶿一-鿿ｦ-ﾟ]")


def direct(question: str, language: Language | None = None, *, known: str = "") -> tuple[Message, ...]:
    """System message, then the question.

    Args:
        language: of the system message; None follows the question.
        known: what the system message says of memory and the conversation, one text.
    """
    return render("direct", language or language_of(question), known=known, question=question)


def known(facts: Iterable[str], language: Language) -> str:
    """What memory knows, as the system message says it."""
    return render("known", language, facts="\n".join(f"- {one}" for one in facts))[0].content


def language_of(question: str) -> Language:
    """Japanese if any kana or kanji stands in it, else English."""
    return "ja" if _JAPANESE.search(question) else "en"
