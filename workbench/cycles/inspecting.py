"""Feedback that turns: where answers like those that people approved of are approved no more, somebody must look.

    an answer ─► the latest ratings of questions like it ─► p, the approval to expect, ½ at most
    disapproved: S + log((1 − qp) / (1 − p))      approved, or nobody said: S + log q      kept within 0 … ALARM

S is Page's cumulative sum (1954, "Continuous inspection schemes") for "approved a tenth as often as expected" against
"as expected". Where it comes to ALARM, all since it last was 0 is doubted. Questions unlike those rated before say
nothing, so new work is never doubted; neither is a change of mind that the agent follows, for its answers are approved
again, nor a person who speaks up only where something is wrong, for most answers pass without a word. It judges no text
and stores nothing; `doubting` says what becomes of a doubt.

>>> ratings = [Rating(str(number), number < 20, 1_000_040_000.0 + number) for number in range(40)]
>>> [doubt] = doubts(ratings, np.ones((40, 1)))
>>> len(doubt.turns), doubt.approved, doubt.sentence
(20, 0, '20 answers rated since 9 September 2001 were approved 0 times, where 10 were to be expected at least')
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from workbench.core.wording import counted

if TYPE_CHECKING:
    from numpy.typing import NDArray

LIKE = 0.5  # cosine of two questions; of ten tasks' questions, those of two tasks reach 0.41
LATEST = 16  # ratings of questions alike that tell what to expect; with fewer nothing is
MOST = 0.5  # is expected of any answer
TURNED = 0.1  # q
ALARM = math.log(10_000)  # as expected, it is reached once in 10,000 ratings at most (Page 1954; Lorden 1971)


@dataclass(frozen=True, slots=True)
class Rating:
    """The last word about a turn.

    Args:
        approved: None where nobody said anything.
        at: when it was said, or asked, in seconds since the epoch.
    """

    turn: str
    approved: bool | None
    at: float


@dataclass(frozen=True, slots=True)
class Doubt:
    """Ratings, one after another, that disapprove of what was approved.

    Args:
        approved: how many times.
        expected: by what was said of questions like these before.
        since: in seconds since the epoch.
    """

    turns: tuple[str, ...]
    approved: int
    expected: float
    since: float

    @property
    def sentence(self) -> str:
        """For a person."""
        day = datetime.fromtimestamp(self.since)
        return (
            f"{counted(len(self.turns), 'answer')} rated since {day.day} {day:%B %Y} were approved "
            f"{counted(self.approved, 'time')}, where {self.expected:.0f} were to be expected at least"
        )


def doubts(
    ratings: Sequence[Rating], vectors: NDArray[np.floating], trusted: Collection[str] = frozenset()
) -> tuple[Doubt, ...]:
    """Those that nobody trusts, in their order.

    Args:
        ratings: the earliest first.
        vectors: of their questions, L2-normalised rows, shape (N, D).
        trusted: ids of turns whose rating a person has called right.
    """
    sight, found = _Sight(ratings, vectors), list[Doubt | None]()
    for place, one in enumerate(ratings):
        if one.turn in trusted:
            sight.believe(place)
        else:
            found.append(sight.looked_at(place))
    return tuple(one for one in (*found, sight.ended()) if one is not None)


class _Sight:
    """The cumulative sum over ratings, and what is believed so far."""

    def __init__(self, ratings: Sequence[Rating], vectors: NDArray[np.floating]) -> None:
        self._ratings, self._vectors = ratings, vectors
        self._approved = np.array([one.approved is True for one in ratings], dtype=bool)
        self._believed = np.zeros(len(ratings), dtype=bool)
        self._sum = 0.0
        self._stretch: list[tuple[int, float]] = []  # since the sum was last 0: place, expected approval
        self._turned = 0  # of them, up to the last with which the sum stood at ALARM

    def believe(self, place: int) -> None:
        """What is to be expected from now on follows this one, too."""
        self._believed[place] = True

    def looked_at(self, place: int) -> Doubt | None:
        """Take one more; the doubt that it ends."""
        expected, approved = self._expected(place), self._ratings[place].approved
        if approved is not None:
            self._stretch.append((place, expected))
        if expected:
            turned = approved is False
            step = math.log((1 - TURNED * expected) / (1 - expected)) if turned else math.log(TURNED)
            self._sum = min(ALARM, max(0.0, self._sum + step))
        if self._sum >= ALARM:
            self._turned = len(self._stretch)
        return self.ended() if self._sum == 0 else None

    def ended(self) -> Doubt | None:
        """Believe what came behind the doubted part of a stretch; the doubt, where there is one."""
        doubted, others = self._stretch[: self._turned], self._stretch[self._turned :]
        self._stretch, self._turned = [], 0
        for place, _ in others:
            self.believe(place)
        if not doubted:
            return None
        some = [self._ratings[place] for place, _ in doubted]
        turns = tuple(one.turn for one in some)
        return Doubt(turns, sum(one.approved is True for one in some), sum(each[1] for each in doubted), some[0].at)

    def _expected(self, place: int) -> float:
        """The share of approvals among the latest of questions like this one; 0 where there were too few."""
        alike = np.flatnonzero(self._believed & (self._vectors @ self._vectors[place] >= LIKE))[-LATEST:]
        return min(MOST, float(self._approved[alike].mean())) if len(alike) == LATEST else 0.0
