"""Which stored vectors lie nearest to a given one.

    score = cosine(query, memory) = query · memory, since both have length 1        range -1 … 1

    ExactIndex     every vector, in RAM, kept in step with SQL by the journal
    ChromaIndex    a graph of the long-term vectors, on disk (`chroma.py`)
    TieredIndex    Chroma for long-term, exact for short-term: the same hits as exact for both

An index holds ids and vectors, never text, and is always rebuilt from SQL without embedding again.

>>> ExactIndex(memories, "all-minilm-l6-v2-int8").search(vector, 5)  # doctest: +SKIP
[Hit(memory_id='9f…', score=0.71), …]
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from workbench.memory.memories import Memories, Tier, Vectors

SMALLEST_ROWS = 256  # room for so many vectors at first; it doubles when full


class Hit(NamedTuple):
    """A memory's id and its cosine to the query."""

    memory_id: str
    score: float


class VectorIndex(Protocol):
    """Nearest-neighbour search over memory ids; calls may come from any thread."""

    @property
    def name(self) -> str:
        """`exact` or `chroma`."""

    def search(self, vector: NDArray[np.float32], k: int) -> list[Hit]:
        """At most `k` hits, best first; equal scores in the order of their ids."""

    def vectors(self, ids: Sequence[str]) -> Vectors:
        """The vectors of those ids that it holds."""

    def ids(self) -> frozenset[str]:
        """Every id it holds."""

    def count(self) -> int:
        """How many ids it holds."""


class ExactIndex:
    """Compares with every vector, held in RAM: linear in their number, about 1 ms for 10,000."""

    name = "exact"

    def __init__(self, memories: Memories, embedder: str, tier: Tier | None = None) -> None:
        """Args: tier: whose vectors; `None` is both."""
        self._memories = memories
        self._embedder = embedder
        self._tier = tier
        self._lock = threading.Lock()
        self._seq = -1  # nothing read yet
        self._ids: list[str] = []
        self._rows: dict[str, int] = {}
        self._matrix: NDArray[np.float32] | None = None  # (capacity, D); the first len(ids) rows count

    def search(self, vector: NDArray[np.float32], k: int) -> list[Hit]:
        """At most `k` hits, best first; equal scores in the order of their ids."""
        import numpy as np

        with self._lock:
            self._refresh()
            if not self._ids or k < 1:
                return []
            assert self._matrix is not None
            scores = self._matrix[: len(self._ids)] @ vector  # (N,)
            rows = np.arange(len(scores)) if k >= len(scores) else np.argpartition(scores, -k)[-k:]
            return best_first(Hit(self._ids[row], float(scores[row])) for row in rows)

    def vectors(self, ids: Sequence[str]) -> Vectors:
        """The vectors of those ids that it holds, from RAM."""
        import numpy as np

        from workbench.memory.memories import Vectors

        with self._lock:
            if not self._rows.keys() >= set(ids):
                self._refresh()
            held = [name for name in ids if name in self._rows]
            if not held or self._matrix is None:
                return Vectors((), np.zeros((0, 0), np.float32))
            return Vectors(tuple(held), self._matrix[[self._rows[name] for name in held]])

    def ids(self) -> frozenset[str]:
        with self._lock:
            self._refresh()
            return frozenset(self._ids)

    def count(self) -> int:
        return len(self.ids())

    def _refresh(self) -> None:
        """Read what the journal names since the last time; the first time, everything."""
        if self._seq < 0:
            seq = self._memories.last_change()  # before the vectors: what comes between is read twice, not lost
            self._take(self._memories.vectors(self._embedder, tier=self._tier))
            self._seq = seq
            return
        news = self._memories.changed_since(self._seq)
        if news.ids:
            found = self._memories.vectors(self._embedder, ids=news.ids, tier=self._tier)
            self._drop(set(news.ids).difference(found.ids))
            self._take(found)
        self._seq = news.last_seq

    def _take(self, found: Vectors) -> None:
        for name in found.ids:
            if name not in self._rows:
                self._rows[name] = len(self._ids)
                self._ids.append(name)
        if found.ids:
            matrix = self._room(len(self._ids), found.matrix.shape[1])
            matrix[[self._rows[name] for name in found.ids]] = found.matrix

    def _room(self, rows: int, dimension: int) -> NDArray[np.float32]:
        import numpy as np

        held = 0 if self._matrix is None else len(self._matrix)
        if self._matrix is None or rows > held:
            grown = np.zeros((max(rows, 2 * held, SMALLEST_ROWS), dimension), np.float32)
            if self._matrix is not None:
                grown[:held] = self._matrix
            self._matrix = grown
        return self._matrix

    def _drop(self, gone: set[str]) -> None:
        """The last row moves into the gap, so that the rows stay dense."""
        for name in gone.intersection(self._rows):
            assert self._matrix is not None
            row, last = self._rows.pop(name), self._ids.pop()
            if last != name:
                self._matrix[row] = self._matrix[len(self._ids)]
                self._ids[row] = last
                self._rows[last] = row
            self._matrix[len(self._ids)] = 0


class TieredIndex:
    """Long-term by the graph, short-term exactly; a memory is in one of them."""

    name = "chroma"

    def __init__(self, long: VectorIndex, short: VectorIndex, held: ExactIndex) -> None:
        """Args: held: every vector, to be read by id."""
        self.long = long
        self.short = short
        self._held = held

    def search(self, vector: NDArray[np.float32], k: int) -> list[Hit]:
        """At most `k` hits, best first; equal scores in the order of their ids."""
        both = {hit.memory_id: hit for index in (self.long, self.short) for hit in index.search(vector, k)}
        return best_first(both.values())[: max(k, 0)]

    def vectors(self, ids: Sequence[str]) -> Vectors:
        """The vectors of those ids, from RAM: the graph takes 6 ms for a hundred."""
        return self._held.vectors(ids)

    def ids(self) -> frozenset[str]:
        return self.long.ids() | self.short.ids()

    def count(self) -> int:
        return len(self.ids())


def best_first(hits: Iterable[Hit]) -> list[Hit]:
    """Highest score first; equal scores in the order of their ids."""
    return sorted(hits, key=lambda hit: (-hit.score, hit.memory_id))
