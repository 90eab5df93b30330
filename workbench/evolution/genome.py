"""What a candidate is, before it has weights: which parents, merged how, taught what. Small, frozen, comparable.

    parents × layer groups ─► coefficients ─► ΔW = Σ cᵢ ΔWᵢ ─► stretched ─► cut to a rank ─► taught

Two equal genomes are one candidate: `identity` is the SHA-256 of its canonical JSON, and floats keep all their digits
in it. It does not know weights, scores or where a genome came from.

>>> one = Genome(parents=("aa", "bb"), coefficients=((1.0,), (0.5,)))
>>> one == from_dict(to_dict(one)), one.identity[:8]
(True, '210eb219')
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from workbench.adapters.merging import RuleName
from workbench.core.errors import EvolutionError


@dataclass(frozen=True, slots=True)
class Lesson:
    """A short QLoRA run on top of what was merged.

    Args:
        steps: of the optimizer.
        wrong_first: learn from the examples that the merged candidate gets wrong, instead of from all.
    """

    steps: int
    learning_rate: float
    batch: int = 16
    seed: int = 0
    wrong_first: bool = False


@dataclass(frozen=True, slots=True)
class Genome:
    """One candidate.

    Args:
        parents: identities of adapters on the shelf, each once.
        coefficients: a row for each parent, a column for each layer group.
        stretch: a row for each layer group: factors of the largest singular values of the merged ΔW; () leaves them.
        rule: how the parents' ΔW become one.
        share: what TIES keeps, or what DARE drops, of each parent's weights; None is the rule's own default.
        rank: the most the child may have; None keeps `linear` exact.
        seed: of what DARE drops.
        lesson: what follows the merge; None follows nothing.
    """

    parents: tuple[str, ...]
    coefficients: tuple[tuple[float, ...], ...]
    stretch: tuple[tuple[float, ...], ...] = ()
    rule: RuleName = "linear"
    share: float | None = None
    rank: int | None = None
    seed: int = 0
    lesson: Lesson | None = None

    def __post_init__(self) -> None:
        for name in ("coefficients", "stretch"):  # one way to write each number: 1 is 1.0, and −0 is 0
            plain = tuple(tuple(float(each) + 0.0 for each in row) for row in getattr(self, name))
            object.__setattr__(self, name, plain)
        if not self.parents or len(set(self.parents)) != len(self.parents):
            raise EvolutionError("A genome needs parents, each once; name at least one adapter")
        if len(self.coefficients) != len(self.parents) or len({len(row) for row in self.coefficients}) != 1:
            raise EvolutionError("A genome needs one row of coefficients for each parent, all of one length")
        if not all(math.isfinite(each) for row in (*self.coefficients, *self.stretch) for each in row):
            raise EvolutionError("A genome's coefficients must be finite numbers")
        if any(each < 0 for row in self.stretch for each in row):
            raise EvolutionError("A genome stretches singular values by factors of at least 0")

    @property
    def groups(self) -> int:
        """How many layer groups its coefficients tell apart."""
        return len(self.coefficients[0])

    @property
    def identity(self) -> str:
        """SHA-256 in hexadecimal of everything it says."""
        return hashlib.sha256(json.dumps(to_dict(self), sort_keys=True).encode()).hexdigest()


def only(parent: str, groups: int = 1) -> Genome:
    """One adapter as it is."""
    return Genome((parent,), ((1.0,) * groups,))


def to_dict(genome: Genome) -> dict[str, Any]:
    """Plain JSON types."""
    found: dict[str, Any] = json.loads(json.dumps(asdict(genome)))
    return found


def from_dict(said: Mapping[str, Any]) -> Genome:
    """The genome that `to_dict` wrote.

    Raises:
        EvolutionError: it is none.
    """
    try:
        lesson = said["lesson"]
        rows = {name: tuple(tuple(map(float, row)) for row in said[name]) for name in ("coefficients", "stretch")}
        return Genome(
            parents=tuple(said["parents"]),
            coefficients=rows["coefficients"],
            stretch=rows["stretch"],
            rule=said["rule"],
            share=said["share"],
            rank=said["rank"],
            seed=said["seed"],
            lesson=None if lesson is None else Lesson(**lesson),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise EvolutionError("This is no genome; it has other fields, or a number is missing") from error
