"""What a correction says: as a statement that recall can find, and as the exchange that a model reads.

    question, right answer ─► The right answer to "Who wrote Emma?" is: Jane Austen       what memory keeps
                           ─► user: Who wrote Emma?   assistant: Jane Austen              what stands before a question

The next question profits from it at once, before anything is learned: told as facts, corrections of other questions
helped a small model with none of ten tasks, and as exchanges with all of them (docs/LOG.md, 29 November). Examples
before a question are few-shot prompting (Brown et al. 2020), chosen by nearness to it as in Liu et al. 2022 ("What
Makes Good In-Context Examples for GPT-3?"). What an adapter has learned they would only blur. It stores nothing.

>>> statement = correction_statement("Who wrote Emma?", "Jane Austen", "en")
>>> statement
'The right answer to "Who wrote Emma?" is: Jane Austen'
>>> correction_in(statement), correction_in("Emma is a novel.")
(('Who wrote Emma?', 'Jane Austen'), None)
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from workbench.core.records import Language, Message, Recalled

KNOWN_FROM = 1 / 3  # share of the recalled corrections; of what a cycle is offered, an adapter learns seven in ten
NEARER_BY = 1.3  # what a person told and asks for scores 1.4 times the corrections or more; 103 of 104 others up to 1.2
LONGEST_QUESTION = 500  # characters; what was asked is found by its beginning as well
CUT = "…"
FORMS: dict[Language, str] = {
    "en": 'The right answer to "{question}" is: {answer}',
    "ja": "「{question}」の正しい答え：{answer}",
}
_READ = [
    re.compile(re.escape(form).replace(r"\{question\}", "(.+?)").replace(r"\{answer\}", "(.+)"), re.DOTALL)
    for form in FORMS.values()
]


def correction_statement(question: str, answer: str, language: Language | None) -> str:
    """One line in the language of the turn.

    Args:
        language: None is English.
    """
    asked = " ".join(question.split())
    if len(asked) > LONGEST_QUESTION:
        asked = f"{asked[:LONGEST_QUESTION]}{CUT}"
    return FORMS[language or "en"].format(question=asked, answer=answer.strip())


def correction_in(statement: str) -> tuple[str, str] | None:
    """Question and right answer of a correction; None of anything else, and where the question was cut."""
    found = next((match for one in _READ if (match := one.fullmatch(statement.strip()))), None)
    if found is None or found[1].endswith(CUT):
        return None
    return found[1], found[2].strip()


def demonstrated(memories: Sequence[Recalled], question: str, *, to_adapter: bool) -> tuple[list[str], list[Message]]:
    """What recall found, parted into facts for the system message and corrections as exchanges.

    An adapter that has learned from enough of the corrections knows such questions by heart: it is shown none of them,
    since it was trained and judged without, and of the facts it is told those alone that are much nearer than any
    correction. Those that are not were stated in questions like this one. A correction of that very question is shown
    in any case.

    Args:
        memories: the best first.
        to_adapter: whether an adapter answers; `Recalled.learned` is about that one.
    Returns:
        The facts in their order; the exchanges with the best last, next to the question.
    """
    read = [(one, correction_in(one.text)) for one in memories]
    corrections = [(one, correction) for one, correction in read if correction is not None]
    answered = any(_is_the_same(asked, question) for _, (asked, _) in corrections)
    learned = sum(one.learned for one, _ in corrections)
    by_heart = to_adapter and not answered and 0 < KNOWN_FROM * len(corrections) <= learned
    least = NEARER_BY * max(one.score for one, _ in corrections) if by_heart else -math.inf
    facts = [one.text for one, correction in read if correction is None and one.score >= least]
    exchanges: list[Message] = []
    for _, (asked, answer) in () if by_heart else corrections:
        exchanges[:0] = (Message("user", asked), Message("assistant", answer))
    return facts, exchanges


def _is_the_same(asked: str, question: str) -> bool:
    """Whether two questions are one, but for case, blanks and marks at their ends."""
    return _bare(asked) == _bare(question)


def _bare(text: str) -> str:
    return " ".join(text.casefold().split()).strip(" .?!:;？。！：")
