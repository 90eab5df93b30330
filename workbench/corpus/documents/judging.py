"""Is a proposed question worth learning? Rules that need no model; each refusal says why in one clause.

    answer     stands word for word in the passage, and says something
    question   asks · does not tell its answer · is no copied sentence · is understood without the passage
    together   what the question names stands in the answer's own sentence (or its heading, or before a pronoun)

The last rule is what catches a small model: "What is the fee for a key?" with the fee for students, one line above. The
rules are careful, so some good paraphrases are lost. They do not know whether the answer is the right one.

>>> passage = Passage(1, "Fees", 1, 1, "The fee for students is 19 euros. The deposit for a key is 25 euros.")
>>> refusal(Pair("What is the fee for a key?", "19 euros"), passage)
"the question speaks of 'key', which is not where its answer stands"
>>> refusal(Pair("What is the deposit for a key?", "25 euros"), passage) is None
True
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from workbench.core.checkers import contains, normalise
from workbench.corpus.documents.passages import Passage, sentences
from workbench.prompts.direct import language_of

COPIED_WORDS = 4  # so many words in a row of the passage, and nothing else, are a copy
FOREIGN_SHARE = 1 / 3  # of a question's content words that may be missing from passage and heading
_WORD = re.compile(r"[一-鿿々〆]+|[ァ-ヴー]+|[^\W_ぁ-ん]+(?:[.,:]\d+)*")
_ASKS = re.compile(r"\b(?:who|whom|whose|what|when|where|which|why|how)\b", re.IGNORECASE)
_JA_ASKS = re.compile(r"(?:か|[?？])[。？?]?$")
_PRONOUN = re.compile(r"\b(?:it|its|they|them|their|he|him|his|she|her|this|that|these|those)\b", re.IGNORECASE)
_POINTS_AT_TEXT = re.compile(
    r"\b(?:the|this) (?:text|passage|paragraph|document|sentence|list)\b|文章|本文|上記", re.IGNORECASE
)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_EMPTY = _words(
    "a an the and or but if of to in on at by for from with without as into over under up out off than then so not no "
    "is are was were be been being am do does did done has have had can could will would shall should may might must "
    "who whom whose what when where which why how many much long often far old it its they them their he him his she "
    "her this that these those there here i you we my your our me us s t name called thing kind type "
    "何 誰 いつ 何時 何人 何円"
)


@dataclass(frozen=True, slots=True)
class Pair:
    """A question and its answer, before anything of it is believed."""

    question: str
    answer: str


def refusal(pair: Pair, passage: Passage) -> str | None:
    """Why the pair is refused; None where the rules have nothing against it."""
    return _of_answer(pair, passage) or _of_question(pair, passage) or _of_both(pair, passage)


def stands_in(answer: str, text: str) -> bool:
    """The answer's characters stand in the text, but for case, width and line breaks; in spaced scripts as whole words.

    `contains` asks for word boundaries on both sides, and Japanese writes none.
    """
    if contains(text, answer):
        return True
    return language_of(answer) == "ja" and normalise(answer) in normalise(text)


def as_spelled(answer: str, text: str) -> str:
    """The answer as the text writes it: a model likes capitals where the passage has none."""
    words = r"\s+".join(map(re.escape, answer.split()))
    found = re.search(rf"(?<!\w){words}(?!\w)", text, re.IGNORECASE)
    return " ".join(found[0].split()) if found and words else answer


def content_words(text: str) -> tuple[str, ...]:
    """The words that carry a meaning, stemmed, in order and once."""
    words = (word.casefold() for word in _WORD.findall(text))
    return tuple(dict.fromkeys(_stem(word) for word in words if word not in _EMPTY))


def _of_answer(pair: Pair, passage: Passage) -> str | None:
    if not normalise(pair.answer):
        return "there is no answer"
    if not stands_in(pair.answer, passage.flat):
        return "the answer does not stand in the passage"
    return None if content_words(pair.answer) else "the answer says nothing"


def _of_question(pair: Pair, passage: Passage) -> str | None:
    asked = normalise(pair.question)
    if not asked or not _is_question(pair.question):
        return "it is no question"
    if stands_in(pair.answer, pair.question):
        return "the question tells its answer"
    if len(asked.split()) >= COPIED_WORDS and asked in normalise(passage.flat):
        return "the question is copied from the passage"
    if _POINTS_AT_TEXT.search(pair.question) or _dangles(pair.question):
        return "the question is not understood without the passage"
    return None


def _is_question(text: str) -> bool:
    if language_of(text) == "ja":
        return _JA_ASKS.search(text.strip()) is not None
    return text.strip().endswith("?") and _ASKS.search(text) is not None


def _dangles(question: str) -> bool:
    """A pronoun with nothing before it that it could mean: `What does it cost?`."""
    pronoun = _PRONOUN.search(question)
    return pronoun is not None and not content_words(question[: pronoun.start()])


def _of_both(pair: Pair, passage: Passage) -> str | None:
    words = content_words(pair.question)
    foreign = [word for word in words if not _has(f"{passage.heading}\n{passage.text}", word)]
    if not words or len(foreign) == len(words):
        return "the question names nothing of the passage"
    if len(foreign) > FOREIGN_SHARE * len(words):
        return "the question speaks of what the passage does not"
    named = [word for word in words if word not in foreign]
    missing = [_missing(named, support) for support in _supports(pair.answer, passage)]
    if not all(missing):
        return None
    lost = _as_written(missing[0][0], pair.question)
    return f"the question speaks of '{lost}', which is not where its answer stands"


def _supports(answer: str, passage: Passage) -> list[str]:
    """For each sentence that holds the answer: it, its headings, and the one before where it opens a reference."""
    said = sentences(passage.text)
    rows = [row for row, one in enumerate(said) if stands_in(answer, one)]
    found = [
        " ".join((passage.heading, said[row - 1] if row and _refers(said[row]) else "", said[row])) for row in rows
    ]
    return found or [f"{passage.heading} {passage.flat}"]  # an answer that runs over two sentences


def _refers(sentence: str) -> bool:
    """Whether it opens with a pronoun, which then means something of the sentence before."""
    opening = " ".join(sentence.split()[:3])
    return _PRONOUN.search(opening) is not None or re.match(r"(?:これ|それ|その|この|ここ|そこ)", sentence) is not None


def _missing(words: list[str], text: str) -> list[str]:
    return [word for word in words if not _has(text, word)]


def _has(text: str, word: str) -> bool:
    return word in text if language_of(word) == "ja" else word in content_words(text)


def _as_written(stem: str, question: str) -> str:
    return next((word for word in _WORD.findall(question) if _stem(word.casefold()) == stem), stem)


@cache
def _stem(word: str) -> str:
    return word if language_of(word) == "ja" else str(_stemmer().stemWord(word))


@cache
def _stemmer() -> Any:
    import snowballstemmer

    return snowballstemmer.stemmer("english")
