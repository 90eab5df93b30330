"""The agent's own turns become examples where a person said what is right.

    thumb up    ──► question, the answer that was given          thumb down, no correction ──► refused
    correction  ──► question, the answer the person wrote        session opted out         ──► refused

The last word about a turn counts. Every text is redacted before it is kept; where something that looks like a secret
is left even so, the turn is refused: a lost example costs less than a key learned by heart. Turns that nobody spoke
about are counted, no more. It trains nothing and writes no file.

>>> from workbench.core.records import Feedback, Turn
>>> turn = Turn("Who wrote Emma?", id="t1", session_id="s1", answer="Jane Austen")
>>> from_interactions([turn], [Feedback("t1", "up")]).examples[0].answer
'Jane Austen'
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workbench.core.examples import Example, Origin
from workbench.core.records import Feedback, Message, Turn
from workbench.corpus.redaction import PLACEHOLDER, redacted, suspects

if TYPE_CHECKING:
    from workbench.memory.sessions.sessions import Sessions

SKILL, EARLIER = "use", "earlier use"  # of what answers now and of what it learned from, where they are told apart
DOUBTED = "its feedback is set apart until somebody has looked at it"
EARLIER_MESSAGES = 4  # of the conversation, that a question leans on


@dataclass(frozen=True, slots=True)
class Refused:
    """A turn that somebody spoke about and that is no example, and why."""

    turn_id: str
    session_id: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Collected:
    """What came of the turns.

    Args:
        unrated: turns that nobody spoke about.
        asked_at: by the example's id, in seconds since the epoch.
        redacted: how many values were taken out, by kind.
        versions: by the id of an example of whose turn more was said than one word, ids that it has or had.
        confirmed: ids of those whose answer a person has called right more than once.
    """

    examples: tuple[Example, ...]
    refused: tuple[Refused, ...]
    unrated: int = 0
    asked_at: Mapping[str, float] = field(default_factory=dict)
    redacted: Mapping[str, int] = field(default_factory=dict)
    versions: Mapping[str, frozenset[str]] = field(default_factory=dict)
    confirmed: frozenset[str] = frozenset()


class _Unfit(Exception):
    """A turn is no example; the sentence says why."""


def from_sessions(sessions: Sessions, *, doubted: Collection[str] = (), until: float | None = None) -> Collected:
    """Examples from everything that memory holds, sessions that opted out excepted.

    Args:
        doubted: ids of turns whose feedback is set apart.
        until: as if nothing had been said of any turn since, in seconds since the epoch.
    """
    every = sessions.list()
    turns = [turn for one in reversed(every) for turn in sessions.turns(one.id)]
    every_word = [said for turn in turns for said in sessions.feedback(turn.id)]
    feedback = [said for said in every_word if until is None or said.given_at < until]
    opted_out = {one.id for one in every if not one.learns}
    return from_interactions(turns, feedback, opted_out=opted_out, doubted=doubted)


def from_interactions(
    turns: Iterable[Turn],
    feedback: Iterable[Feedback],
    *,
    opted_out: Collection[str] = (),
    doubted: Collection[str] = (),
) -> Collected:
    """Examples from turns with feedback.

    Args:
        feedback: about any of the turns, what was said later further back.
        opted_out: ids of sessions that must not be learned from.
        doubted: ids of turns whose feedback is set apart.
    Raises:
        ExamplesError: a library that redaction needs is not installed.
    """
    words: dict[str, list[Feedback]] = {}
    for said in feedback:
        words.setdefault(said.turn_id, []).append(said)
    examples: dict[str, Example] = {}
    refused: list[Refused] = []
    asked_at: dict[str, float] = {}
    counts: Counter[str] = Counter()
    versions: dict[str, frozenset[str]] = {}
    confirmed: set[str] = set()
    unrated = 0
    for turn in turns:
        if (of_turn := words.get(turn.id)) is None:
            unrated += 1
            continue
        try:
            if turn.id in doubted:
                raise _Unfit(DOUBTED)
            one, taken_out = _example(turn, of_turn[-1], opted_out)
        except _Unfit as error:
            refused.append(Refused(turn.id, turn.session_id, str(error)))
        else:
            examples.setdefault(one.id, one)
            asked_at.setdefault(one.id, turn.asked_at)
            counts += Counter(taken_out)
            if len(of_turn) > 1:
                versions[one.id] = versions.get(one.id, frozenset()) | ids_of(turn, of_turn)
            if any(one.id in ids_of(turn, [said]) for said in of_turn[:-1]):
                confirmed.add(one.id)
    return Collected(
        tuple(examples.values()), tuple(refused), unrated, asked_at, dict(counts), versions, frozenset(confirmed)
    )


def ids_of(turn: Turn, feedback: Iterable[Feedback]) -> frozenset[str]:
    """Ids of all examples that a turn is or was: one for each word about it, whichever counted when it was collected.

    Raises:
        ExamplesError: a library that redaction needs is not installed.
    """
    found = set()
    for said in feedback:
        with suppress(_Unfit):
            found.add(_example(turn, said, ())[0].id)
    return frozenset(found)


def _example(turn: Turn, said: Feedback, opted_out: Collection[str]) -> tuple[Example, Mapping[str, int]]:
    if turn.session_id in opted_out:
        raise _Unfit("its session opted out of learning")
    earlier = tuple(Message(one.role, one.content) for one in turn.history if one.role in ("user", "assistant"))
    messages = (*earlier[-EARLIER_MESSAGES:], Message("user", turn.question))
    place = {"turn": turn.id, "session": turn.session_id or "", "feedback": said.kind}
    answer = _right_answer(turn, said)
    if not turn.question.strip():
        raise _Unfit("its question is empty")
    clean = redacted(Example(messages, answer, skill=SKILL, origin=Origin("interaction", place)))
    _refuse_remains(clean.example)
    return clean.example, clean.counts


def _right_answer(turn: Turn, said: Feedback) -> str:
    if said.kind == "correct":
        answer = said.correction or ""
    elif said.kind == "down":
        raise _Unfit("the answer was bad and nobody said what is right")
    elif turn.cut_off:
        raise _Unfit("its answer was cut off")
    else:
        answer = turn.answer or ""
    if not answer.strip():
        raise _Unfit("its answer is empty")
    return answer


def _refuse_remains(one: Example) -> None:
    """What is left must be safe, and must still teach something."""
    if any(suspects(text) for text in (*(said.content for said in one.messages), one.answer)):
        raise _Unfit("what looks like a secret remained after redaction")
    if not any(map(str.isalnum, PLACEHOLDER.sub("", one.answer))):
        raise _Unfit("nothing of its answer is left after redaction")
