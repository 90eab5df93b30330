"""From counts to a decision: pure, so that a thousand gates can be simulated in a second.

    Evidence ──► gain shown?  harm shown?  every held skill safe?  served as trained? ──► Findings

    a held skill is harmed, or served worse than trained        ─► refuse
    no gain shown, and a worthwhile one ruled out               ─► refuse
    gain shown, every held skill safe, enough of it served      ─► promote; a watched one need not be sure
    otherwise                                                   ─► more examples, and how many

Each look tests its own fresh examples, at a level that `spending` sets; what is watched it sees whole each time. A test
once passed stays passed when the candidate comes back, since each look paid for its own error; harm found later undoes
it. It does not know where counts come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from workbench.core.schema import GateSettings
from workbench.evaluation.gate.noninferiority import is_shown, least_gain
from workbench.evaluation.gate.paired_tests import Pairs, binomial_tail, gain_interval, mcnemar
from workbench.evaluation.gate.spending import gain_evidence, harm_evidence, level
from workbench.evaluation.intervals import Interval, wilson_interval

WORTHWHILE = 0.05  # share of right answers; a gain that is surely less is not worth a change of champion

NONE = Pairs()

Decision = Literal["promote", "refuse", "more"]
State = Literal["safe", "harmed", "open", "watched"]


@dataclass(frozen=True, slots=True)
class GainSeen:
    """What was seen on the target skills."""

    fresh: Pairs
    before: Pairs = NONE  # in the candidate's earlier looks
    k: int = 1  # which draw on the incumbent's error a test would be, from 1
    was_shown: bool = False  # an earlier look showed the gain

    @property
    def tests(self) -> bool:
        """Whether this look has a gain to test; if not, it spends nothing."""
        return self.fresh.n > 0 and not self.was_shown

    def allowed(self, alpha: float) -> float:
        """What p may be at most in this look."""
        return level(alpha, self.k, gain_evidence(self.before))

    def next_allowed(self, alpha: float) -> float:
        """The same for the candidate's next look, if no other challenger comes between."""
        return level(alpha, self.k + self.tests, gain_evidence(self.before + self.fresh))


@dataclass(frozen=True, slots=True)
class HeldSeen:
    """What was seen of one held skill; of one that is only watched, too few examples hold nothing back."""

    fresh: Pairs
    before: Pairs = NONE
    test: int = 1  # which test of this candidate on this skill it is, from 1
    was_safe: bool = False  # an earlier look ruled harm out
    watched: bool = False

    def allowed(self, dials: GateSettings) -> float:
        """The chance of overlooking a harm that this look may spend."""
        return level(dials.harm_alpha, self.test, harm_evidence(self.before, dials.margin))

    def next_allowed(self, dials: GateSettings) -> float:
        """The same for the candidate's next look."""
        seen = harm_evidence(self.before + self.fresh, dials.margin)
        return level(dials.harm_alpha, self.test + (self.fresh.n > 0), seen)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Examples that the candidate answered twice: in torch, and exported, through the engine that will serve it."""

    both: int = 0
    only_torch: int = 0
    only_served: int = 0
    neither: int = 0

    def __add__(self, other: Agreement) -> Agreement:
        return Agreement(
            self.both + other.both,
            self.only_torch + other.only_torch,
            self.only_served + other.only_served,
            self.neither + other.neither,
        )

    @property
    def n(self) -> int:
        return self.both + self.only_torch + self.only_served + self.neither

    @property
    def agreeing(self) -> int:
        return self.both + self.neither

    @property
    def interval(self) -> Interval:
        """95 % interval of the share on which both engines agree."""
        return wilson_interval(self.agreeing, self.n)

    @property
    def p_value(self) -> float:
        """Chance of so many "right in torch only" if serving took nothing away."""
        return binomial_tail(self.only_torch + self.only_served, self.only_torch)


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that a candidate has shown against an incumbent."""

    gain: GainSeen
    held: Mapping[str, HeldSeen] = field(default_factory=dict)
    serving: Agreement = Agreement()


@dataclass(frozen=True, slots=True)
class SkillFinding:
    """One held skill: all that was seen of it, and what follows."""

    skill: str
    pairs: Pairs
    least: float  # lower bound of the gain at 1 − allowed, by this look's fresh examples; −1 where it has none
    allowed: float
    next_allowed: float
    state: State


@dataclass(frozen=True, slots=True)
class Findings:
    """A decision and what it rests on."""

    decision: Decision
    gain: Pairs  # of all looks
    interval: Interval  # 95 %, of all looks
    fresh: int  # target examples of this look
    p_value: float | None  # of this look; None where it tested no gain
    allowed: float  # the most it may be
    next_allowed: float
    gain_shown: bool
    skills: tuple[SkillFinding, ...]
    serving: Agreement
    served_worse: bool
    futile: bool


def weigh(seen: Evidence, dials: GateSettings, *, worthwhile: float = WORTHWHILE) -> Findings:
    """Decide by the rules at the head of this file.

    Args:
        worthwhile: the least gain that a change of champion is worth, 0..1.
    """
    gain, allowed = seen.gain, seen.gain.allowed(dials.alpha)
    p_value = mcnemar(gain.fresh) if gain.tests else None
    shown = gain.was_shown or (p_value is not None and p_value <= allowed)
    interval = gain_interval(gain.before + gain.fresh)
    skills = tuple(_judged(skill, held, dials) for skill, held in sorted(seen.held.items()))
    served_worse = seen.serving.p_value <= dials.alpha
    futile = not shown and interval.high < worthwhile
    states = {one.state for one in skills}
    enough_served = seen.serving.n >= dials.serving_examples
    decision: Decision = "more"
    if "harmed" in states or served_worse or futile:
        decision = "refuse"
    elif shown and "open" not in states and enough_served:
        decision = "promote"
    return Findings(
        decision=decision,
        gain=gain.before + gain.fresh,
        interval=interval,
        fresh=gain.fresh.n,
        p_value=p_value,
        allowed=allowed,
        next_allowed=gain.next_allowed(dials.alpha),
        gain_shown=shown,
        skills=skills,
        serving=seen.serving,
        served_worse=served_worse,
        futile=futile,
    )


def _judged(skill: str, seen: HeldSeen, dials: GateSettings) -> SkillFinding:
    pairs, allowed = seen.before + seen.fresh, seen.allowed(dials)
    state: State = "safe" if seen.was_safe or is_shown(seen.fresh, dials.margin, allowed) else "open"
    if state == "open" and seen.watched:
        state = "watched"
    if is_harmed(pairs, dials):
        state = "harmed"
    least = least_gain(seen.fresh, dials.margin, allowed)
    return SkillFinding(skill, pairs, least, allowed, seen.next_allowed(dials), state)


def is_harmed(pairs: Pairs, dials: GateSettings) -> bool:
    """A loss that is as large as the margin, and not by chance."""
    return pairs.gain <= -dials.margin and binomial_tail(pairs.differing, pairs.lost) <= dials.harm_alpha
