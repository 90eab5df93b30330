"""A verdict in words: what was decided, what it rests on, and how many examples would settle what is open.

    Findings ──► Verdict("more", "More examples are needed: 318 of dates. …", needed=318, …)

It does not decide: see `weighing`. It does not know who reads it; `to_dict` is what the ledger and `--json` keep.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from workbench.core.schema import GateSettings
from workbench.core.wording import counted
from workbench.evaluation.gate.paired_tests import Pairs
from workbench.evaluation.gate.power import (
    POWER,
    TARGET_DISCORDANCE,
    detectable_gain,
    more_for_gain,
    more_for_no_harm,
    points,
    shrunk,
)
from workbench.evaluation.gate.weighing import Decision, Findings, SkillFinding, State
from workbench.evaluation.intervals import Interval

GAIN, SERVED = "gain", "served"  # what more examples may be for, beside the held skills


@dataclass(frozen=True, slots=True)
class Gain:
    """The gain on the target skills, with what so many examples can show."""

    pairs: Pairs
    point: float
    interval: Interval  # 95 %
    p_value: float | None  # of this look; None where it tested no gain
    allowed: float  # the most p may be
    shown: bool
    detectable: float  # the least true gain that is seen 8 times in 10
    needed: int | None  # more examples, where it is open


@dataclass(frozen=True, slots=True)
class SkillResult:
    """One held skill."""

    skill: str
    pairs: Pairs
    point: float
    least: float  # lower bound of the gain at 1 − allowed
    allowed: float  # chance of overlooking a harm that this look might spend
    state: State
    needed: int | None


@dataclass(frozen=True, slots=True)
class Serving:
    """How far the exported artefact, served, does as the trained one does."""

    examples: int
    agreeing: int
    interval: Interval  # 95 %, of the share that agrees
    only_torch: int
    only_served: int
    p_value: float
    worse: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says of a candidate; `words` says it to a person."""

    decision: Decision
    words: str
    incumbent: str
    candidate: str
    look: int  # which look at a challenger of this incumbent, from 1
    alpha_spent: float  # by this look; 0 where it brought nothing new on the gain
    gain: Gain
    skills: tuple[SkillResult, ...]
    serving: Serving
    needed: int | None  # more examples in all; None where it is decided
    left_out: int = 0  # examples handed in that an earlier look had used

    @property
    def p_value(self) -> float | None:
        return self.gain.p_value

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Case:
    """Who was compared, and what the words need beside the findings."""

    incumbent: str
    candidate: str
    target: tuple[str, ...]
    look: int
    alpha_spent: float
    left_out: int
    worthwhile: float


def worded(found: Findings, case: Case, dials: GateSettings) -> Verdict:
    """The verdict, with what is still needed counted and everything said in a few sentences."""
    needed = _needed(found, case, dials) if found.decision == "more" else {}
    return Verdict(
        decision=found.decision,
        words=" ".join(_sentences(found, case, dials, needed)),
        incumbent=case.incumbent,
        candidate=case.candidate,
        look=case.look,
        alpha_spent=case.alpha_spent,
        gain=_gain(found, None if found.gain_shown else needed.get(GAIN)),
        skills=tuple(_skill(one, needed.get(_purpose(one.skill, case))) for one in found.skills),
        serving=_serving(found),
        needed=sum(needed.values()) if needed else None,
        left_out=case.left_out,
    )


def _purpose(skill: str, case: Case) -> str:
    """What more examples of a held skill are for; those of the only target show a gain and no harm alike."""
    return GAIN if case.target == (skill,) else f"of {skill}"


def _needed(found: Findings, case: Case, dials: GateSettings) -> dict[str, int]:
    """More examples, by what they are for; enough that all open tests pass together with the usual power."""
    still = [one for one in found.skills if one.state == "open"]
    each = 1 - (1 - POWER) / max(len(still) + (not found.gain_shown), 1)
    needed: dict[str, int] = {}
    if not found.gain_shown:
        needed[GAIN] = more_for_gain(found.gain, case.worthwhile, alpha=found.next_allowed, power=each)
    for one in still:
        purpose, allowed = _purpose(one.skill, case), one.next_allowed
        more = more_for_no_harm(one.pairs, dials.margin, alpha=allowed, power=each)
        needed[purpose] = max(more, needed.get(purpose, 0))
    if not needed:
        needed[SERVED] = dials.serving_examples - found.serving.n
    return needed


def _gain(found: Findings, needed: int | None) -> Gain:
    return Gain(
        pairs=found.gain,
        point=found.gain.gain,
        interval=found.interval,
        p_value=found.p_value,
        allowed=found.allowed,
        shown=found.gain_shown,
        detectable=_detectable(found),
        needed=needed,
    )


def _detectable(found: Findings) -> float:
    share = shrunk(found.gain, TARGET_DISCORDANCE)
    return detectable_gain(found.fresh, alpha=found.allowed, discordance=share)


def _skill(one: SkillFinding, needed: int | None) -> SkillResult:
    return SkillResult(one.skill, one.pairs, one.pairs.gain, one.least, one.allowed, one.state, needed)


def _serving(found: Findings) -> Serving:
    seen = found.serving
    return Serving(
        seen.n, seen.agreeing, seen.interval, seen.only_torch, seen.only_served, seen.p_value, found.served_worse
    )


def _sentences(found: Findings, case: Case, dials: GateSettings, needed: Mapping[str, int]) -> Iterator[str]:
    yield _opening(found, case, dials, needed)
    yield _about_the_gain(found, case)
    if any(one.state != "watched" for one in found.skills):
        yield _about_the_held(found, dials)
    for one in found.skills:
        if one.state == "watched" and one.pairs.n:
            yield f"On {_counted(one.pairs.n)} of {one.skill} no harm shows ({points(one.pairs.gain)})."
    yield (
        f"Served, the exported artefact does as in training on {found.serving.agreeing} of {found.serving.n} examples."
    )
    if case.left_out:
        yield f"Left out, for an earlier look had used them: {_counted(case.left_out)}."


def _opening(found: Findings, case: Case, dials: GateSettings, needed: Mapping[str, int]) -> str:
    if found.decision == "promote":
        return f"Promote {_short(case.candidate)}: it is better on {_listed(case.target)}, and no held skill suffers."
    if found.decision == "more":
        target = f"of {_listed(case.target)}"
        names = {GAIN: target, SERVED: "of any skill, served too"}
        parts = ", ".join(f"{count} {names.get(what, what)}" for what, count in needed.items())
        return f"More fresh examples are needed: {parts}."
    return f"Refuse {_short(case.candidate)}: {'; '.join(_reasons(found, case))}."


def _reasons(found: Findings, case: Case) -> Iterator[str]:
    for one in found.skills:
        if one.state == "harmed":
            yield f"it loses {points(-one.pairs.gain)} on {one.skill}, which is held"
    if found.served_worse:
        yield (
            f"served, it fails {found.serving.only_torch} examples that it answers in training, "
            f"and gains {found.serving.only_served}, so its export is not what was trained"
        )
    if found.futile:
        yield f"a gain of {points(case.worthwhile)} on {_listed(case.target)} is ruled out"


def _about_the_gain(found: Findings, case: Case) -> str:
    n = found.gain.n
    if n == 0:
        return f"No fresh example of {_listed(case.target)} was seen, so nothing is known of a gain."
    low, high = (f"{100 * end:.1f}".replace("-", "−") for end in found.interval)
    text = f"On {_counted(n)} the gain is {points(found.gain.gain)} (95 % interval {low} to {high}"
    if found.p_value is None:
        return text + ("; an earlier look showed it)." if found.gain_shown else ").")
    text += f"; p {_p(found.p_value)}, and at most {found.allowed:.4f} is allowed at this look)"
    if found.gain_shown:
        return text + "."
    return text + f"; with {_counted(found.fresh)} a gain under {points(_detectable(found))} cannot be seen."


def _about_the_held(found: Findings, dials: GateSettings) -> str:
    safe = [one for one in found.skills if one.state == "safe"]
    held = [one for one in found.skills if one.state != "watched"]
    of_all = f"{len(safe)} of {counted(len(held), 'held skill')} {'is' if len(safe) == 1 else 'are'}"
    text = f"{of_all} sure to lose less than {points(dials.margin)}"
    open_ones = [one for one in found.skills if one.state == "open"]
    if not open_ones:
        return text + "."
    worst = min(open_ones, key=lambda one: (one.pairs.n > 0, one.pairs.gain))
    if worst.pairs.n == 0:
        return f"{text}; of {worst.skill} no fresh example was seen."
    return f"{text}; least sure is {worst.skill}, with {points(worst.pairs.gain)} on {_counted(worst.pairs.n)}."


def _short(name: str) -> str:
    """A hash as people quote it; a name as it is."""
    return name[:12] if len(name) > 40 else name


def _listed(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _counted(n: int) -> str:
    return counted(n, "example")


def _p(value: float) -> str:
    return "below 0.0001" if value < 1e-4 else f"= {value:.4f}"
