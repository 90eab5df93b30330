"""What the cooperating agents hand to each other, and what a run of theirs comes to.

    Task (what is wanted) · Candidate (what was proposed) · Synthesised (what was kept and refused so far)

It knows no model and judges nothing.

>>> Synthesised().tries
0
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from workbench.core.errors import ExamplesError
from workbench.core.examples import Example
from workbench.core.records import Language
from workbench.corpus.asking import Refused
from workbench.prompts.direct import language_of

Verify = Callable[[str], str | None]  # a task's right answer, None where the text is no task of the skill
Near = Callable[[Example, Example], bool]
Ended = Literal["enough", "tries", "stopped"]
TRIES_EACH = 5  # unless told otherwise, so many tries for each example wanted


@dataclass(frozen=True, slots=True)
class Task:
    """What a run is asked for; a contradiction fails here."""

    seeds: tuple[Example, ...]
    wanted: int
    tries: int  # at most
    verify: Verify | None
    against: tuple[Example, ...]
    near: Near
    solutions: int  # independent ones of a task without verifier
    share: float  # of them that must agree with the proposer, above ½
    shots: int  # seeds shown in one prompt
    seed: int

    def __post_init__(self) -> None:
        if not self.seeds:
            raise ExamplesError("There is no seed example; give at least one of the skill you want more of")
        if kinds := {(one.skill, one.check) for one in self.seeds} - {(self.seeds[0].skill, self.seeds[0].check)}:
            raise ExamplesError(
                f"The seeds are of several skills or checkers ('{self.seeds[0].skill}' and '{min(kinds)[0]}'); "
                "synthesise each by itself"
            )
        if any(len(one.messages) != 1 for one in self.seeds):
            raise ExamplesError("A seed holds a whole conversation; give seeds of one question each")
        if min(self.wanted, self.tries, self.solutions, self.shots) < 1:
            raise ExamplesError("The number of examples, tries, solutions and shots must each be at least 1")
        if not 0.5 < self.share <= 1:
            raise ExamplesError(f"The share that must agree is {self.share:g}; give one above 0.5 and at most 1")

    @property
    def skill(self) -> str:
        return self.seeds[0].skill

    @property
    def check(self) -> str:
        return self.seeds[0].check

    @property
    def language(self) -> Language:
        return language_of(self.seeds[0].prompt)

    @property
    def votes_needed(self) -> int:
        return math.ceil(self.share * self.solutions - 1e-9)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A task as the proposer wrote it, with the answer that the proposer believes."""

    prompt: str
    answer: str
    number: int  # of the try, from 1


@dataclass(frozen=True, slots=True)
class Synthesised:
    """What a run kept and refused; a new one after each try."""

    kept: tuple[Example, ...] = ()
    refused: tuple[Refused, ...] = ()
    tokens: int | None = None  # None: the engine does not say
    seconds: float = 0.0
    ended: Ended | None = None  # None: still running

    @property
    def tries(self) -> int:
        return len(self.kept) + len(self.refused)

    @property
    def reasons(self) -> dict[str, int]:
        """How often each reason refused something, the most frequent first."""
        return dict(Counter(one.reason for one in self.refused).most_common())


def spread(seeds: Sequence[int]) -> int:
    """One seed of several numbers, below 2³¹: the same for the same numbers, unlike for neighbours."""
    value = 0
    for number in seeds:
        value = (value * 1_000_003 + number + 0x9E3779B9) & 0xFFFFFFFF
        value ^= value >> 15
    return value & 0x7FFFFFFF
