"""What use has taught, dealt out: to train on, to search by, to judge by; and whether it is enough to begin.

    turns with feedback ─► redacted examples ─┬─► train    half
    adapters that answer ─► stored examples ──┤            + replay: a few of each earlier skill
                                              ├─► tune     a fifth
                                              ├─► held     a few of each earlier skill, never trained on
                                              └─► fresh    three tenths, without what a gate has used

An example falls on the same side on every day, by the hash of what it asks (`corpus.splits`), so nothing that was
judged by is ever trained on. It trains nothing.

>>> evidence = gathered(memory.sessions, learning)                        # doctest: +SKIP
>>> evidence.lacks                                                        # doctest: +SKIP
'12 new examples to train on, and a cycle begins with 20: rate or correct about 16 more answers'
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.core.examples import Example
from workbench.corpus.interactions import SKILL, Collected, from_sessions
from workbench.corpus.splits import Shares, split
from workbench.learning import HELD_FILE, REPLAY_FILE, few_of_each_skill

if TYPE_CHECKING:
    from workbench.core.schema import LearnSettings
    from workbench.learning import Learning
    from workbench.memory.sessions.sessions import Sessions

SHARES = Shares(train=0.5, tune=0.2, gate=0.3)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a cycle has to work with; no example is in two parts.

    Args:
        replay: of earlier skills, learned again.
        held: of earlier skills, never trained on.
        new: how many of `train` what answers now has not learned.
        refused: reasons, with how many turns each.
        redacted: kinds of values taken out, with their number.
        lacks: why a cycle cannot begin; None where it can.
    """

    train: tuple[Example, ...]
    replay: tuple[Example, ...]
    tune: tuple[Example, ...]
    held: tuple[Example, ...]
    fresh: tuple[Example, ...]
    new: int
    unrated: int
    refused: Mapping[str, int]
    redacted: Mapping[str, int]
    lacks: str | None


def gathered(sessions: Sessions, learning: Learning) -> Evidence:
    """Everything that memory holds with feedback, dealt out.

    Raises:
        ExamplesError: a library that redaction needs is not installed.
        StoreError: memory cannot be read.
    """
    collected, dials = from_sessions(sessions), learning.settings.learn
    champion = learning.shelf.champion()
    seen = learning.seen_by(champion) if champion else set()
    parts = split(collected.examples, shares=SHARES)
    used = seen | learning.ledger.used_ids()
    replay, held = (
        few_of_each_skill([one for one in learning.kept_of(champion, name) if one.skill != SKILL], dials.replay)
        for name in (REPLAY_FILE, HELD_FILE)
    )
    trained = {one.id for one in replay}
    fresh = tuple(one for one in parts.gate if one.id not in used)
    new = sum(one.id not in seen for one in parts.train)
    return Evidence(
        parts.train,
        tuple(replay),
        parts.tune,
        tuple(one for one in held if one.id not in trained),
        fresh,
        new,
        collected.unrated,
        Counter(one.reason for one in collected.refused),
        collected.redacted,
        _lacks(new, parts.tune, fresh, collected, dials),
    )


def _lacks(
    new: int, tune: Sequence[Example], fresh: Sequence[Example], collected: Collected, dials: LearnSettings
) -> str | None:
    if not collected.examples:
        return "No answer was rated or corrected yet; say what was right: workbench feedback"
    for found, wanted, what, share in (
        (new, dials.least_new, "new examples to train on", SHARES.train),
        (len(fresh), dials.least_fresh, "examples that nothing has seen, to judge by", SHARES.gate),
        (len(tune), 1, "examples to search by", SHARES.tune),
    ):
        if found < wanted:
            more = math.ceil((wanted - found) / share)
            return f"{found} {what}, and a cycle begins with {wanted}: rate or correct about {more} more answers"
    return None
