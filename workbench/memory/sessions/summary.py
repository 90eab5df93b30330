"""What older turns said, in a few copied sentences: no model, so that a summary never says what nobody said.

    turn ──► the person's statements + the first sentence of the answer ──► lines
    lines ──► the most informative that fit a budget, each worth what it adds to those chosen before ──► in order

    worth(line) = Σ weight of its words, a tenth where a chosen line has them  ·  1.5 if the person said it  /  √tokens

An answer that echoes the person takes nothing from the worth of what the person said.

A stored summary keeps more lines than any prompt shows, so that it can grow turn by turn without reading the session
again: new lines join, the least informative leave. A model's summary (`told`) may stand for the lines of the turns it
has read. It does not read the database and knows no prompt.

>>> lines_of(1, "Hi! My dog is called Rufus.", "Nice name. What breed is he?")
(Line(number=1, who='user', text='My dog is called Rufus.'), Line(number=1, who='assistant', text='Nice name.'))
"""

from __future__ import annotations

import heapq
import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from workbench.core.tokens import tokens_of
from workbench.memory.text import storable
from workbench.memory.weighing.memorable import BREAK, CODE, memorable
from workbench.memory.weighing.wording import words

CUT = "[…]"  # stands where something was left out
STORED_TOKENS = 1_200  # several times what a prompt shows of them
LONGEST_LINE_CHARS = 240
OPENING_CHARS = 4_000  # of an answer; its first sentence lies therein
TOLD_SHARE = 0.1
USER_SHARE = 1.5  # what a person said of themselves is asked for more often than what was answered


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence of a turn, and who said it."""

    number: int  # of the turn within its session
    who: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Summary:
    """What the turns up to `upto` said: a model's words for the first of them, copied lines for the rest."""

    upto: int = 0
    lines: tuple[Line, ...] = ()
    told: str = ""  # by a model, of the turns up to `told_upto`
    told_upto: int = 0

    def to_json(self) -> str:
        """What the column `sessions.summary` holds before it is sealed; `upto` has a column of its own."""
        lines = [[line.number, line.who, line.text] for line in self.lines]
        return json.dumps({"lines": lines, "told": self.told, "told_upto": self.told_upto}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str, upto: int) -> Summary:
        plain = json.loads(text)
        lines = tuple(Line(*line) for line in plain["lines"])
        return cls(upto, lines, plain["told"], plain["told_upto"])


def lines_of(number: int, question: str, answer: str | None) -> tuple[Line, ...]:
    """What a summary may say of one turn."""
    said = [Line(number, "user", flattened(statement)) for statement in memorable(question)]
    if answer and answer.strip():
        said.append(Line(number, "assistant", flattened(first_sentence(answer))))
    return tuple(line for line in said if line.text)


def extended(summary: Summary, lines: Iterable[Line], upto: int) -> Summary:
    """The summary with the lines of later turns, kept within what is stored."""
    return replace(summary, upto=upto, lines=most_informative((*summary.lines, *lines), STORED_TOKENS))


def retold(summary: Summary, told: str, upto: int) -> Summary:
    """The summary with a model's words for the turns up to `upto`; their lines go."""
    lines = tuple(line for line in summary.lines if line.number > upto)
    return Summary(max(summary.upto, upto), lines, flattened(storable(told), STORED_TOKENS), upto)


def most_informative(
    lines: Sequence[Line], tokens: int, *, written: Callable[[Line], str] = lambda line: line.text
) -> tuple[Line, ...]:
    """The lines that tell most within a budget, in the order they were said; what says nothing new is left out.

    A line's worth only falls as others are chosen, so one that is still worth most when weighed again is the best.

    Args:
        written: a line as it stands in what has the budget.
    """
    weights = [{word.text.casefold(): word.weight for word in words(line.text)} for line in lines]
    costs = [tokens_of(written(line) + "\n") for line in lines]
    seen: dict[str, set[str]] = {"user": set(), "assistant": set()}
    texts: set[str] = set()

    def worth(row: int) -> float:
        told = seen[lines[row].who]
        new = sum(weight * (TOLD_SHARE if word in told else 1.0) for word, weight in weights[row].items())
        return new * (USER_SHARE if lines[row].who == "user" else 1.0) / math.sqrt(costs[row])

    heap = [(-worth(row), -row) for row in range(len(lines))]  # of equal ones the latest
    heapq.heapify(heap)
    chosen: list[int] = []
    while heap:
        row = -heapq.heappop(heap)[1]
        now = worth(row)
        if now <= 0 or costs[row] > tokens or lines[row].text.casefold() in texts:
            continue
        if heap and now < -heap[0][0]:
            heapq.heappush(heap, (-now, -row))
            continue
        chosen.append(row)
        tokens -= costs[row]
        texts.add(lines[row].text.casefold())
        for hearer in ("user", "assistant") if lines[row].who == "user" else ("assistant",):
            seen[hearer].update(weights[row])
    return tuple(lines[row] for row in sorted(chosen))


def first_sentence(text: str) -> str:
    """The first sentence of an answer, without its code."""
    opening = CODE.sub("\n", text[:OPENING_CHARS]).strip()
    return next((part for part in BREAK.split(opening) if part.strip()), "")


def flattened(text: str, most_chars: int = LONGEST_LINE_CHARS) -> str:
    """The text on one line, its end left out where it is too long."""
    line = " ".join(text.split())
    return line if len(line) <= most_chars else f"{line[: most_chars - len(CUT) - 1].rstrip()} {CUT}"
