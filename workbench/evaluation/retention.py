"""Does forgetting keep what matters? Memories are removed down to a share of their words, then questions are asked.

    policy ──► order of going ──► removed until `share` of the content words is left ──► two figures

    evidence   mean over questions of the share of its evidence that is left             no ranking involved
    recall     mean over questions of the evidence among the first k, of all of it       with a ranking, handed in

A memory that was shortened earns the share of its content words that it still holds: content words are those that are
not little ones; Japanese counts by pairs of signs. The policy sees no question. It reads no file and embeds nothing.

>>> credit("My dog Rufus loves cheese.", "Rufus loves cheese.")
0.75
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.memory.consolidation.plan import LEAVING, plan
from workbench.memory.memories import StoredMemory, Vectors
from workbench.memory.recall.words import STOP, words
from workbench.memory.weighing.kinds import event_time, kind_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from workbench.core.schema import ImportanceSettings
    from workbench.evaluation.conversations import Conversation, Spoken

JAPANESE = re.compile(r"[\u3005\u3040-\u30ff\u3400-\u9fff]+")
SHARES = (0.8, 0.6, 0.4)
SEEDS = (0, 1, 2, 3, 4)


@dataclass(frozen=True, slots=True)
class Material:
    """A conversation as memories, and the questions that it answers; rows of all fields belong together."""

    memories: tuple[StoredMemory, ...]  # in the order they were said
    vectors: NDArray[np.float32]  # (N, D), length 1
    questions: tuple[str, ...]
    question_vectors: NDArray[np.float32]  # (Q, D), length 1
    evidence: tuple[tuple[int, ...], ...]  # for each question, rows of `memories`; at least one


def material(one: Conversation, embed: Callable[[Sequence[str]], NDArray[np.float32]]) -> Material:
    """A conversation as the store would hold it, every turn a memory; questions without evidence are left out.

    Args:
        embed: texts to rows of length 1.
    """
    places: Counter[str] = Counter()
    rows = {turn.id: row for row, turn in enumerate(one.turns)}
    held = []
    for turn in one.turns:
        places[turn.session] += 1
        held.append(_memory(turn, places[turn.session]))
    evidence = [tuple(rows[name] for name in asked.evidence if name in rows) for asked in one.questions]
    questions = tuple(asked.text for asked, found in zip(one.questions, evidence, strict=True) if found)
    vectors = embed([memory.text for memory in held])
    return Material(tuple(held), vectors, questions, embed(questions), tuple(filter(None, evidence)))


Order = Callable[[Material], Sequence[int]]  # rows, the first to go first
Ranking = Callable[[Material, Sequence[int]], Sequence[Sequence[int]]]  # of the rows left: best first, a list each


@dataclass(frozen=True, slots=True)
class Retained:
    """What is left after a policy removed all but a share."""

    policy: str
    share: float  # of the content words that may stay
    evidence: float  # 0..1
    recall: float  # 0..1, with credit for what is left of a text
    recall_of_full: float  # the same, divided by the recall with everything kept


def consolidated_recall(
    conversations: Sequence[Material],
    ranking: Ranking,
    policies: Mapping[str, Sequence[Order]],
    *,
    shares: Sequence[float] = SHARES,
    k: int = 10,
) -> list[Retained]:
    """The table: every policy at every share.

    Args:
        ranking: which of the memories left answer each question, best first.
        policies: name -> one order, or several to take the mean of (seeds).
        k: hits that count.
    """
    full = _mean(_figures(one, range(len(one.memories)), ranking, k) for one in conversations)[1]
    rows = []
    for name, orders in policies.items():
        going = [[order(one) for one in conversations] for order in orders]
        for share in shares:
            evidence, recall = _mean(
                _figures(one, left_at(one, rows_out, share), ranking, k)
                for each in going
                for one, rows_out in zip(conversations, each, strict=True)
            )
            rows.append(Retained(name, share, evidence, recall, recall / full if full else 0.0))
    return rows


def policies(scoring: ImportanceSettings, *, ablate: Sequence[str] = ()) -> dict[str, Sequence[Order]]:
    """Consolidation, without each of the importance parts named, and what any policy has to beat."""
    found: dict[str, Sequence[Order]] = {"consolidation": [by_consolidation(scoring)]}
    for part in ablate:
        found[f"without {part}"] = [by_consolidation(scoring.model_copy(update={part: 0.0}))]
    return found | {"oldest first": [oldest_first], "random": [at_random(seed) for seed in SEEDS]}


def by_consolidation(scoring: ImportanceSettings, *, now: float | None = None) -> Order:
    """The order in which consolidation makes room.

    Args:
        now: when it runs; None is right after the last was said.
    """
    from workbench.core.schema import ConsolidationSettings

    dials = ConsolidationSettings(keep_tokens=1, expire_below=0.0)

    def order(one: Material) -> Sequence[int]:
        rows = {memory.id: row for row, memory in enumerate(one.memories)}
        when = max((memory.said_at for memory in one.memories), default=0.0) if now is None else now
        made = plan(one.memories, Vectors(tuple(rows), one.vectors), {}, when, scoring, dials)
        return [rows[decision.memory_id] for decision in made.decisions if decision.what in LEAVING]

    return order


def at_random(seed: int) -> Order:
    """Any order, the same for the same seed."""

    def order(one: Material) -> Sequence[int]:
        rows = list(range(len(one.memories)))
        random.Random(seed).shuffle(rows)
        return rows

    return order


def oldest_first(one: Material) -> Sequence[int]:
    """What was said first goes first."""
    return range(len(one.memories))


def left_at(one: Material, order: Sequence[int], share: float) -> list[int]:
    """The rows left when they go in that order until at most `share` of the content words stays."""
    sizes = [len(content_words(memory.text)) for memory in one.memories]
    left, most = sum(sizes), share * sum(sizes)
    gone: set[int] = set()
    for row in order:
        if left <= most:
            break
        gone.add(row)
        left -= sizes[row]
    return [row for row in range(len(sizes)) if row not in gone]


def content_words(text: str) -> list[str]:
    """The words that are not little ones, lower case, repeated ones included; Japanese as pairs of signs."""
    pairs = [run[at : at + 2] for run in JAPANESE.findall(text) for at in range(max(len(run) - 1, 1))]
    return [word for word in words(JAPANESE.sub(" ", text)) if word not in STOP] + pairs


def credit(original: str, left: str) -> float:
    """The share of the original's content words that is still there, 0..1; a text without any counts as kept."""
    before, after = Counter(content_words(original)), Counter(content_words(left))
    return (before & after).total() / before.total() if before else float(bool(left))


def evidence_left(evidence: Iterable[Sequence[int]], credits: Mapping[int, float]) -> float:
    """Mean over questions of the credit of its evidence; a row without credit is gone."""
    shares = [sum(credits.get(row, 0.0) for row in rows) / len(rows) for rows in evidence]
    return sum(shares) / len(shares) if shares else 0.0


def recall_at(
    k: int, evidence: Sequence[Sequence[int]], ranked: Sequence[Sequence[int]], credits: Mapping[int, float]
) -> float:
    """Mean over questions of the credit of the evidence among the first k, of all its evidence."""
    found = [
        sum(credits.get(row, 0.0) for row in rows if row in set(best[:k])) / len(rows)
        for rows, best in zip(evidence, ranked, strict=True)
    ]
    return sum(found) / len(found) if found else 0.0


def _memory(turn: Spoken, place: int) -> StoredMemory:
    return StoredMemory(
        id=turn.id,
        text=turn.text,
        said_at=turn.said_at,
        session_id=turn.session,
        turn_id=None,
        place=place,
        speaker=turn.speaker,
        kind=kind_of(turn.text),
        event_at=event_time(turn.text, turn.said_at),
        tier="short",
        state="active",
        replaced_by=None,
        importance=0.0,
        parts={},
        pinned=False,
        recall_count=0,
        recalled_at=None,
        embedder="",
    )


def _figures(one: Material, left: Sequence[int], ranking: Ranking, k: int) -> tuple[int, float, float]:
    """Number of questions, evidence left, recall; whole memories, so each one left has full credit."""
    credits = dict.fromkeys(left, 1.0)
    recall = recall_at(k, one.evidence, ranking(one, left), credits)
    return len(one.evidence), evidence_left(one.evidence, credits), recall


def _mean(figures: Iterable[tuple[int, float, float]]) -> tuple[float, float]:
    """Over questions, not over conversations."""
    every = list(figures)
    total = sum(count for count, _, _ in every) or 1
    return sum(n * evidence for n, evidence, _ in every) / total, sum(n * recall for n, _, recall in every) / total
