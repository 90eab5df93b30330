"""What came out of scoring: one record for each example, and the counts, shares and intervals that follow from them.

    Scored, Scored, … ──► Score ──► correct of total, mean, 95 % Wilson interval, the same by skill

It does not know how a verdict was reached but by name: `forced` by one pass over the gold answer, `generated` by what
the model wrote, `cached` by an earlier run.

>>> score = Score("base", (Scored("1a", "add", True, "forced", -0.1), Scored("2b", "dates", False, "forced", -2.0)))
>>> score.correct, score.mean, score.by_skill()["add"].correct
(1, 0.5, 1)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from statistics import fmean
from typing import Any, Literal

from workbench.evaluation.intervals import Interval, wilson_interval

How = Literal["forced", "generated", "cached"]


@dataclass(frozen=True, slots=True)
class Scored:
    """One example's verdict.

    Args:
        id: the example's.
        logprob: mean natural log-probability of the gold answer's tokens, end included; None where no pass was made.
        reply: what was written, up to the token that settled the verdict; None where nothing was.
        failure: why the engine gave no reply; such an example counts as wrong.
    """

    id: str
    skill: str
    right: bool
    how: How
    logprob: float | None = None
    reply: str | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """What a score took; tokens and passes are None where an engine does not count them."""

    seconds: float = 0.0
    tokens_read: int | None = 0
    tokens_written: int | None = 0
    passes: int | None = 0  # of the model, whatever their length


@dataclass(frozen=True, slots=True)
class Score:
    """The outcomes of one adapter on one set of examples, in the order the examples were given.

    Args:
        name: the adapter's identity, or the base's where there was none.
    """

    name: str
    outcomes: tuple[Scored, ...]
    cost: Cost = field(default_factory=Cost, compare=False)

    @property
    def total(self) -> int:
        return len(self.outcomes)

    @property
    def correct(self) -> int:
        return sum(one.right for one in self.outcomes)

    @property
    def mean(self) -> float:
        """Share of right answers, 0..1."""
        return self.correct / self.total

    @property
    def interval(self) -> Interval:
        """95 % Wilson interval of the share."""
        return wilson_interval(self.correct, self.total)

    @property
    def logprob(self) -> float | None:
        """Mean over the examples of their mean log-probability; None where no pass was made."""
        known = [one.logprob for one in self.outcomes if one.logprob is not None]
        return fmean(known) if known else None

    @property
    def right(self) -> Mapping[str, bool]:
        """The verdict by example id: what two scores of the same examples are paired by."""
        return {one.id: one.right for one in self.outcomes}

    @property
    def verdicts_alone(self) -> Score:
        """The same, with nothing of an example but its verdict: what a checker says who keeps the gold answers."""
        return replace(self, outcomes=tuple(replace(one, logprob=None, reply=None) for one in self.outcomes))

    @property
    def failures(self) -> tuple[str, ...]:
        return tuple(one.failure for one in self.outcomes if one.failure is not None)

    def by_skill(self) -> dict[str, Score]:
        """The same outcomes, skill by skill, in the order of first appearance; the cost is not divided."""
        skills = dict.fromkeys(one.skill for one in self.outcomes)
        return {skill: Score(skill, tuple(one for one in self.outcomes if one.skill == skill)) for skill in skills}

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain JSON types, without the replies."""
        return {
            "name": self.name,
            "examples": self.total,
            "correct": self.correct,
            "mean": self.mean,
            "interval_95": list(self.interval),
            "logprob": self.logprob,
            "by_skill": {
                skill: {"examples": one.total, "correct": one.correct, "interval_95": list(one.interval)}
                for skill, one in self.by_skill().items()
            },
            "failures": list(self.failures),
            "cost": asdict(self.cost),
        }
