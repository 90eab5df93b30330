"""Unseen examples of what is held already, so that the gate can see that none of it is lost.

    held skill ─► brought by the person ─► kept beside the adapters ─► drawn, where the skill is built in ─► enough?

As many as make a candidate that does no harm pass nearly always; with fewer than can rule a harm out, a cycle does not
begin, for its verdict is known. It does not know what was learned from use.

>>> guards(learning, champion, seen, ())                                  # doctest: +SKIP
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from workbench.core.examples import Example
from workbench.corpus.interactions import SKILL
from workbench.experience import FRESH_FILE
from workbench.holding import held_skills

if TYPE_CHECKING:
    from workbench.adapters.shelf import Shelved
    from workbench.learning import Learning

QUIET = 0.02  # share of a held skill's examples on which a candidate that does no harm differs
SEED = 2_000_003  # of what is drawn: another stream than those that are trained on


def guards(
    learning: Learning, champion: Shelved | None, looked_at: Collection[str], brought: Sequence[Example]
) -> Iterator[Example]:
    """Examples of each skill that what answers now holds, other than use.

    Args:
        looked_at: ids of examples that something has seen.
        brought: by the person; used before any others.
    Raises:
        AdapterDamaged: what was kept beside an adapter cannot be read.
    """
    stock = (*brought, *learning.experience.kept_of(champion, FRESH_FILE))
    wanted = _needed(learning, QUIET)
    for skill in sorted(held_skills(champion) - {SKILL}):
        there = {one.id: one for one in stock if one.skill == skill and one.id not in looked_at}
        some = list(there.values())[:wanted]
        yield from some
        yield from _drawn(skill, wanted - len(some), {*looked_at, *there})


def unguarded(learning: Learning, champion: Shelved | None, guard: Sequence[Example]) -> str | None:
    """Why the gate could not rule out harm to a skill that is held, whatever the candidate; None where it could."""
    if champion is None:
        return None
    there, fewest = Counter(one.skill for one in guard), _needed(learning, 0.0)
    for skill in sorted(held_skills(champion) - {SKILL}):
        if there[skill] < fewest:
            return (
                f"{champion.label} holds {skill}, and {there[skill]} unseen examples of it are left where {fewest} can "
                "show that nothing is lost: bring some, workbench learn --gate FILE.jsonl"
            )
    return None


def _drawn(skill: str, count: int, without: Collection[str]) -> Sequence[Example]:
    from workbench.corpus.skills import COMPOSITES, SKILLS, generate

    if count <= 0 or skill not in {**SKILLS, **COMPOSITES}:
        return ()
    return generate(skill, count, seed=SEED, without=without, fewer=True)


def _needed(learning: Learning, discordance: float) -> int:
    """Examples with which no harm is shown of a candidate that does none.

    Args:
        discordance: share of the examples on which it differs from what answers now.
    """
    from workbench.evaluation.gate import examples_needed_for_noninferiority

    dials = learning.settings.gate
    return examples_needed_for_noninferiority(dials.margin, alpha=dials.harm_alpha, discordance=discordance)
