"""Sequences of tokens that begin alike, laid over each other: a model reads every shared beginning once.

    system ─ What ─ is ┬ 2 ─ + ─ 2     columns  0 1 2 │ 3 4 5 │ 6 7 8         a node sees its ancestors and itself:
                       └ 3 ─ + ─ 4     path of the second: 0 1 2 6 7 8        no padding, nothing read twice

All sequences form one tree; in lexicographic order neighbours share the most. A `Row` is as much of the tree as a model
reads at once. What the first sequence of a row shares with the last one before, its stem, is handed on as keys and
values, so that no row reads it again. Pure: it knows columns, not models.

>>> [row] = rows([Fed((5, 6, 7), 1), Fed((5, 6, 8), 1)], room=100)
>>> row.tokens, row.positions, row.paths
((5, 6, 7, 8), (0, 1, 2, 2), ((0, 1, 2), (0, 1, 3)))
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Fed(NamedTuple):
    """A sequence to be read, and at how many of its last places the model is asked for the next token."""

    tokens: tuple[int, ...]
    asked: int


@dataclass(frozen=True)
class Row:
    """A piece of the tree; its columns are those of the stem, then those of its own tokens.

    Args:
        stem: columns of the row before, in order; they become columns 0, 1, … of this one.
        parents: column that each own token follows, -1 at the root.
        positions: place of each own token in its sequence.
        paths: for each sequence its columns from the root on.
        places: which of the given sequences these are.
    """

    stem: tuple[int, ...]
    tokens: tuple[int, ...]
    parents: tuple[int, ...]
    positions: tuple[int, ...]
    paths: tuple[tuple[int, ...], ...]
    places: tuple[int, ...]

    def seen(self) -> NDArray[np.bool_]:
        """Which columns each own token sees, (own tokens, columns)."""
        import numpy as np

        first = len(self.stem)
        seen = np.zeros((len(self.tokens), first + len(self.tokens)), dtype=np.bool_)
        for own, parent in enumerate(self.parents):
            if parent >= first:
                seen[own] = seen[parent - first]
            else:
                seen[own, : parent + 1] = True
            seen[own, first + own] = True
        return seen


def rows(fed: Sequence[Fed], room: int) -> Iterator[Row]:
    """The whole tree in rows of at most `room` own tokens; one sequence that is longer has a row of its own."""
    growing, path, last = _Growing(()), (), ()  # type: tuple[_Growing, tuple[int, ...], tuple[int, ...]]
    for place in sorted(range(len(fed)), key=lambda one: fed[one].tokens):
        tokens, asked = fed[place]
        first_asked = len(tokens) - asked
        shared = common(last, tokens)
        if first_asked < shared and path[first_asked] < len(growing.stem):
            shared = first_asked  # the places asked about belong to the row itself
        if growing.tokens and len(growing.tokens) + len(tokens) - shared > room:
            yield growing.row()
            shared = min(shared, first_asked)
            growing, path = _Growing(path[:shared]), tuple(range(shared))
        path = growing.add(place, tokens, path[:shared])
        last = tokens
    if growing.tokens:
        yield growing.row()


def common(first: Sequence[int], second: Sequence[int]) -> int:
    """How many tokens two sequences begin with alike."""
    shortest = min(len(first), len(second))
    return next((at for at in range(shortest) if first[at] != second[at]), shortest)


@dataclass
class _Growing:
    """A row in the making."""

    stem: tuple[int, ...]
    tokens: list[int] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    paths: list[tuple[int, ...]] = field(default_factory=list)
    places: list[int] = field(default_factory=list)

    def add(self, place: int, tokens: Sequence[int], shared: tuple[int, ...]) -> tuple[int, ...]:
        """Add what is not shared; the sequence's path."""
        path = list(shared)
        for at in range(len(shared), len(tokens)):
            self.parents.append(path[-1] if path else -1)
            self.positions.append(at)
            path.append(len(self.stem) + len(self.tokens))
            self.tokens.append(tokens[at])
        self.paths.append(tuple(path))
        self.places.append(place)
        return self.paths[-1]

    def row(self) -> Row:
        return Row(
            stem=self.stem,
            tokens=tuple(self.tokens),
            parents=tuple(self.parents),
            positions=tuple(self.positions),
            paths=tuple(self.paths),
            places=tuple(self.places),
        )
