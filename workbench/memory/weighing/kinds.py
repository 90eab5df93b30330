"""What kind of thing a text says, by rule: a procedure, a preference, an event, or else a fact.

    "Always water the roses in the evening."    procedure     how something is done, or must be
    "I can't stand olives.", 猫が好きです         preference    what someone likes or not
    "We went to Oslo yesterday."                event         it has a day, see `event_dates.py`
    "My dog is called Rufus."                   fact          everything else, questions too

The first kind that fits counts, in this order. English and Japanese; a text in another language is a fact, or an event
where it holds a date in figures. It knows no model and no database.

>>> kind_of("I hate olives."), kind_of("To start it, first press the red button.")
('preference', 'procedure')
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workbench.memory.weighing.event_dates import event_time

if TYPE_CHECKING:
    from workbench.memory.memories import Kind

__all__ = ["event_time", "kind_of"]

SOME_DAY = 951_825_600.0  # in a leap year; whether a text tells a day does not depend on when it was said
LONGEST_CHARS = 2_000  # rules are for sentences; the rest of a longer text does not change its kind

SPEAKER = re.compile(r"^[^\W\d_][\w .'’-]{0,39}:\s+")  # a leading `Anna:` is not part of what was said
ASIDE = re.compile(
    r"(?:please|remember(?: to| that)?|note that|keep in mind(?: that)?|ok(?:ay)?|so|and|but|from now on)\b[,:]?\s+",
    re.IGNORECASE,
)
ASKS = re.compile(r"[?？]\s*$|(?:です|ます)か。?\s*$")

_ORDER = "(?:always|never|make sure|be sure to|(?:do not|don['’]t) ever|step \\d)"
_DO = "(?:first|you|one|just|always|please|press|open|run|use|click|go|take|put|turn|hold|type|add|set|call)"
PROCEDURE = re.compile(
    rf"^{_ORDER}\b(?! (?:mind|again))"
    rf"|^(?:when(?:ever)?|if|before|after|once) [^.?!]{{2,80}}, (?:please )?{_ORDER}\b"
    rf"|^(?:in order )?to [a-z]+ [^.?!]{{2,80}}, {_DO}\b"
    r"|^(?:you|we) (?:have to|must|need to|should) (?:first|always|never)\b"
    r"|\bhow to [a-z]+[^?:]{0,60}:"
    r"|\bthe (?:way|trick|procedure|recipe|steps?) (?:to|for|is to)\b"
    r"|\bfirst\b[^?]{3,120}\b(?:then|next|afterwards|after that)\b",
    re.IGNORECASE,
)
PROCEDURE_JA = re.compile(
    r"方法は|やり方は|手順は|まず.{2,60}(?:次に|それから|その後|してから)"
    r"|(?:必ず|常に|いつも|絶対に?).{1,40}(?:てください|て下さい|こと|ないで)"
    r"|(?:には|ときは|時は|場合は).{1,60}(?:てください|て下さい|すればよい|すればいい|こと)[。！!]?$"
)

_WHO = r"(?:\b(?:[Ii]|[Ww]e|[Hh]e|[Ss]he|[Tt]hey|[Yy]ou|(?i:my|our) [a-z]+|[A-Z][a-z]+))"
_OFTEN = (
    r"(?:(?:really|also|still|just|always|never|absolutely|totally|both|all|do|do not|does not|don['’]t|doesn['’]t"
    r"|didn['’]t|used to) )*"
)
_NOT_POLITE = r"(?! (?:to (?:see|hear|know)|how|what|it when|that you|your|this|that|seeing|hearing|an? )|[.!,]|$)"
PREFERENCE = re.compile(
    rf"{_WHO} {_OFTEN}(?:like|love|enjoy|hate|dislike|prefer|adore|detest|loathe|crave)(?:s|d|ed)?\b{_NOT_POLITE}"
    r"|(?i:\b(?:can['’]t|cannot|can not|couldn['’]t) (?:stand|bear)\b"
    r"|(?:['’]m|\bam|\bis|\bare|['’]re|['’]s) (?:not )?(?:really )?"
    r"(?:a (?:big |huge )?fan of|fond of|crazy about|keen on|into|allergic to)\b"
    r"|\bfavou?rites?\b|\bwould rather\b|['’]d rather\b|\bpet peeve\b)"
)
PREFERENCE_JA = re.compile(
    r"好き|嫌い|きらい|苦手|好物|好みは|お気に入り|(?:の方|のほう)が(?:いい|良い)|趣味は|に目がない"
)


def kind_of(text: str) -> Kind:
    """The kind of a statement."""
    said = SPEAKER.sub("", text[:LONGEST_CHARS].strip())
    if ASKS.search(said):
        return "fact"
    if PROCEDURE.search(_without_asides(said)) or PROCEDURE_JA.search(said):
        return "procedure"
    if PREFERENCE.search(said) or PREFERENCE_JA.search(said):
        return "preference"
    return "fact" if event_time(said, SOME_DAY) is None else "event"


def _without_asides(said: str) -> str:
    """`never mix them` of `Please remember: never mix them`."""
    while aside := ASIDE.match(said):
        said = said[aside.end() :]
    return said
