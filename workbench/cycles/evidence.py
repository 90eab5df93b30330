"""What use has taught, dealt out: to train on, to search by, to judge by; and whether it is enough to begin.

    turns with feedback ─► redacted examples ─┬─► train    half, what is fresh no more, what no search needs any more
    adapters that answer ─► stored examples ──┤            + replay: a few of each earlier skill
                                              ├─► tune     a fifth, of which the latest: what a search looks at
                                              ├─► confirm  and what its finalists are measured on
                                              ├─► held     a few of each earlier skill, never trained on
                                              ├─► fresh    three tenths, until a gate or a choice has used them
                                              └─► guard    unseen ones of what is held, for the gate alone

An example falls on the same side on every day, by the hash of what it asks (`corpus.splits`). What something was judged
or chosen by judges nothing any more, so the next cycle trains on it and on whatever asks nearly the same. A quarter of
the fresh ones are set aside for good: once something else answers they are "earlier use", and the gate of every later
cycle watches with the latest of them whether what was right then still is. It trains nothing.

>>> evidence = gathered(memory.sessions, learning)                        # doctest: +SKIP
>>> evidence.lacks                                                        # doctest: +SKIP
'12 new examples to train on, and a cycle begins with 20: rate or correct about 16 more answers'
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workbench.core.examples import Example
from workbench.corpus.interactions import EARLIER, SKILL, Collected, from_sessions
from workbench.corpus.splits import Shares, leaks, split
from workbench.cycles.guarding import guards, unguarded
from workbench.experience import HELD_FILE, REPLAY_FILE

if TYPE_CHECKING:
    from workbench.adapters.shelf import Shelved
    from workbench.cycles.inspecting import Doubt
    from workbench.cycles.suspecting import Suspect
    from workbench.learning import Learning
    from workbench.memory.sessions.sessions import Sessions

SHARES = Shares(train=0.5, tune=0.2, gate=0.3)
ASIDE = 0.25  # of what could judge now, kept for when it is earlier use
WATCHED = 100  # of earlier use, the latest: what people want changes, and each cycle's gate asks all of them


@dataclass(frozen=True, slots=True)
class Past:
    """Ids of what earlier cycles have used, whatever the gate said.

    Args:
        tried: the latest has trained on them; they are not new.
        suspects: the latest has left them out; they are new once a person has confirmed them.
        chosen: what a cycle ended with was chosen by them; they judge no more.
    """

    tried: frozenset[str] = frozenset()
    suspects: frozenset[str] = frozenset()
    chosen: frozenset[str] = frozenset()


NOTHING, NOBODY_SAID = Past(), Collected((), ())


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a cycle has to work with; no example is in two parts.

    Args:
        replay: of earlier skills, learned again.
        confirm: that no cycle was chosen by, to choose among a search's finalists.
        held: of earlier skills, never trained on.
        guard: of earlier skills, that nothing has seen, and of earlier use, that nothing was trained or chosen by.
        new: how many of `train` neither what answers now nor an earlier cycle has learned.
        refused: reasons, with how many turns each.
        redacted: kinds of values taken out, with their number.
        doubts: feedback that is set apart, each in a sentence.
        lacks: why a cycle cannot begin; None where it can.
        invented: by a model, after examples of `train`; trained on like those.
        confirmed: ids of those whose answer a person has called right more than once.
        suspects: were of `train`, and contradict what the others teach; they are not trained on.
    """

    train: tuple[Example, ...]
    replay: tuple[Example, ...]
    tune: tuple[Example, ...]
    confirm: tuple[Example, ...]
    held: tuple[Example, ...]
    fresh: tuple[Example, ...]
    guard: tuple[Example, ...]
    new: int
    unrated: int
    refused: Mapping[str, int]
    redacted: Mapping[str, int]
    doubts: tuple[str, ...]
    lacks: str | None
    invented: tuple[Example, ...] = ()
    confirmed: frozenset[str] = frozenset()
    suspects: tuple[Suspect, ...] = ()


def gathered(
    sessions: Sessions,
    learning: Learning,
    *,
    brought: Sequence[Example] = (),
    past: Past = NOTHING,
    doubts: Sequence[Doubt] = (),
    again: bool = False,
) -> Evidence:
    """Everything that memory holds with feedback, dealt out.

    Args:
        brought: more unseen examples for the gate, of skills that what answers now holds.
        past: what earlier cycles have used.
        doubts: feedback that is set apart: it is neither trained on nor judged by.
        again: as if what answered before everything that learned from what was forgotten answered now.
    Raises:
        ExamplesError: a library that redaction needs is not installed.
        StoreError: memory cannot be read.
    """
    doubted = frozenset(turn for one in doubts for turn in one.turns)
    collected, dials = from_sessions(sessions, doubted=doubted), learning.settings.learn
    experience, champion = learning.experience, learning.shelf.champion()
    learner = experience.clean_champion() if again else champion
    seen = experience.seen_by(learner) if learner else set()
    turns = set(experience.turns_seen_by(learner).values()) if learner else set()
    forgotten = experience.forgotten()
    parts = split([one for one in collected.examples if one.id not in forgotten], shares=SHARES)
    used = seen | past.chosen | learning.ledger.used_ids()
    spent = _spent(parts.gate, used, collected)
    tune, confirm = _searching(parts.tune, used, collected, dials.search_examples)
    searching = {one.id for one in (*tune, *confirm)}
    train = (
        *parts.train,
        *(one for one in parts.tune if one.id not in searching),
        *(one for one in parts.gate if one.id in spent),
    )
    unseen = [one for one in parts.gate if one.id not in spent and _turn(one) not in turns]
    then = NOBODY_SAID
    if learner is not None and turns:
        then = from_sessions(sessions, doubted=doubted, until=learner.card.made_at)
    earlier = {_turn(one) for one in then.examples}
    fresh = tuple(one for one in unseen if _turn(one) not in earlier and not _aside(one))
    watching = _watching(then, turns, used | forgotten | searching | {one.id for one in train})
    replay, held = _of_earlier_skills(learning, champion)
    looked_at = used | {one.id for one in (*replay, *held)}
    guard = (*watching, *guards(learning, learner, looked_at, brought))
    old = seen | past.tried | (past.suspects - collected.confirmed)
    new = sum(one.id not in old for one in train)
    fewest = dials.least_fresh_again if turns else dials.least_fresh
    return Evidence(
        train,
        replay,
        tune,
        confirm,
        held,
        fresh,
        guard,
        new,
        collected.unrated,
        Counter(one.reason for one in collected.refused),
        collected.redacted,
        tuple(_doubted(one, learner, turns) for one in doubts),
        _lacks(new, tune, fresh, collected, dials.least_new, fewest) or unguarded(learning, learner, guard),
        confirmed=collected.confirmed,
    )


def _doubted(doubt: Doubt, learner: Shelved | None, turns: Collection[str]) -> str:
    """The doubt in a sentence, and what has learned from it already."""
    learned = sum(turn in turns for turn in doubt.turns)
    if learner is None or not learned:
        return doubt.sentence
    return f"{doubt.sentence}; {learner.label} learned from {learned} of them, take it back: workbench rollback"


def _searching(
    share: Sequence[Example], used: Collection[str], collected: Collected, most: int
) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """So many at most to search by, half as many to choose among finalists; the latest, used ones last.

    Finalists are measured on what nothing was made or chosen by, or the older ones would have an advantage.
    """
    latest = sorted(share, key=lambda one: (one.id in used, -collected.asked_at[one.id]))
    confirm = [one for one in latest if one.id not in used and _third(one)][: most // 2]
    apart = {one.id for one in confirm}
    tune = [one for one in latest if one.id not in apart][:most]
    return (tuple(tune), tuple(confirm)) if tune else (tuple(confirm), ())


def _spent(examples: Sequence[Example], used: Collection[str], collected: Collected) -> set[str]:
    """Ids of what judges no more: what was looked at, whatever is said of it now, and what asks nearly the same.

    What is set aside stays a witness, though others asked the same: or asking again would be a way to be rid of it.
    """
    gone = [
        one for one in examples if one.id in used or not collected.versions.get(one.id, frozenset()).isdisjoint(used)
    ]
    ids = {one.id for one in gone}
    left = [one for one in examples if one.id not in ids and not _aside(one)]
    return ids | ({leak.right.id for leak in leaks(gone, left)} if gone and left else set())


def _of_earlier_skills(learning: Learning, champion: Shelved | None) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """A few of each skill other than use, kept beside the champion: to be learned again, to be held; none is both."""
    replay, held = (learning.experience.replay_of(champion, name, but={SKILL}) for name in (REPLAY_FILE, HELD_FILE))
    again = {one.id for one in replay}
    return tuple(replay), tuple(one for one in held if one.id not in again)


def _watching(then: Collected, turns: Collection[str], without: Collection[str]) -> list[Example]:
    """The latest of earlier use, as it was rated then: what is said of it since is no witness of what was right.

    Args:
        turns, without: turns, and ids of examples, that are left out.
    """
    some = [
        one for one in split(then.examples, shares=SHARES).gate if _turn(one) not in turns and one.id not in without
    ]
    before = sorted(some, key=lambda one: then.asked_at[one.id])
    return [replace(one, skill=EARLIER) for one in before[-WATCHED:]]


def _turn(one: Example) -> str:
    return one.origin.place["turn"]


def _third(one: Example) -> bool:
    return int(one.id[-8:], 16) < 16**8 / 3


def _aside(one: Example) -> bool:
    return int(one.id[-8:], 16) < ASIDE * 16**8


def _lacks(
    new: int,
    tune: Sequence[Example],
    fresh: Sequence[Example],
    collected: Collected,
    least_new: int,
    least_fresh: int,
) -> str | None:
    if not collected.examples:
        return "No answer was rated or corrected yet; say what was right: workbench feedback"
    for found, wanted, what, share in (
        (new, least_new, "new examples to train on", SHARES.train),
        (len(fresh), least_fresh, "examples that nothing has seen, to judge by", SHARES.gate * (1 - ASIDE)),
        (len(tune), 1, "examples to search by", SHARES.tune),
    ):
        if found < wanted:
            more = math.ceil((wanted - found) / share)
            return f"{found} {what}, and a cycle begins with {wanted}: rate or correct about {more} more answers"
    return None
