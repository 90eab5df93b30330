"""Which skills an adapter holds, by what stands on its card: what it was scored on and knows, what it was trained on.

    verdicts of a scoring ─► shares ─► scores on the card ─► held_skills ─► what the gate guards

A skill that is held must not be lost when another adapter takes its place. It scores nothing and decides nothing.

>>> [(one.skill, one.n, one.mean) for one in shares([("add", True), ("add", False)])]
[('add', 2, 0.5)]
"""

from __future__ import annotations

from collections.abc import Iterable

from workbench.adapters.shelf import Shelved, SkillScore
from workbench.corpus.interactions import EARLIER
from workbench.evaluation.intervals import wilson_interval

HELD_FROM = 0.5  # a skill of which an adapter answers at least this share is held


def held_skills(one: Shelved | None) -> frozenset[str]:
    """The skills that an adapter holds: those it was scored on and knows, and others that it was trained on."""
    if one is None:
        return frozenset()
    known = {score.skill: score.mean >= HELD_FROM for score in one.card.scores}
    trained = one.card.origin.data.skills if one.card.origin.data else ()
    return frozenset(skill for skill in {*known, *trained} if known.get(skill, True)) - {EARLIER}


def shares(verdicts: Iterable[tuple[str, bool]]) -> list[SkillScore]:
    """Of each skill, how much was right."""
    by_skill: dict[str, list[bool]] = {}
    for skill, right in verdicts:
        by_skill.setdefault(skill, []).append(right)
    return [
        SkillScore(skill, len(some), sum(some) / len(some), *wilson_interval(sum(some), len(some)))
        for skill, some in by_skill.items()
    ]
