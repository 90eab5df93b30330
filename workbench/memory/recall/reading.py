"""What recall knows of one memory's text, and what it wants of a question: both read once, by rule.

    read("Anna: I went to Oslo last May. Have you been there?", "Anna")
        stated  go, oslo, last, may        asked  (been, there are little words)
        first person: yes      tells a time: yes      ends with a question: yes

    ask("Where did Anna go in May?", …)
        terms  go, may      named  Anna      months  {5}      wants a time: no

The words of a question inside a text are kept apart: they say what the next turn answers. English and Japanese; in
other languages the word rules find nothing and the rest works. It ranks nothing.

>>> read("I went to Oslo last May.").stated
{'go': 1, 'oslo': 1, 'last': 1, 'may': 1}
"""

from __future__ import annotations

import calendar
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from workbench.memory.recall.words import stem, terms, words

SENTENCE = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])|\n+")
ASIDE = re.compile(r"(?<!\s)\s*\[[^\[\]]*\]\s*$")  # a picture's caption after what was said; blanks are read once
MARKS = frozenset("?？か")
ASKS = re.compile(r"[?？]\s*$|(?:です|ます|でしょう|ません|だろう)か。?\s*$")
FIRST_PERSON = frozenset(("i", "my", "me", "we", "our"))
FIRST_PERSON_JA = re.compile("私|僕|俺|わたし|ぼく|うち(?:の|は|に|で)")
MONTHS = {name.casefold(): number for number, name in enumerate(calendar.month_name) if name}
SHORT_MONTHS = {name.casefold(): number for number, name in enumerate(calendar.month_abbr) if name and name != "May"}
RELATIVE = (
    "yesterday today tonight tomorrow ago last next recently since weekend week weeks month months year years day"
)
TIMES = frozenset((*RELATIVE.split(), *MONTHS, *(name.casefold() for name in calendar.day_name)))
TIMES_JA = re.compile(
    "昨日|今日|明日|先週|今週|来週|先月|今月|来月|去年|昨年|今年|来年|おととい|一昨日|週末|[月火水木金土日]曜"
    r"|\d\s*(?:年|月|日|週間|時)|前に|この前|この間"
)
WANTS_TIME = re.compile(
    r"\bwhen\b|\bwhat (?:date|day|month|year)\b|\bhow long ago\b|いつ|何[年月日時曜]|何週間前", re.IGNORECASE
)
YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)(?!\d)")
JAPANESE_MONTH = re.compile(r"(?<!\d)(1[0-2]|[1-9])\s*月")


@dataclass(frozen=True, slots=True)
class Reading:
    """A memory's text, read."""

    stated: dict[str, int]  # term -> how often, in sentences that state
    asked: dict[str, int]  # the same in sentences that ask
    first_person: bool
    ends_asking: bool
    tells_time: bool

    @property
    def length(self) -> int:
        """Terms in all."""
        return sum(self.stated.values()) + sum(self.asked.values())


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, read."""

    terms: tuple[str, ...]  # each once, without the names of speakers
    named: frozenset[str]  # speakers whose name occurs
    of_the_asker: bool  # "my", "I": whoever sits at the keyboard
    months: frozenset[int]
    years: frozenset[int]
    wants_time: bool


def read(text: str, speaker: str | None = None) -> Reading:
    """Read a memory; a leading `Speaker:` is not part of what was said."""
    said = text.removeprefix(f"{speaker}:") if speaker else text
    stated: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    may_ask = not MARKS.isdisjoint(said)  # most texts ask nothing: spares them the search for sentences
    for sentence in SENTENCE.split(said) if may_ask else (said,):
        (asked if may_ask and ASKS.search(sentence) else stated).update(terms(sentence))
    bare = ASIDE.sub("", said)
    held = set(words(bare))
    return Reading(
        dict(stated),
        dict(asked),
        _of_oneself(bare, held),
        may_ask and bool(ASKS.search(bare)),
        not held.isdisjoint(TIMES) or bool(YEAR.search(bare)) or (not bare.isascii() and bool(TIMES_JA.search(bare))),
    )


def ask(question: str, speakers: Iterable[str] = ()) -> Asked:
    """Read a question; `speakers` are the names it may contain."""
    held = set(words(question))
    named = frozenset(name for name in speakers if _names(name, question, held))
    parts = {stem(part) for name in named for part in words(name)} | {term for name in named for term in terms(name)}
    return Asked(
        tuple(term for term in dict.fromkeys(terms(question)) if term not in parts),
        named,
        not named and _of_oneself(question, held),
        _months(question),
        frozenset(int(year) for year in YEAR.findall(question)),
        bool(WANTS_TIME.search(question)),
    )


def _of_oneself(text: str, held: set[str]) -> bool:
    return not held.isdisjoint(FIRST_PERSON) or (not text.isascii() and bool(FIRST_PERSON_JA.search(text)))


def _names(speaker: str, question: str, held: set[str]) -> bool:
    """Whether the question names a speaker: by a word of the name, or, in a script without spaces, by the name."""
    if speaker.isascii():
        return not held.isdisjoint(words(speaker))
    return speaker.casefold() in question.casefold()


def _months(question: str) -> frozenset[int]:
    said = question if re.search(r"(?<=\w )May\b", question) else re.sub(r"\bmay\b", "", question, flags=re.IGNORECASE)
    english = (MONTHS.get(word) or SHORT_MONTHS.get(word) for word in words(said))
    japanese = (int(month) for month in JAPANESE_MONTH.findall(question))
    return frozenset(month for month in (*english, *japanese) if month)
