"""A text as the terms that lexical search compares: words without the little ones, reduced to their stems.

    "Where did she buy the red cars?"  ──►  ["buy", "red", "car"]
    "赤い車を買った"                     ──►  see `japanese.py`

English by the Snowball stemmer (Porter, 2001); other alphabets word by word; Japanese by its own rules, since it has
no spaces. It does not count, weigh or store.

>>> terms("Where did she buy the red cars?")
['buy', 'red', 'car']
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from workbench.memory.recall import japanese

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
JAPANESE = re.compile(r"[\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uff66-\uff9f]+")
CACHED_STEMS = 65_536
STOP = frozenset((Path(__file__).parent / "stop_words.txt").read_text(encoding="utf-8").split())


def terms(text: str) -> list[str]:
    """The terms of a text, in order, repeated ones included."""
    if text.isascii():
        return list(_stems(text))
    text = unicodedata.normalize("NFKC", text)
    found = [term for run in JAPANESE.findall(text) for term in japanese.terms(run)]
    return [*_stems(_without_accents(JAPANESE.sub(" ", text))), *found]


def words(text: str) -> Iterator[str]:
    """The words of an alphabetic text in lower case, `Anna's` and `didn't` cut at the apostrophe."""
    return (word.partition("'")[0].partition("’")[0] for word in WORD.findall(text.casefold()))


def _stems(text: str) -> Iterable[str]:
    return (stem(word) for word in words(text) if word not in STOP)


def _without_accents(text: str) -> str:
    """`café` as `cafe`, so that it is found however it was typed."""
    return "".join(char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char))


@lru_cache(CACHED_STEMS)
def stem(word: str) -> str:
    """The stem of one lower-case word."""
    return str(_stemmer().stemWord(word)) if word.isascii() else word


@cache
def _stemmer() -> Any:
    import snowballstemmer

    return snowballstemmer.stemmer("english")
