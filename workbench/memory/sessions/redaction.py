"""Where a forgotten statement stands in a turn, and the turn without it.

    "My dog is called Rufus. What does he eat?"   ──►  "[forgotten] What does he eat?"
    recalled: (Rufus, Oslo)                       ──►  recalled: (Oslo)

The words count, not case, spaces or the full stop; JSON inside a text (a plan, a tool's input) is searched in its own
spelling. A copy that was cut through the statement goes whole. A paraphrase ("your dog Rufus") is not the statement:
only the text itself is found. It reads and writes no database.

>>> trace = Trace.of({"m1": "My dog is called Rufus."})
>>> trace.redacted("I said: my dog is called  Rufus!")
'I said: [forgotten]'
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

from workbench.memory.sessions.summary import CUT
from workbench.memory.text import REPLACEMENT, storable
from workbench.memory.weighing.memorable import LONGEST_CHARS

FORGOTTEN = "[forgotten]"
STOPS = ".!。！"
SURE_CHARS = 12  # a shorter statement ("I am.") is searched with its stop, else it would be found everywhere
FRAGMENT_CHARS = 4  # of a statement, beside the mark of a cut
DEEPEST = 40  # nested groups of one pattern; Python's own limit is about a hundred
UNHOLDABLE = "[\ufffd\\x00\ud800-\udfff]"  # what `storable` showed as U+FFFD
NEVER = re.compile(r"(?!)")


@dataclass(frozen=True, slots=True)
class Trace:
    """What is to be forgotten: the ids of memories, and a pattern that finds their texts."""

    ids: frozenset[str]
    pattern: re.Pattern[str]
    starts: Mapping[str, tuple[str, ...]]  # the first characters of a text ──► the texts that begin so, folded
    ends: Mapping[str, tuple[str, ...]]  # the last characters ──► the texts that end so

    @classmethod
    def of(cls, statements: Mapping[str, str], *, others: Iterable[str] = ()) -> Trace:
        """The trace of memories by id, and of other texts that say the same."""
        texts = list(dict.fromkeys((*statements.values(), *others)))
        folded = [_folded(text) for text in texts]
        starts = _by_key(folded, lambda text: text[:FRAGMENT_CHARS])
        return cls(
            frozenset(statements), pattern_of(texts), starts, _by_key(folded, lambda text: text[-FRAGMENT_CHARS:])
        )

    def redacted(self, text: str) -> str:
        """The text with the statements replaced; whole `[forgotten]` where a cut goes through one."""
        text = self.pattern.sub(FORGOTTEN, text)
        return FORGOTTEN if CUT in text and self._is_cut_through(text) else text

    def in_turn(self, record: Mapping[str, Any]) -> dict[str, Any] | None:
        """The record of a turn without what is forgotten; None where it holds nothing of it."""
        recalled, made = record.get("recalled") or (), record.get("memory_ids") or ()
        kept = [one for one in recalled if one["memory_id"] not in self.ids]
        left = [name for name in made if name not in self.ids]
        whole = dict(record)
        if len(kept) < len(recalled) or len(left) < len(made):
            whole |= {"recalled": kept, "memory_ids": left}
        clean: dict[str, Any] = self._clean(whole)
        edited = [one["text"] for one in recalled if one not in kept and not self.pattern.fullmatch(one["text"])]
        if edited:  # the turn read it in other words than it has now
            clean = Trace.of({}, others=edited)._clean(clean)
        return None if clean == record else clean

    def holds(self, text: str) -> bool:
        return self.redacted(text) != text

    def _clean(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.redacted(value)
        if isinstance(value, Mapping):
            return {self.redacted(key): self._clean(item) for key, item in value.items()}
        if isinstance(value, Sequence):
            return type(value)(self._clean(item) for item in value)  # type: ignore[call-arg]
        return value

    def _is_cut_through(self, text: str) -> bool:
        parts = [_folded(part) for part in text.split(CUT)]
        return any(self._ends_within(left) or self._starts_within(right) for left, right in pairwise(parts))

    def _ends_within(self, text: str) -> bool:
        """Whether it ends in mid-statement."""
        size = len(text)
        places = range(max(0, size - LONGEST_CHARS), size - FRAGMENT_CHARS + 1)
        return any(
            said.startswith(text[place:])
            for place in places
            for said in self.starts.get(text[place : place + FRAGMENT_CHARS], ())
        )

    def _starts_within(self, text: str) -> bool:
        places = range(FRAGMENT_CHARS, min(len(text), LONGEST_CHARS) + 1)
        return any(
            said.endswith(text[:place])
            for place in places
            for said in self.ends.get(text[place - FRAGMENT_CHARS : place], ())
        )


def pattern_of(texts: Iterable[str]) -> re.Pattern[str]:
    """Finds any of the texts; thousands of them are searched at once, since common beginnings are shared."""
    spelled = (form for text in texts for form in _spellings(text))
    tokens = sorted({tuple(_tokens(form)) for form in spelled if form.strip()}, reverse=True)
    return re.compile(_branches(tokens, 0), re.IGNORECASE) if tokens else NEVER


def _spellings(text: str) -> set[str]:
    """The text as it is, and as JSON writes it inside another text."""
    return {text, json.dumps(text, ensure_ascii=False)[1:-1], json.dumps(text)[1:-1]}


def _tokens(text: str) -> Iterator[str]:
    """The pattern of a text, one token a character, so that equal beginnings have equal tokens."""
    text = " ".join(storable(text).split())
    bare = text.rstrip(STOPS)
    if len(bare) < SURE_CHARS:
        bare = text
    if _is_plain(bare[0]):
        yield r"(?<![A-Za-z0-9])"
    for character in bare:
        yield r"\s+" if character == " " else UNHOLDABLE if character == REPLACEMENT else _either_case(character)
    yield r"(?![A-Za-z0-9])" if _is_plain(bare[-1]) else ""
    yield f"[{STOPS}]*"


def _either_case(character: str) -> str:
    lower = character.lower()
    return re.escape(lower if len(lower) == 1 else character)


def _branches(texts: Sequence[tuple[str, ...]], depth: int) -> str:
    """One pattern for many sorted token rows: what they begin with alike, then a group of how they go on."""
    if len(texts) == 1:
        return "".join(texts[0])
    shared = _shared(texts[0], texts[-1])  # sorted: what the first and the last share, all share
    rests = [text[shared:] for text in texts]
    start = "".join(texts[0][:shared])
    if depth == DEEPEST:
        return f"{start}(?:{'|'.join(''.join(rest) for rest in rests)})"
    groups = (list(group) for _, group in groupby(rests, key=lambda rest: rest[:1]))
    return f"{start}(?:{'|'.join(_branches(group, depth + 1) for group in groups)})"


def _shared(left: Sequence[str], right: Sequence[str]) -> int:
    pairs = zip(left, right, strict=False)
    return next((place for place, (one, other) in enumerate(pairs) if one != other), min(len(left), len(right)))


def _by_key(texts: Iterable[str], key: Callable[[str], str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for text in texts:
        found[key(text)] = (*found.get(key(text), ()), text)
    return found


def _folded(text: str) -> str:
    return " ".join(storable(text).casefold().split())


def _is_plain(character: str) -> bool:
    return character.isascii() and character.isalnum()
