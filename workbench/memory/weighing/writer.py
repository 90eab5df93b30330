"""A statement on its way in: embedded, its kind found, weighed; what weighs enough is long-term at once.

    Statement ──► vector ──► kind, time of the event ──► importance (novelty: nearest vector stored) ──► NewMemory
                                                              │
                                                short-term ◄──┴──► long-term, from `importance.threshold` on

No model is asked: the embedder is all that runs. It does not write; `memories.add` does.

>>> [new] = writer.prepare([Statement("Remember that my dog is called Rufus.")])  # doctest: +SKIP
>>> new.tier, new.parts["explicit"]  # doctest: +SKIP
('long', 1.0)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast, get_args

from workbench.core.errors import StoreError
from workbench.core.records import Statement
from workbench.core.schema import ImportanceSettings
from workbench.memory.memories import Kind, NewMemory
from workbench.memory.weighing.importance import importance, parts_of
from workbench.memory.weighing.kinds import event_time, kind_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from workbench.memory.embedders import Embedder
    from workbench.memory.index.exact import VectorIndex

DAY_S = 86_400.0


class Writer:
    """Prepares statements for one store; may be called from any thread."""

    def __init__(
        self,
        embedder: Embedder,
        index: Callable[[], VectorIndex],
        dials: ImportanceSettings,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Args: index: the index that answers now; it says how near the nearest stored vector is."""
        self._embedder = embedder
        self._index = index
        self._dials = dials
        self._clock = clock

    def prepare(self, statements: Sequence[Statement]) -> list[NewMemory]:
        """What to store for each statement, in order.

        Raises:
            StoreError: a kind that does not exist.
            ModelError: the embedder could not be loaded.
        """
        if not statements:
            return []
        kinds = [_kind(statement) for statement in statements]
        vectors = self._embedder.embed([statement.text for statement in statements]).astype("<f4")
        nearest = self._nearest(vectors)
        return [
            self._weighed(statement, kind, vector, near)
            for statement, kind, vector, near in zip(statements, kinds, vectors, nearest, strict=True)
        ]

    def _nearest(self, vectors: NDArray[np.float32]) -> list[float | None]:
        """The cosine of each vector to the nearest one stored, or said earlier in the same breath."""
        found: list[float | None] = []
        index = self._index()
        for row, vector in enumerate(vectors):
            scores = [hit.score for hit in index.search(vector, 1)]
            scores.extend((vectors[:row] @ vector).tolist())
            found.append(max(scores, default=None))
        return found

    def _weighed(
        self, statement: Statement, kind: Kind, vector: NDArray[np.float32], nearest: float | None
    ) -> NewMemory:
        now = self._clock()
        said_at = now if statement.said_at is None else statement.said_at
        parts = parts_of(
            statement.text,
            nearest=nearest,
            feedback=0.0,
            recall_count=0,
            idle_days=max(now - said_at, 0.0) / DAY_S,
            half_life_days=self._dials.half_life_days,
        )
        value = importance(parts, self._dials)
        return NewMemory(
            statement.text,
            vector.tobytes(),
            self._embedder.name,
            kind,
            statement.speaker,
            statement.said_at,
            event_time(statement.text, said_at),
            "long" if value >= self._dials.threshold else "short",
            value,
            parts,
        )


def _kind(statement: Statement) -> Kind:
    if statement.kind is None:
        return kind_of(statement.text)
    if statement.kind not in get_args(Kind):
        raise StoreError(f"{statement.kind!r} is no kind of memory; use one of {', '.join(get_args(Kind))}")
    return cast(Kind, statement.kind)
