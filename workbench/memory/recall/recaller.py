"""The walk of recall: a question becomes the memories that answer it.

    question ──► embed ──► nearest by vector ─┐
        │                                     ├──► pool ──► score in parts ──► order ──► choose within budget ──► why
        └──────► read ───► best by words ─────┘

Equal scores are ordered by importance, as the row says it now, then by recency. The vector index may be exact or
Chroma: the pool's cosines are computed here either way, so every process finds the same. It writes nothing.

>>> [hit.text for hit in recaller.recall("What is my dog called?", Budget(k=3))]  # doctest: +SKIP
['My dog is called Rufus.']
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from workbench.core.records import Recalled
from workbench.core.tokens import tokens_of
from workbench.memory.recall import ranking
from workbench.memory.recall.choosing import Budget, is_relevant, packed, says_the_same
from workbench.memory.recall.ranking import Scores, Weights
from workbench.memory.recall.reading import Asked, ask
from workbench.memory.recall.roster import Roster
from workbench.memory.recall.why import why

if TYPE_CHECKING:
    from workbench.memory.index.exact import Hit
    from workbench.memory.memories import Memories, StoredMemory, Vectors

TIE = 3  # decimals: scores that agree so far are equal
SPARE = 4  # candidates looked at for each one wanted, since some are twins or too long
LEAST_SPARE = 60
TWINS = 2  # candidates compared with each other for each one wanted


class Nearest(Protocol):
    """What recall needs of a vector index."""

    def search(self, vector: NDArray[np.float32], k: int) -> list[Hit]: ...
    def vectors(self, ids: Sequence[str]) -> Vectors: ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A memory in the pool, with the parts its score is the sum of."""

    row: int
    memory_id: str
    score: float
    cosine: float
    parts: dict[str, float]


@dataclass(frozen=True, slots=True)
class Scored:
    """A pool, scored: arrays of shape (pool,), and the parts by name."""

    rows: NDArray[np.intp]
    total: Scores
    cosines: Scores
    parts: dict[str, Scores] = field(default_factory=dict)


class Recaller:
    """Recall over one store; calls may come from any thread."""

    def __init__(
        self,
        memories: Memories,
        index: Nearest,
        embed: Callable[[str], NDArray[np.float32]],
        *,
        weights: Weights | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Args:
        index: the nearest memories of a vector, and vectors by id.
        embed: a question's vector.
        weights: the coefficients; `None` are those of the module.
        """
        self.roster = Roster(memories)
        self.weights = weights or Weights()
        self._memories = memories
        self._index = index
        self._embed = embed
        self._clock = clock

    def recall(self, question: str, budget: Budget) -> tuple[Recalled, ...]:
        """The memories that answer a question, best first, within the budget."""
        if budget.k < 1 or not question.strip():
            return ()
        self.roster.refresh()
        if not len(self.roster):
            return ()
        vector = self._embed(question)
        hits = self._index.search(vector, ranking.POOL)
        with self.roster.lock:
            asked = ask(question, self.roster.speakers())
            scored = self._scored(asked, vector, hits)
            candidates = self._candidates(scored, asked, budget)
        stored = self._memories.fetch([one.memory_id for one in candidates])
        kept = _ordered(candidates, stored)
        return tuple(self._told(kept[place], stored, asked, question) for place in self._packed(kept, stored, budget))

    def _scored(self, asked: Asked, vector: NDArray[np.float32], hits: list[Hit]) -> Scored:
        roster, weights = self.roster, self.weights
        parts = ranking.base_parts(roster, asked, weights)
        base = np.sum(list(parts.values()), axis=0)
        nearest = [row for hit in hits if (row := roster.row_of(hit.memory_id)) is not None]
        rows = ranking.pool_of(base, roster.column("alive"), roster.column("said_at"), nearest)
        cosines = self._cosines(rows, vector)
        inside = {name: values[rows] for name, values in parts.items()}
        inside["cosine"] = weights.cosine * cosines
        score = base[rows] + inside["cosine"]
        sessions = np.asarray(roster.column("session"), np.int32)[rows]
        inside["session"] = ranking.session_part(score, sessions, weights.session)
        return Scored(rows, score + inside["session"], cosines, inside)

    def _cosines(self, rows: NDArray[np.intp], vector: NDArray[np.float32]) -> Scores:
        """The cosine of each row, the same whichever index found it; 0 for one whose vector is another embedder's."""
        found = self._index.vectors([self.roster.ids[row] for row in rows])
        if not found.ids:
            return np.zeros(len(rows))
        scores = found.matrix.astype(np.float64) @ vector.astype(np.float64)
        known = dict(zip(found.ids, scores, strict=True))
        return np.array([known.get(self.roster.ids[row], 0.0) for row in rows], np.float64)

    def _candidates(self, scored: Scored, asked: Asked, budget: Budget) -> list[Candidate]:
        rows = scored.rows
        names = np.array([self.roster.ids[row] for row in rows])
        order = np.lexsort((names, -self.roster.column("said_at")[rows], -np.round(scored.total, TIE)))
        kept = order[: max(LEAST_SPARE, SPARE * budget.k)]
        covered = ranking.coverage(self.roster, asked.terms, rows[kept])
        return [
            Candidate(
                int(rows[at]),
                self.roster.ids[rows[at]],
                float(scored.total[at]),
                float(scored.cosines[at]),
                {name: round(float(values[at]), 4) for name, values in scored.parts.items() if values[at]},
            )
            for at, share in zip(kept, covered, strict=True)
            if is_relevant(float(scored.cosines[at]), float(share), budget.min_score)
        ]

    def _packed(self, kept: list[Candidate], stored: dict[str, StoredMemory], budget: Budget) -> list[int]:
        vectors = self._vectors_of(kept, TWINS * budget.k)
        lengths = [tokens_of(stored[one.memory_id].text) for one in kept]
        return list(packed(lengths, budget, twin=lambda place, chosen: says_the_same(vectors, place, chosen)))

    def _vectors_of(self, kept: list[Candidate], most: int) -> NDArray[np.float32]:
        """One row each; zeros, which resemble nothing, for another embedder's and beyond the first `most`."""
        found = self._index.vectors([one.memory_id for one in kept[:most]])
        place = {name: row for row, name in enumerate(found.ids)}
        empty = np.zeros(found.matrix.shape[1] if found.ids else 1, np.float32)
        rows = [found.matrix[place[one.memory_id]] if one.memory_id in place else empty for one in kept]
        return np.stack(rows) if rows else np.zeros((0, 1), np.float32)

    def _told(self, one: Candidate, stored: dict[str, StoredMemory], asked: Asked, question: str) -> Recalled:
        row = stored[one.memory_id]
        said = why(row, one.parts, one.cosine, asked, question, self._clock())
        return Recalled(
            row.id,
            row.text,
            one.score,
            said,
            row.said_at,
            row.session_id,
            row.speaker,
            row.kind,
            one.parts,
            row.turn_id,
        )


def _ordered(candidates: Iterable[Candidate], stored: Mapping[str, StoredMemory]) -> list[Candidate]:
    """Best first; without those forgotten elsewhere a moment ago."""

    def place(one: Candidate) -> tuple[float, float, float, str]:
        row = stored[one.memory_id]
        return -round(one.score, TIE), -row.importance, -row.said_at, row.id

    return sorted((one for one in candidates if one.memory_id in stored), key=place)
