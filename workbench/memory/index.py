"""Which stored vectors lie nearest to a given one.

    score = cosine(query, memory) = query · memory, since both have length 1        range -1 … 1

`VectorIndex` is the seam: `ExactIndex` here compares with every vector in SQL, `ChromaIndex` beside it keeps a graph
of them. An index holds ids and vectors, never text, and is always rebuilt from SQL without embedding again.

>>> ExactIndex(memories, "all-minilm-l6-v2-int8").search(vector, 5)  # doctest: +SKIP
[Hit(memory_id='9f…', score=0.71), …]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from workbench.memory.memories import Memories


class Hit(NamedTuple):
    """A memory's id and its cosine to the query."""

    memory_id: str
    score: float


class VectorIndex(Protocol):
    """Nearest-neighbour search over memory ids; calls may come from any thread."""

    @property
    def name(self) -> str:
        """`exact` or `chroma`."""

    def upsert(self, ids: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Take in vectors of shape (N, D), replacing those already held under the same ids."""

    def delete(self, ids: Sequence[str]) -> None:
        """Drop ids; ids it does not hold are passed over."""

    def search(self, vector: NDArray[np.float32], k: int) -> list[Hit]:
        """At most `k` hits, best first."""

    def ids(self) -> frozenset[str]:
        """Every id it holds."""

    def count(self) -> int:
        """How many ids it holds."""

    def close(self) -> None:
        """Release files and locks; a second call does nothing."""


class ExactIndex:
    """Compares with every vector in SQL: always up to date, nothing to maintain, linear in their number."""

    name = "exact"

    def __init__(self, memories: Memories, embedder: str) -> None:
        self._memories = memories
        self._embedder = embedder

    def upsert(self, ids: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Nothing to do: the vectors it searches are the ones in SQL."""

    def delete(self, ids: Sequence[str]) -> None:
        """Nothing to do: a row that left SQL is not searched."""

    def search(self, vector: NDArray[np.float32], k: int) -> list[Hit]:
        """At most `k` hits, best first; equal scores in the order of their ids."""
        import numpy as np

        stored = self._memories.vectors(self._embedder)
        if not stored.ids or k < 1:
            return []
        scores = stored.matrix @ vector  # (N,)
        kept = np.argpartition(-scores, k - 1)[:k] if k < len(scores) else np.arange(len(scores))
        hits = [Hit(stored.ids[row], float(scores[row])) for row in kept]
        return sorted(hits, key=lambda hit: (-hit.score, hit.memory_id))

    def ids(self) -> frozenset[str]:
        return self._memories.ids(self._embedder)

    def count(self) -> int:
        return self._memories.count(self._embedder)

    def close(self) -> None:
        """Nothing is held."""
