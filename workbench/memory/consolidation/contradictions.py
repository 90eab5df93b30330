"""Which statement takes the place of an older one: the same thing about the same subject, said otherwise.

    "I live in Oslo."            claims   (i, home)                 Oslo
    "I've moved to Rome."        claims   (i, home)                 Rome           contradicts the line above
    "My dog is called Rufus."    claims   (my dog, name)            Rufus
    "I like olives."             claims   (i, like olives)          yes
    "I can't stand olives."      claims   (i, like olives)          no             contradicts the line above
    "I no longer live in Rome."  claims   (i, home)                 not Rome       contradicts the second line

Few rules, for statements that can hold one value at a time; what no rule reads claims nothing and stays. What is
supposed, asked, past or hedged claims nothing either, and only a text that says one thing gives way: the rest of a
longer one would be lost with it. English and Japanese. It compares no vectors and changes nothing.

>>> contradicts(claim_of("I've moved to Rome."), claim_of("I live in Oslo."))
True
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.memory.recall.reading import SENTENCE
from workbench.memory.recall.words import stem
from workbench.memory.weighing.event_dates import COUNTS
from workbench.memory.weighing.wording import word_set

if TYPE_CHECKING:
    from workbench.memory.memories import StoredMemory


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing about one subject: its value, or that this value does not hold (any more)."""

    subject: str
    about: str
    value: str
    holds: bool = True


_SUBJECT = r"(?P<subject>I|[Mm]y(?: [a-z]+){1,2}?|[A-Z][a-z]+)"
_MINE = r"(?P<subject>[Mm]y(?: [a-z]+){1,2}?)"
_BE = r"(?:'m| am| is|'s)"
_VALUE = r"(?P<value>[^,.;:!?。、！？]{1,60}?)"
_COUNT = r"(?P<value>\d+|one|two|three|four|five|six|seven|eight|nine|ten)"
_NO = r"(?P<no>no longer |do(?:es)?(?:n't| not) )?(?:currently |now )?"
_END = (
    r"(?:\s+(?:now|nowadays|these days|again|today|and|but|with|since|because|so|as well|too|who|which|for|last|this"
    r"|at the moment|recently|from now on|any ?more)\b.*|\s*[,.;:!?].*|\s*)$"
)
_NAMED = (
    r"(?P<about>name|age|birthday|phone(?: number)?|email(?: address)?|address|job|occupation|employer|boss|manager"
    r"|hometown|nationality|password|height|weight|shoe size|time ?zone|username|nickname|doctor|dentist|landlord"
    r"|native language"
)
_I = r"^(?:(?:私|僕|俺|わたし)[はが])?(?:(?:今|現在)は?)?(?:先週|先月|昨日|最近)?、?"
_MY = r"^(?:(?:私|僕|俺|わたし)の)?"
_JA_VALUE = r"(?P<value>[^はが、。]{1,20}?)"
_JA_END = r"(?:です|だ|といいます|と言います)?(?:。|$)"
_LIKES = r"(?P<likes>like|love|enjoy|adore)"
_HATES = (
    r"(?P<hates>hate|dislike|detest|loathe|can(?:no|')t stand|no longer (?:like|love|enjoy|adore)"
    r"|do(?:n't| not) (?:really )?(?:like|love|enjoy)|stopped liking)"
)

RULES = tuple(
    (re.compile(pattern), about)
    for pattern, about in (
        (rf"^{_SUBJECT}{_BE}? ?{_NO}(?:lives?|living|resides?|residing) in {_VALUE}{_END}", "home"),
        (rf"^{_SUBJECT}(?:'ve| have| has)? (?:just |recently )?moved to {_VALUE}{_END}", "home"),
        (rf"^{_SUBJECT}{_BE}? ?{_NO}(?:works?|working) (?:at|for) {_VALUE}{_END}", "employer"),
        (rf"^{_SUBJECT} (?:is (?:called|named)|goes by|answers to) {_VALUE}{_END}", "name"),
        (rf"^{_MINE}'s {_NAMED}) is {_VALUE}{_END}", ""),
        (rf"^(?P<subject>[Mm]y) {_NAMED}|favou?rite(?: [a-z]+){{1,3}}?) is {_VALUE}{_END}", ""),
        (rf"^{_SUBJECT}{_BE} (?P<value>\d{{1,3}})(?: years old)?{_END}", "age"),
        (rf"^{_SUBJECT}(?:'ve got| have| has| own| owns) {_COUNT} (?P<about>[a-z]+(?: [a-z]+)??){_END}", ""),
        (rf"{_I}{_JA_VALUE}[にで](?:住んで|暮らして)い?(?:ます|る)(?:。|$)", "home"),
        (rf"{_I}{_JA_VALUE}[にへ]引っ越し(?:ました|た)(?:。|$)", "home"),
        (rf"{_I}{_JA_VALUE}[でに](?:働いて|勤めて)い?(?:ます|る)(?:。|$)", "employer"),
        (rf"{_MY}(?P<subject>[^はが、。の]{{0,10}})の?名前は、?{_JA_VALUE}{_JA_END}", "name"),
        (rf"{_MY}(?P<about>(?:一番)?好きな[^はが、。]{{1,12}})は、?{_JA_VALUE}{_JA_END}", ""),
    )
)
TASTE = re.compile(rf"^I (?:really |also |just |absolutely )*(?:{_LIKES}|{_HATES}) {_VALUE}{_END}")
TASTE_JA = re.compile(
    rf"{_I}{_JA_VALUE}[がは](?:もう)?(?:(?P<likes>(?:大|とても)?好き(?:です|だ|になりました|になった)?)"
    r"|(?P<hates>(?:大|とても)?(?:嫌い|苦手)(?:です|だ)?|好き(?:では|じゃ)(?:ない|ありません)(?:です)?))(?:。|$)"
)
HABIT = re.compile(
    r"^I (?:also |still |now |usually |often )?(?P<verb>[a-z]+)(?P<rest>(?: [^,.;:!?]{1,50}?)?)(?: again| now)?[.!]?$"
)
HABIT_NO = re.compile(
    r"^I(?: (?:no longer|do(?:n't| not)|never)|(?: have|'ve)? (?:stopped|quit|given up|gave up)) (?P<verb>[a-z]+)"
    r"(?P<rest>(?: [^,.;:!?]{1,50}?)?)(?: any ?more)?[.!]?$"
)
NOT_HABITS = word_set(
    "am was were had have did do will would can could should may might must think guess hope know mean"
)
HEDGES = re.compile(
    r"\b(?:if|would|might|maybe|perhaps|used to|when i was|wish|pretend|imagine|suppose|almost|not sure|i think)\b"
    r"|もし|かもしれ|たぶん|昔は|以前は",
    re.IGNORECASE,
)
SPOKEN = re.compile(
    r"^(?:(?:so|well|oh|hey|hi|yes|no|actually|by the way|please|remember(?: that)?|note that|and|but)[,:]? )+",
    re.IGNORECASE,
)
JOINS = re.compile(r";|\b(?:and|but|because|since|which|who|while|where|so)\b|が、|けど|ので|から、", re.IGNORECASE)
MOST_SENTENCES = 8


def overtaken(memories: Sequence[StoredMemory], *, fixed: Collection[str] = ()) -> dict[str, str]:
    """id of an older memory -> id of the latest that contradicts it.

    Args:
        memories: in the order in which they were said.
        fixed: ids of memories that stay as they are; pinned ones do too.
    """
    standing: dict[tuple[str | None, str, str], list[tuple[StoredMemory, Claim]]] = {}
    found: dict[str, str] = {}
    for newer in memories:
        claim = None if newer.kind == "document" else claim_of(newer.text, newer.speaker)
        if claim is None:
            continue
        earlier = standing.setdefault((newer.speaker, claim.subject, claim.about), [])
        beaten = [one for one, other in earlier if one.said_at < newer.said_at and contradicts(claim, other)]
        found |= {one.id: newer.id for one in beaten if _may_yield(one, fixed)}
        earlier[:] = [(one, other) for one, other in earlier if one.id not in found] + [(newer, claim)]
    return found


def claim_of(text: str, speaker: str | None = None) -> Claim | None:
    """What the text claims, by the first rule that reads one of its sentences; None for most texts."""
    said = text.removeprefix(f"{speaker}: ") if speaker else text
    for sentence in SENTENCE.split(said)[:MOST_SENTENCES]:
        claim = _claim(SPOKEN.sub("", sentence.strip().replace("’", "'")))
        if claim is not None:
            return claim
    return None


def is_single(text: str) -> bool:
    """Whether a text says one thing only, so that nothing else is lost when another takes its place."""
    sentences = [part for part in SENTENCE.split(text.strip()) if part.strip()]
    return len(sentences) == 1 and not JOINS.search(text)


def contradicts(newer: Claim | None, older: Claim | None) -> bool:
    """Whether both cannot hold: other values of one thing, or one value that holds and does not."""
    if newer is None or older is None or (newer.subject, newer.about) != (older.subject, older.about):
        return False
    same = _within(newer.value, older.value)
    if newer.holds and older.holds:
        return not same
    return same and newer.holds != older.holds


def _may_yield(older: StoredMemory, fixed: Collection[str]) -> bool:
    said = older.text.removeprefix(f"{older.speaker}: ") if older.speaker else older.text
    return not older.pinned and older.id not in fixed and is_single(said)


def _claim(sentence: str) -> Claim | None:
    if not sentence or sentence.endswith(("?", "？")) or HEDGES.search(sentence):
        return None
    for pattern, about in RULES:
        if found := pattern.match(sentence):
            return _read(found, about)
    for pattern in (TASTE, TASTE_JA):
        if found := pattern.match(sentence):
            return Claim("i", f"like {_plain(found['value'])}", "yes", found["hates"] is None)
    return _habit(sentence)


def _read(found: re.Match[str], about: str) -> Claim:
    groups = found.groupdict()
    subject = _plain(groups.get("subject") or "i")
    return Claim(
        "i" if subject == "my" else subject,
        _plain(groups.get("about") or about).replace("favourite", "favorite"),
        _plain(groups["value"]),
        not groups.get("no"),
    )


def _habit(sentence: str) -> Claim | None:
    """`I stopped smoking` and `I smoke` are about the same: verbs are compared by their stems."""
    denied, found = HABIT_NO.match(sentence), HABIT.match(sentence)
    if denied:
        return Claim("i", f"do {stem(denied['verb'])} {_plain(denied['rest'])}", "yes", False)
    if found is None or found["verb"] in NOT_HABITS:
        return None
    return Claim("i", f"do {stem(found['verb'])} {_plain(found['rest'])}", "yes")


def _plain(value: str) -> str:
    words = (word for word in value.casefold().split() if word not in ("a", "an", "the"))
    return " ".join(str(COUNTS.get(word, word)) for word in words)


def _within(one: str, other: str) -> bool:
    """`oslo` and `oslo norway` do not contradict each other."""
    short, long = sorted((one, other), key=len)
    return f" {short} " in f" {long} " or (not short.isascii() and short in long)
