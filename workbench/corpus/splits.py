"""Examples are dealt out to train, tune and gate by what they say, near-duplicates together.

    group of near-duplicates ──► smallest hash of what its members ask ──► a point in [0, 1)
    0 ──────────── train ──────────── .70 ── tune ── .85 ── gate ── 1

No draw and no order: the same example falls on the same side in every file and on every day, so adding examples moves
none, unless one of the new ones joins two groups that were apart. Small sets come out uneven, and a side can be empty.
`leaks` looks across two sets that were made elsewhere. It trains and scores nothing.

>>> from workbench.core.examples import example
>>> parts = split([example(f"What is {n} + 1?", str(n + 1)) for n in range(200)])
>>> len(parts.train) + len(parts.tune) + len(parts.gate), parts.leaks()
(200, ())
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from workbench.core.errors import ExamplesError
from workbench.core.examples import Example, Split
from workbench.corpus.near_duplicates import Gist, gist, grouped


@dataclass(frozen=True, slots=True)
class Shares:
    """How much of the examples each part gets; together 1."""

    train: float = 0.7
    tune: float = 0.15
    gate: float = 0.15

    def __post_init__(self) -> None:
        every = (self.train, self.tune, self.gate)
        if not all(0 <= one <= 1 for one in every) or abs(sum(every) - 1) > 1e-9:
            told = ", ".join(f"{one:g}" for one in every)
            raise ExamplesError(f"Shares of train, tune and gate must be from 0 to 1 and sum to 1; {told} do not")

    def at(self, point: float) -> Split:
        """The part in which a point of [0, 1) lies."""
        if point < self.train:
            return "train"
        return "tune" if point < self.train + self.tune or not self.gate else "gate"


@dataclass(frozen=True, slots=True)
class Leak:
    """A question that stands on both sides: in the same words, or nearly."""

    kind: Literal["same", "near"]
    left: Example
    right: Example


@dataclass(frozen=True, slots=True)
class Splits:
    """Three sets that share no question."""

    train: tuple[Example, ...]
    tune: tuple[Example, ...]
    gate: tuple[Example, ...]

    @property
    def parts(self) -> Mapping[Split, tuple[Example, ...]]:
        return {"train": self.train, "tune": self.tune, "gate": self.gate}

    def leaks(self) -> tuple[Leak, ...]:
        """Questions that two of the sets share; none, if `split` made them."""
        return tuple(leak for left, right in combinations(self.parts.values(), 2) for leak in leaks(left, right))


def split(examples: Sequence[Example], *, shares: Shares | None = None) -> Splits:
    """Deal out examples; an example that is given twice is kept once.

    Raises:
        ExamplesError: datasketch is needed and not installed.
    """
    shares = shares or Shares()
    gists = [gist(one) for one in examples]
    parts: dict[Split, dict[str, Example]] = {"train": {}, "tune": {}, "gate": {}}
    side = {at: shares.at(_point(group, gists)) for group in grouped(gists) for at in group}
    for at, one in enumerate(examples):
        parts[side[at]].setdefault(one.id, one)
    return Splits(**{name: tuple(some.values()) for name, some in parts.items()})


def _point(group: Sequence[int], gists: Sequence[Gist]) -> float:
    """Where a group lies in [0, 1); a member that asks in the same words as another does not move it."""
    smallest = min(gists[at].key for at in group)
    return int(smallest[:13], 16) / 16**13  # 52 bits, which a float holds exactly


def leaks(train: Sequence[Example], held_out: Sequence[Example]) -> tuple[Leak, ...]:
    """One leak for each held-out example whose question, or nearly, is also in the other set."""
    every = (*train, *held_out)
    found: dict[int, Leak] = {}
    for group in grouped([gist(one) for one in every]):
        known = [every[at] for at in group if at < len(train)]
        if known:
            found |= {at: _leak(known, every[at]) for at in group if at >= len(train)}
    return tuple(found[at] for at in sorted(found))


def _leak(known: Sequence[Example], one: Example) -> Leak:
    same = next((other for other in known if other.messages == one.messages), None)
    return Leak("near", known[0], one) if same is None else Leak("same", same, one)
