"""Which of the latest turns fit a budget: newest first, whole turns, no gaps; the newest is cut rather than left out.

    budget  ──►  … [turn 7] [turn 8] [turn 9]      turn 6 does not fit: it and all before it are left to the summary
    turn 9 alone too long  ──►  "the beginning of it […] and its end"

Arithmetic only: it reads no database and knows no model.

>>> [said.number for said in fitting([Said(2, "Why?", "So."), Said(1, "x" * 4000, "Well.")], 60)]
[2]
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from workbench.core.records import Message
from workbench.core.tokens import tokens_of
from workbench.memory.sessions.summary import CUT

MESSAGE_TOKENS = 5  # role and separators of a chat format
MARK = f" {CUT} "
CHARS_OF_A_TOKEN = 4  # the estimate gives no token more, so a text that fits has at most so many


@dataclass(frozen=True, slots=True)
class Said:
    """One answered turn."""

    number: int
    question: str
    answer: str

    @property
    def tokens(self) -> int:
        return tokens_of(self.question) + tokens_of(self.answer) + 2 * MESSAGE_TOKENS

    @property
    def messages(self) -> tuple[Message, Message]:
        return Message("user", self.question), Message("assistant", self.answer)


def fitting(said: Iterable[Said], room: int) -> list[Said]:
    """The first turns that fit, in the order given; the very first is cut where it is too long alone.

    Args:
        said: read only as far as needed.
        room: tokens; at least 16, which is one turn cut down to its marks.
    """
    kept: list[Said] = []
    for one in said:
        shown = one if kept else cut(one, room)
        room -= shown.tokens
        if room < 0:
            break
        kept.append(shown)
    return kept


def cut(said: Said, room: int) -> Said:
    """A turn that fits: a short side stays whole, a long one gives way."""
    if said.tokens <= room:
        return said
    room -= 2 * MESSAGE_TOKENS
    question = min(tokens_of(said.question), max(room // 2, room - tokens_of(said.answer)))
    return Said(said.number, cut_middle(said.question, question), cut_middle(said.answer, room - question))


def cut_middle(text: str, tokens: int) -> str:
    """The text within so many tokens, at least 3; a mark stands for its middle."""
    if tokens_of(text) <= tokens:
        return text
    low, high = 0, tokens * CHARS_OF_A_TOKEN
    while low < high:  # the most characters that fit
        kept = (low + high + 1) // 2
        low, high = (kept, high) if tokens_of(_ends(text, kept)) <= tokens else (low, kept - 1)
    return _ends(text, low)


def _ends(text: str, kept: int) -> str:
    tail = kept // 2
    return text[: kept - tail] + MARK + text[len(text) - tail :]
