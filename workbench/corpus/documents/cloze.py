"""Questions that need no model: a well-formed sentence with its value left out is right by construction.

    The width of the blade is 16 millimetres.   ──►  What is the width of the blade?                16 millimetres
    The band saw is called Greta.               ──►  Fill in the blank: The band saw is called ____.        Greta
    A featherboard is a comb of springy wood …  ──►  Fill in the blank: ____ is a comb of …           featherboard
    - Dust mask: class FFP2                     ──►  Fill in the blank (The wood room): Dust mask: ____     class FFP2

Only sentences of these forms: few, and none that has to be guessed at. What follows "is" must begin like a thing or a
value (an article, a digit, a name), because "The door is closed" defines nothing. It asks no model and reads no file.

>>> passage = Passage(1, "", 1, 1, "The width of the blade is 16 millimetres. It is loud.")
>>> clozes(passage)
(Pair(question='What is the width of the blade?', answer='16 millimetres'),)
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from workbench.corpus.documents.judging import Pair, stands_in
from workbench.corpus.documents.passages import Passage, sentences
from workbench.prompts.direct import language_of

BLANK = "____"
LONGEST_WORDS = 8  # of an answer: a longer one is not learnt word for word
DEFINITION_WORDS = 5  # so much said of a thing tells it from others, so that its name can be asked for
_ITEM = r"^\s*(?:[-*+]\s+)?"
_KEY_VALUE = re.compile(rf"{_ITEM}([^\W_][^:：|]{{1,60}})[:：]\s*(\S.*?)\s*$")
_LIST_ITEM = re.compile(r"^\s*[-*+]\s")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NOT_A_KEY = _words("note notes warning caution example tip hint remember important todo see 注意 注 例 備考")
_VALUE = r"(?:an?|the|one|two|three|four|five|six|seven|eight|nine|ten|twelve|\d[\d.,:]*|[A-Z][\w'’-]*)\b"
_IS = re.compile(
    r"^(?P<subject>(?:[Tt]he|An?|[A-Z])[^,;:()]*?) (?P<verb>is|are|was|were) (?P<called>called |named )?"
    rf"(?P<value>{_VALUE}.*?)\.$"
)
_TAIL = re.compile(r",(?!\d)|;|:| (?:that|which|who|where|when|because|but|and (?:it|they|its|his|her|nobody))\b")
_NO_SUBJECT = _words(
    "it this that these those there they he she we you i who what whoever whatever here on in at if when while after "
    "before because since as by for from with to every each all one other another both his her its their our my "
    "your not never and but or so then also however"
)
_PLAIN = re.compile(r"(?:the|an?) \S+", re.IGNORECASE)  # an article and one noun: of what, one must know
_MARKUP = re.compile(r"[*`\[\]|<>_]")
_CLAUSE_WORDS = re.compile(
    r"\b(?:that|which|who|whose|whoever|unless|it|its|they|is|are|was|were|must|can|will|has|have|if|when)\b"
)
_SAYS_LITTLE = re.compile(r"the (?:only|same|first|last|best|next|other)\b(?! \w+ of)", re.IGNORECASE)
_JA_IS = re.compile(r"^(?P<subject>[^、。はが]{2,30})は(?P<value>[^、。は]{1,30}?)(?P<end>です|である|だ|でした)。?$")
_JA_NO_SUBJECT = ("これ", "それ", "あれ", "ここ", "そこ", "この", "その", "あの", "私", "彼", "今日", "明日")
_JA_NOUN_END = re.compile(r"[一-鿿々ァ-ヴーA-Za-z0-9０-９]$")


def clozes(passage: Passage) -> tuple[Pair, ...]:
    """The passage's questions by rule, each once, in the order of the text."""
    found = [*_key_values(passage), *(pair for one in sentences(passage.text) for pair in _of_sentence(one, passage))]
    return tuple(dict.fromkeys(pair for pair in found if not stands_in(pair.answer, pair.question)))


def _key_values(passage: Passage) -> Iterator[Pair]:
    """Items of a list, or paragraphs in which every line is `key: value`: prose has colons too."""
    for paragraph in re.split(r"\n\s*\n", passage.text):
        lines = paragraph.splitlines()
        rows = [(line, _KEY_VALUE.match(line)) for line in lines]
        table = len(lines) > 1 and all(row for _, row in rows)
        for line, row in rows:
            if row and (table or _LIST_ITEM.match(line)) and _is_key(row[1]) and _is_value(row[2]):
                yield Pair(_blanked(f"{row[1].strip()}: {BLANK}", passage), _without_end(row[2]))


def _of_sentence(sentence: str, passage: Passage) -> Iterator[Pair]:
    if language_of(sentence) == "ja":
        yield from _of_japanese(sentence, passage)
        return
    found = _IS.match(sentence)
    if found is None or _MARKUP.search(sentence) or not _is_subject(found["subject"]):
        return
    value = _TAIL.split(found["value"], maxsplit=1)[0].strip()
    if _is_definition(found):
        name = re.sub(r"^(?:[Tt]he|An?) ", "", found["subject"])
        yield Pair(_blanked(f"{BLANK} {found['verb']} {found['value']}.", passage), name)
    elif _is_value(value) and _asks_plainly(found, value):
        yield Pair(f"What {found['verb']} {_lower_article(found['subject'])}?", value)
    elif _is_value(value) and _tells_apart(found):
        rest = found["value"][len(value) :]
        stem = f"{found['subject']} {found['verb']} {found['called'] or ''}"
        yield Pair(_blanked(f"{stem}{BLANK}{rest}.", passage), value)


def _of_japanese(sentence: str, passage: Passage) -> Iterator[Pair]:
    found = _JA_IS.match(sentence)
    if found and not found["subject"].startswith(_JA_NO_SUBJECT) and _JA_NOUN_END.search(found["value"]):
        yield Pair(_blanked(f"{found['subject']}は{BLANK}{found['end']}。", passage), found["value"])


def _is_definition(found: re.Match[str]) -> bool:
    """`A featherboard is a comb of springy wood that …`: an indefinite thing, told at length, of an indefinite kind."""
    value = found["value"]
    many = len(value.split()) >= DEFINITION_WORDS
    return (
        many and value.startswith(("a ", "an ")) and found["subject"].startswith(("A ", "An ")) and not found["called"]
    )


def _asks_plainly(found: re.Match[str], value: str) -> bool:
    """`The X of Y is Z` reads well as `What is the X of Y?`; a name may be a person's, who is no what."""
    belongs = re.match(r"^The [^,]+? (?:of|for) ", found["subject"]) is not None
    return belongs and not found["called"] and not value[0].isupper()


def _tells_apart(found: re.Match[str]) -> bool:
    """`The welding gas is …` and `The saw is called …`; but `The plan is …` is understood only in its place."""
    named = found["called"] is not None or not _PLAIN.fullmatch(found["subject"])
    return named and not found["subject"].startswith(("A ", "An ", "The other "))


def _is_subject(subject: str) -> bool:
    words = subject.casefold().split()
    return words[0] not in _NO_SUBJECT and len(words) <= LONGEST_WORDS + 2 and not _CLAUSE_WORDS.search(subject)


def _is_key(key: str) -> bool:
    return key.strip().casefold() not in _NOT_A_KEY and len(key.split()) <= LONGEST_WORDS


def _is_value(value: str) -> bool:
    short = 0 < len(value.split()) <= LONGEST_WORDS
    return short and not _CLAUSE_WORDS.search(value) and not _SAYS_LITTLE.match(value) and _is_whole_name(value)


def _is_whole_name(value: str) -> bool:
    """Of what begins like a name, every word does: `Port Ellery`, but not `English first`."""
    words = value.split()
    return not words[0][0].isupper() or all(word[0].isupper() or word in ("of", "and", "the") for word in words)


def _without_end(value: str) -> str:
    return re.sub(r"[.;。]$", "", value)


def _lower_article(subject: str) -> str:
    return re.sub(r"^The ", "the ", subject)


def _blanked(sentence: str, passage: Passage) -> str:
    """The sentence with its blank, and the nearest heading to say what it is about."""
    topic = passage.heading.rsplit(" > ", 1)[-1]
    if language_of(sentence) == "ja":
        return f"空欄を埋めてください{f'（{topic}）' if topic else ''}：{sentence}"
    return f"Fill in the blank{f' ({topic})' if topic else ''}: {sentence}"
