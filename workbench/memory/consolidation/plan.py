"""What should become of the memories: a plan, made of figures and rules, that changes nothing.

    every memory ─► purged      merged or expired, and out of use for longer than `history_days`
       active    ─► merged      another says the same and tells more; that one takes its place      `duplicates.py`
                 ─► superseded  a later statement contradicts it; it stays readable as history      `contradictions.py`
                 ─► expired     short-term, unimportant and idle (preferences and procedures hold until
                                they are contradicted); or the least worth keeping while the active
                                texts are longer than `keep_tokens`                                 `keeping.py`
                 ─► promoted    short-term and important enough for long-term                       `importance.py`
                 ─► rescored    nothing of this, but its importance is another than the stored one

At most one decision for each memory, the first that fits. Pinned memories, and those that a person restored by hand,
never merge away and are never superseded; pinned ones never expire. The same input gives the same plan: no model, no
clock, no chance. It reads no database; `consolidator.py` does, and applies the plan.

>>> plan(memories, vectors, {}, time.time(), settings.importance, settings.consolidation).counts  # doctest: +SKIP
{'merged': 2, 'promoted': 5}
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from workbench.core.tokens import tokens_of
from workbench.memory.consolidation.contradictions import overtaken
from workbench.memory.consolidation.duplicates import absorbed, nearest_earlier
from workbench.memory.consolidation.keeping import answering, least_first
from workbench.memory.weighing.importance import importance, parts_of

if TYPE_CHECKING:
    from workbench.core.schema import ConsolidationSettings, ImportanceSettings
    from workbench.memory.memories import StoredMemory, Vectors

What = Literal["purged", "merged", "superseded", "expired", "promoted", "rescored"]
HOUR_S = 3_600.0
DAY_S = 86_400.0
LEAVING: tuple[What, ...] = ("merged", "superseded", "expired")
LASTING = ("preference", "procedure")
SMALLEST_STEP = 0.005  # a change of importance that nobody would see is not written
RULES: tuple[What, ...] = ("purged", "merged", "superseded", "expired", "promoted", "rescored")


@dataclass(frozen=True, slots=True)
class Decision:
    """What should become of one memory, and why: figures, ids and names of rules, never its text."""

    memory_id: str
    what: What
    why: str
    importance: float = 0.0
    parts: Mapping[str, float] = field(default_factory=dict)
    by: str | None = None  # what takes the place of a merged or superseded one


@dataclass(frozen=True, slots=True)
class Plan:
    """Decisions in the order in which they are to be applied; those that make room, the first to go first."""

    decisions: tuple[Decision, ...] = ()
    active_tokens: int = 0  # of what stays active
    active_count: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """How many decisions of each kind there are."""
        found = Counter(decision.what for decision in self.decisions)
        return {what: found[what] for what in RULES if found[what]}


@dataclass(frozen=True, slots=True)
class _Weighed:
    """An active memory with its importance now."""

    memory: StoredMemory
    parts: Mapping[str, float]
    importance: float
    idle_days: float
    is_long: bool  # it, or one merged into it, is long-term


def plan(
    memories: Sequence[StoredMemory],
    vectors: Vectors,
    feedback: Mapping[str, float],
    now: float,
    scoring: ImportanceSettings,
    dials: ConsolidationSettings,
    *,
    left_at: Mapping[str, float] | None = None,
    restored: Collection[str] = (),
) -> Plan:
    """Decide what should become of each memory.

    Args:
        memories: all of them, active or not.
        vectors: of the active ones, from one embedder; those without a vector merge with none.
        feedback: id -> balance of what people said about it, see `importance.feedback_balance`.
        left_at: id -> when a memory that is not active left; without it nothing is purged.
        restored: ids that a person restored by hand.
    """
    active = sorted((one for one in memories if one.state == "active"), key=_in_time)
    purged = _purged(memories, left_at or {}, now, dials)
    merged = _merged(active, vectors, dials.duplicate_cosine, restored)
    rest = [one for one in active if one.id not in merged]
    superseded = _superseded(rest, restored)
    rest = [one for one in rest if one.id not in superseded]
    families = _families(memories, merged)
    weighed = _weighed(rest, vectors, families, feedback, now, scoring)
    expired = _expired(weighed, answering(memories), now, scoring, dials, restored)
    raised = [_raised(one, dials.promote_at) for one in weighed if one.memory.id not in expired]
    found = [*purged, *merged.values(), *superseded.values(), *expired.values(), *filter(None, raised)]
    staying = [one.memory for one in weighed if one.memory.id not in expired]
    return Plan(tuple(found), sum(tokens_of(one.text) for one in staying), len(staying))


def _in_time(one: StoredMemory) -> tuple[float, int, str]:
    return one.said_at, one.place, one.id


def _purged(
    memories: Iterable[StoredMemory], left_at: Mapping[str, float], now: float, dials: ConsolidationSettings
) -> list[Decision]:
    limit = dials.history_days * DAY_S
    gone = (one for one in memories if one.state in ("merged", "expired") and not one.pinned)
    ages = ((one, now - left_at[one.id]) for one in gone if one.id in left_at)
    return [
        Decision(one.id, "purged", f"{one.state} {age / DAY_S:.0f} days ago; kept for {dials.history_days:g}")
        for one, age in ages
        if age > limit
    ]


def _merged(
    active: Sequence[StoredMemory], vectors: Vectors, limit: float, restored: Collection[str]
) -> dict[str, Decision]:
    return {
        poor: Decision(poor, "merged", f"cosine {found.cosine:.2f}, its words lie in {found.by[:8]}", by=found.by)
        for poor, found in absorbed(active, vectors, limit, fixed=restored).items()
    }


def _superseded(active: Sequence[StoredMemory], restored: Collection[str]) -> dict[str, Decision]:
    return {
        older: Decision(older, "superseded", f"contradicted by {newer[:8]}", by=newer)
        for older, newer in overtaken(active, fixed=restored).items()
    }


def _families(memories: Sequence[StoredMemory], merged: Mapping[str, Decision]) -> dict[str, list[StoredMemory]]:
    """id -> the memories that were, or are about to be, merged into it."""
    into = {one.id: one.replaced_by for one in memories if one.state == "merged" and one.replaced_by}
    into |= {name: decision.by for name, decision in merged.items() if decision.by}
    found: dict[str, list[StoredMemory]] = {}
    for one in memories:
        if one.id in into:
            found.setdefault(_last(into, one.id), []).append(one)
    return found


def _last(into: Mapping[str, str], name: str) -> str:
    seen = {name}
    while name in into and into[name] not in seen:
        name = into[name]
        seen.add(name)
    return name


def _weighed(
    active: Sequence[StoredMemory],
    vectors: Vectors,
    families: Mapping[str, Sequence[StoredMemory]],
    feedback: Mapping[str, float],
    now: float,
    scoring: ImportanceSettings,
) -> list[_Weighed]:
    nearest = _nearest(active, vectors)
    return [_weigh(one, families.get(one.id, ()), nearest.get(one.id), feedback, now, scoring) for one in active]


def _nearest(active: Sequence[StoredMemory], vectors: Vectors) -> dict[str, float]:
    """Cosine of each to the nearest said before it: what is new is judged by what was known then."""
    rows = {name: row for row, name in enumerate(vectors.ids)}
    known = [one.id for one in active if one.id in rows]
    if not known:
        return {}
    nearest = nearest_earlier(vectors.matrix[[rows[name] for name in known]])
    return {name: float(value) for name, value in zip(known, nearest, strict=True) if not math.isnan(value)}


def _weigh(
    one: StoredMemory,
    family: Sequence[StoredMemory],
    nearest: float | None,
    feedback: Mapping[str, float],
    now: float,
    scoring: ImportanceSettings,
) -> _Weighed:
    """A memory inherits from those merged into it: their recalls, feedback, recency, and a request to remember."""
    all_of_it = (one, *family)
    idle_days = max(now - max(_last_use(each) for each in all_of_it), 0.0) / DAY_S
    new = [each for each in family if each.state == "active"]  # a merge of before has handed on its recalls
    parts = parts_of(
        one.text,
        nearest=nearest,
        feedback=math.fsum(feedback.get(each.id, 0.0) for each in all_of_it),
        recall_count=one.recall_count + sum(each.recall_count for each in new),
        idle_days=idle_days,
        half_life_days=scoring.half_life_days,
    )
    asked = max((each.parts.get("explicit", 0.0) for each in all_of_it), default=0.0)
    parts["explicit"] = max(parts["explicit"], asked)
    is_long = any(each.tier == "long" for each in all_of_it)
    return _Weighed(one, parts, importance(parts, scoring), idle_days, is_long)


def _last_use(one: StoredMemory) -> float:
    return max(one.said_at, one.recalled_at or one.said_at)


def _expired(
    weighed: Sequence[_Weighed],
    answers: Collection[str],
    now: float,
    scoring: ImportanceSettings,
    dials: ConsolidationSettings,
    restored: Collection[str],
) -> dict[str, Decision]:
    found = {
        one.memory.id: _expiry(
            one, f"importance {one.importance:.2f} below {dials.expire_below:g}, idle {one.idle_days:.0f} days"
        )
        for one in weighed
        if _is_stale(one, now, dials) and one.memory.id not in restored
    }
    if dials.keep_tokens:
        left = [one for one in weighed if one.memory.id not in found]
        found |= _evicted(left, answers, scoring, dials.keep_tokens)
    return found


def _is_stale(one: _Weighed, now: float, dials: ConsolidationSettings) -> bool:
    """What is still to happen is not stale, nor is what holds until it is contradicted."""
    memory = one.memory
    ahead = memory.event_at is not None and memory.event_at > now
    holds = memory.pinned or one.is_long or memory.kind in LASTING
    low = one.importance < dials.expire_below and one.idle_days > dials.expire_after_days
    return low and not ahead and not holds


def _evicted(
    weighed: Sequence[_Weighed], answers: Collection[str], scoring: ImportanceSettings, keep_tokens: int
) -> dict[str, Decision]:
    """The least worth keeping go until the rest fits; pinned ones stay even where they alone do not fit."""
    by_id = {one.memory.id: one for one in weighed}
    over = sum(tokens_of(one.memory.text) for one in weighed) - keep_tokens
    found: dict[str, Decision] = {}
    if over <= 0:
        return found
    parts = {name: one.parts for name, one in by_id.items()}
    for name, keeping in least_first([one.memory for one in weighed], parts, scoring, answers=answers):
        if over <= 0:
            break
        if not by_id[name].memory.pinned:
            found[name] = _expiry(by_id[name], f"keeping {keeping:.2f} is least while over {keep_tokens} tokens")
            over -= tokens_of(by_id[name].memory.text)
    return found


def _expiry(one: _Weighed, why: str) -> Decision:
    return Decision(one.memory.id, "expired", why, one.importance, one.parts)


def _raised(one: _Weighed, promote_at: float) -> Decision | None:
    memory = one.memory
    if memory.tier == "short" and (one.is_long or one.importance >= promote_at):
        why = f"importance {one.importance:.2f} reaches {promote_at:g}"
        why = "a long-term memory was merged into it" if one.is_long else why
        return Decision(memory.id, "promoted", why, one.importance, one.parts)
    if abs(memory.importance - one.importance) < SMALLEST_STEP and memory.parts:
        return None
    why = f"importance {memory.importance:.2f} is {one.importance:.2f} now"
    return Decision(memory.id, "rescored", why, one.importance, one.parts)
