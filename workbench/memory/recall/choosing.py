"""Which of the ranked memories are handed over: best first, as many as fit, none twice.

    ranked ──relevant?──near-duplicate of a better one?──fits k and the token budget?──► chosen

A memory is relevant when its vector is near the question's, or when it holds half of the question's words by weight.
One that does not fit the budget is passed over, and a shorter one after it may still fit. It ranks nothing itself.

>>> is_relevant(cosine=0.1, matched_share=0.6, min_score=0.3)
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MATCHED_SHARE = 0.5  # of the question's words, by weight
SAME_COSINE = 0.98  # two memories this near say the same


@dataclass(frozen=True, slots=True)
class Budget:
    """How much recall may hand over, and how relevant it must be."""

    k: int
    tokens: int | None = None  # None: no limit
    min_score: float = -1.0  # cosine


def is_relevant(cosine: float, matched_share: float, min_score: float) -> bool:
    """Args: matched_share: `ranking.coverage`, 0..1."""
    return cosine >= min_score or matched_share >= MATCHED_SHARE


def packed(lengths: Sequence[int], budget: Budget, *, twin: Callable[[int, list[int]], bool]) -> Iterator[int]:
    """Positions of what is handed over, in rank order.

    Args:
        lengths: tokens of each candidate, best first.
        twin: whether a candidate says what one of the chosen positions says already.
    """
    chosen: list[int] = []
    left = budget.tokens
    for position, length in enumerate(lengths):
        if len(chosen) == budget.k:
            return
        if (left is not None and length > left) or twin(position, chosen):
            continue
        left = None if left is None else left - length
        chosen.append(position)
        yield position


def says_the_same(vectors: NDArray[np.float32], position: int, chosen: list[int]) -> bool:
    """Whether a row of `vectors` (N, D) nearly equals one of the chosen rows."""
    return bool(chosen) and bool((vectors[chosen] @ vectors[position]).max() >= SAME_COSINE)
