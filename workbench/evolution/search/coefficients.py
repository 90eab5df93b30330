"""Coefficients as one vector: parents in their order, the groups of each beside one another.

    vector (parents · groups) ◄──► Genome(parents, coefficients: parents × groups)

>>> genome_of(("aa", "bb"), [1.0, 0.5, 0.0, 2.0], groups=2).coefficients
((1.0, 0.5), (0.0, 2.0))
"""

from __future__ import annotations

from collections.abc import Sequence

from workbench.evolution.genome import Genome


def genome_of(parents: Sequence[str], vector: Sequence[float], *, groups: int, rank: int | None = None) -> Genome:
    """The genome with these coefficients.

    Args:
        vector: len(parents) · groups numbers.
        rank: the most the child may have; None keeps the sum exact.
    """
    values = [float(each) for each in vector]
    rows = tuple(tuple(values[start : start + groups]) for start in range(0, len(values), groups))
    return Genome(tuple(parents), rows, rank=rank)
