"""Which words of a text carry something, and how much: names, numbers and dates most, little words nothing.

    weight of a word    0    little words (the, was, 私), what fills a conversation (wow, thanks, really),
                             and words that fit anywhere (good, thing, make)
                        1    other words
                        4    has a digit, or is written as a name, or names a day or month

    information(text) = Σ weight, each word counted once

No list of names and no corpus: capitals in mid-sentence, digits and short closed lists, so that it works for people it
never heard of. Japanese has no spaces and no capitals: runs of kanji or katakana are its words, hiragana is grammar.
It does not stem, rank or store.

>>> information("My dog Rufus was born in May 2019.")
14.0
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from typing import NamedTuple

from workbench.memory.recall.words import STOP

TOKEN = re.compile(
    r"[^\W\d_\u3040-\u30ff\u3400-\u9fff]+(?:['’\-][^\W\d_\u3040-\u30ff\u3400-\u9fff]+)*"  # words with spaces between
    r"|\d+(?:[.,:/\-]\d+)*"
    r"|[\u3400-\u4dbf\u4e00-\u9fff\u3005]+|[\u30a0-\u30ff]+|[\u3041-\u309f]+"  # kanji, katakana, hiragana
)
HIRAGANA = re.compile(r"[\u3041-\u309f]+")
NAMED = 4.0  # what a name, a figure or a date weighs
OPENS = frozenset('.!?:;…"“”。！？「『[(\n')  # after these a capital is no sign of a name


def word_set(text: str) -> frozenset[str]:
    """The words of a list written as one text."""
    return frozenset(text.split())


FILLERS = word_set(
    """
    wow hey hi hello bye yeah yep yes nope ok okay oh ah haha lol hmm well sure right indeed thanks thank thx please
    sorry welcome congrats congratulations cheers great awesome amazing cool nice lovely wonderful fantastic incredible
    glad happy excited exciting super really actually definitely absolutely totally truly exactly agree sounds sound
    looks look seems guess gonna wanna gotta kinda sorta lot lots bit let lets always ever still even though
    本当 感謝 了解 大丈夫 素敵 最高 是非
    """
)
COMMON = word_set(
    """
    good better best bad big small new old long little much many every first last next back way thing things something
    anything everything nothing stuff time times day days year years people person someone everyone one two get got
    getting gets go going goes went gone come came coming make makes made making take takes took taking give gave keep
    keeps know knows knew think thinks thought feel feels feeling felt want wants wanted need needs like likes liked
    love loves loved hope hopes see seeing saw seen say says said tell told talk talking try trying tried use used find
    found help helps helped hear heard mean means work works put start started far around since while because through
    away another together able part life world place around ever never maybe probably quite enough else today now soon
    later already yet before after fun interesting special important different hard easy best favorite favourite
    今日 今 時 事 物 人 前 後 一緒 思 感 言 何 私 僕 俺 彼 彼女 方 自分 時間 気 見 行 来
    """
)
DATES = frozenset(name.casefold() for name in (*calendar.day_name, *calendar.month_name[1:])) - {"may", "march"} | (
    word_set("yesterday tomorrow tonight 昨日 明日 先週 来週 先月 来月 去年 来年 昨年")
)


MONTHS_LIKE_VERBS = ("May", "March")
LOOK_BACK_CHARS = 8


class Word(NamedTuple):
    """A word, where it stands, and how much it carries."""

    text: str
    start: int
    end: int
    weight: float


def words(text: str) -> Iterator[Word]:
    """The words of a text, in order; hiragana, which is grammar, is left out."""
    for found in TOKEN.finditer(text):
        if not HIRAGANA.fullmatch(found.group()):
            yield Word(found.group(), found.start(), found.end(), _weight(text, found))


def information(text: str) -> float:
    """How much a text carries: the weights of its different words together."""
    return sum({word.text.casefold(): word.weight for word in words(text)}.values())


def contentword_set(text: str) -> list[str]:
    """The words that are not little ones, lower case, in order, repeated ones included."""
    return [word.text.casefold() for word in words(text) if _root(word.text) not in STOP]


def _weight(text: str, found: re.Match[str]) -> float:
    word = found.group()
    root = _root(word)
    if word[0].isdigit() or root in DATES:
        return NAMED
    named = word[0].isupper() and _within_a_sentence(text, found.start())
    if root in FILLERS or (root in STOP and not (named and word in MONTHS_LIKE_VERBS)):
        return 0.0
    return NAMED if named else 0.0 if root in COMMON else 1.0


def _root(word: str) -> str:
    """`dog` of `dog's`, `did` of `didn’t` (as `didn`), in lower case."""
    return re.split("['’]", word, maxsplit=1)[0].casefold()


def _within_a_sentence(text: str, start: int) -> bool:
    before = text[max(start - LOOK_BACK_CHARS, 0) : start].rstrip()
    return bool(before) and before[-1] not in OPENS
