"""What a search found in a text, and how a text is made ready for searching.

    "電話は０９０－１２３４－５６７８" ──folded──► "電話は090-1234-5678"  and each character's place in the original

People write identifiers in full width, with exotic dashes and invisible characters; patterns should not have to know.
`Folded` keeps the way back. It looks for nothing itself.

>>> folded = Folded.of("ｔｅｌ ０９０")
>>> folded.text, folded.finding("PHONE", 4, 7)
('tel 090', Finding(kind='PHONE', start=4, end=7))
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["EMAIL", "PHONE", "IBAN", "CARD", "IP", "URL", "KEY", "PASSWORD", "SSN", "MY_NUMBER", "ID", "ADDRESS"]
_DASHES = re.compile("(?<=[0-9])[‐-―−ー－](?=[0-9])")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that should not stay: its kind and its place in the text."""

    kind: Kind
    start: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Folded:
    """A text in plain width without invisible characters, and the way back to the original."""

    text: str
    places: tuple[int, ...] | None  # of each character in the original; None where they are the same

    @classmethod
    def of(cls, text: str) -> Folded:
        if text.isascii():
            return cls(text, None)
        folded = [(plain, place) for place, one in enumerate(text) for plain in _plain(one)]
        plain = "".join(one for one, _ in folded)
        return cls(_DASHES.sub("-", plain), tuple(place for _, place in folded))

    def finding(self, kind: Kind, start: int, end: int) -> Finding:
        """A finding in the original, for a place in the folded text."""
        if self.places is None:
            return Finding(kind, start, end)
        return Finding(kind, self.places[start], self.places[end - 1] + 1)

    def matches(self, kind: Kind, *patterns: re.Pattern[str], group: int | str = 0) -> Iterator[Finding]:
        """Where the patterns match; of each match one group counts."""
        for pattern in patterns:
            for match in pattern.finditer(self.text):
                if match.end(group) > match.start(group):
                    yield self.finding(kind, *match.span(group))


def _plain(one: str) -> str:
    """A character in plain width; nothing for one that cannot be seen."""
    return "".join(part for part in unicodedata.normalize("NFKC", one) if unicodedata.category(part) != "Cf")


def apart(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings in the order of the text; of overlapping ones those that begin first, of those the longest."""
    kept: list[Finding] = []
    for one in sorted(findings, key=lambda one: (one.start, -one.length)):
        if kept and one.start < kept[-1].end:
            if one.end > kept[-1].end:  # what sticks out must go too
                kept[-1] = Finding(kept[-1].kind, kept[-1].start, one.end)
        else:
            kept.append(one)
    return tuple(kept)
