"""Part a model's private thinking from its answer while the reply is still arriving.

    "<thi" "nk>2 + 2" " is 4</th" "ink>\\n\\nFour" "."
      └──────── thinking: "2 + 2 is 4" ────────┘└ text: "Four." ┘

Some models (DeepSeek-R1 and its kin) write `<think>…</think>` into the reply itself, and a tag may be cut anywhere by
the borders of the stream. Only a tag at the very start of a reply counts, so an answer may speak about `<think>`.
It does not know which model speaks, nor how pieces travel.

>>> splitter = ThinkSplitter()
>>> [splitter.feed(chunk) for chunk in ("<thi", "nk>hm</think>", "Four")]
[Split(text='', thinking=''), Split(text='', thinking='hm'), Split(text='Four', thinking='')]
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

OPEN = "<think>"
CLOSE = "</think>"


class Split(NamedTuple):
    """What one chunk adds to the answer and to the thinking."""

    text: str
    thinking: str


class Phase(Enum):
    """Where in the reply the splitter stands."""

    START = "not yet clear whether the reply opens with a tag"
    THINKING = "inside the tags"
    GAP = "blank space between the closing tag and the answer"
    ANSWER = "in the answer; everything passes"


class ThinkSplitter:
    """Reads a reply chunk by chunk; holds back only what might be part of a tag."""

    def __init__(self) -> None:
        self.phase = Phase.START
        self._held = ""

    def feed(self, chunk: str) -> Split:
        """Take the next chunk and return what is now certain."""
        self._held += chunk
        if self.phase is Phase.START:
            self._look_for_opening()
        thinking = self._take_thinking() if self.phase is Phase.THINKING else ""
        if self.phase is Phase.GAP:
            self._skip_blank()
        text = self._take_all() if self.phase is Phase.ANSWER else ""
        return Split(text, thinking)

    def finish(self) -> Split:
        """What was still held back when the reply ended: half a tag is text like any other."""
        held = self._take_all()
        if self.phase is Phase.THINKING:
            return Split("", held)
        return Split(held, "") if self.phase is Phase.START else Split("", "")

    def _look_for_opening(self) -> None:
        seen = self._held.lstrip()
        if seen.startswith(OPEN):
            self._held = seen.removeprefix(OPEN)
            self.phase = Phase.THINKING
        elif not OPEN.startswith(seen):
            self.phase = Phase.ANSWER

    def _take_thinking(self) -> str:
        before, tag, after = self._held.partition(CLOSE)
        if tag:
            self._held = after
            self.phase = Phase.GAP
            return before
        keep = overlap(before, CLOSE)
        self._held = before[len(before) - keep :]
        return before[: len(before) - keep]

    def _skip_blank(self) -> None:
        self._held = self._held.lstrip()
        if self._held:
            self.phase = Phase.ANSWER

    def _take_all(self) -> str:
        held, self._held = self._held, ""
        return held


def overlap(text: str, tag: str) -> int:
    """How many characters at the end of `text` could be the beginning of `tag`."""
    return next((size for size in range(len(tag) - 1, 0, -1) if text.endswith(tag[:size])), 0)
