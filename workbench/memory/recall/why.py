"""Why a memory was chosen, in words: the parts of its score that a person can check.

    shares "dog", "called" with the question; cosine 0.72; said 2 days ago

>>> when_said(7_300)
'2 hours ago'
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from workbench.memory.recall.words import terms, words

if TYPE_CHECKING:
    from workbench.memory.memories import StoredMemory
    from workbench.memory.recall.reading import Asked

DAY_S = 86_400.0
SPANS = ((DAY_S * 365, "year"), (DAY_S * 30, "month"), (DAY_S, "day"), (3_600.0, "hour"), (60.0, "minute"))
MOST_WORDS = 5
WORDS_NEARBY = 0.1  # of the words part: below it, neighbours say nothing worth telling


def why(
    stored: StoredMemory, parts: Mapping[str, float], cosine: float, asked: Asked, question: str, now: float
) -> str:
    """One line: the reasons, strongest kind first, and when it was said.

    Args:
        parts: the weighted parts of its score.
        cosine: its similarity to the question, -1..1.
        now: seconds since the epoch.
    """
    return "; ".join([*_reasons(stored, parts, cosine, asked, question), f"said {when_said(now - stored.said_at)}"])


def when_said(age_s: float) -> str:
    """How long ago, in the largest unit that fits: `just now`, `1 hour ago`, `2 days ago`."""
    for span_s, unit in SPANS:
        if age_s >= span_s:
            count = int(age_s // span_s)
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"


def _reasons(
    stored: StoredMemory, parts: Mapping[str, float], cosine: float, asked: Asked, question: str
) -> Iterator[str]:
    shared = _shared(stored.text, asked, question)
    if shared:
        yield f"shares {', '.join(shared)} with the question"
    elif parts.get("words", 0.0) > WORDS_NEARBY:
        yield "what was said next to it shares words with the question"
    yield f"cosine {cosine:.2f}"
    if parts.get("speaker"):
        yield f"said by {stored.speaker or 'you'}"
    if parts.get("month"):
        yield "said in the month asked about"
    if parts.get("time"):
        yield "tells a time"


def _shared(text: str, asked: Asked, question: str) -> list[str]:
    """The question's own words whose terms the memory holds, quoted."""
    held = set(terms(text)).intersection(asked.terms)
    spoken = {
        found[0]: word for word in words(question) if len(found := terms(word)) == 1
    }  # not a whole Japanese clause
    return [f'"{spoken.get(term, term)}"' for term in asked.terms if term in held][:MOST_WORDS]
