"""Two shelved adapters side by side: what differs in their cards, and how their weights lie to each other.

It does not say which one is better; that is the gate's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from workbench.adapters.adapter import Adapter
from workbench.adapters.merging import LayerGroups, cosine, norm
from workbench.adapters.shelf.card import Card, SkillScore


@dataclass(frozen=True, slots=True)
class Likeness:
    """Of one layer group, the lowest first: the cosine between both ΔW, and the Frobenius norm of each."""

    group: int
    cosine: float | None  # None: one of them leaves these layers as they are
    left_norm: float
    right_norm: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs; a field that is equal is not in it.

    Args:
        spec, origin: by field, the value of either.
        scores: by skill, of either; None where it was not scored.
        groups: empty where they lie on different bases.
    """

    left: str
    right: str
    spec: Mapping[str, tuple[Any, Any]]
    origin: Mapping[str, tuple[Any, Any]]
    scores: Mapping[str, tuple[SkillScore | None, SkillScore | None]]
    groups: tuple[Likeness, ...]


def compared(left: Card, right: Card, left_adapter: Adapter, right_adapter: Adapter) -> Comparison:
    """The comparison of two adapters with their cards."""
    same_base = left.spec.base == right.spec.base
    return Comparison(
        left.name or left.identity[:12],
        right.name or right.identity[:12],
        _differing(asdict(left.spec), asdict(right.spec)),
        _differing(asdict(left.origin), asdict(right.origin)),
        _scores(left, right),
        _groups(left_adapter, right_adapter) if same_base else (),
    )


def _differing(left: Mapping[str, Any], right: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {key: (left[key], right[key]) for key in left if left[key] != right[key]}


def _scores(left: Card, right: Card) -> dict[str, tuple[SkillScore | None, SkillScore | None]]:
    mine, theirs = ({score.skill: score for score in card.scores} for card in (left, right))
    return {skill: (mine.get(skill), theirs.get(skill)) for skill in sorted(mine.keys() | theirs.keys())}


def _groups(left: Adapter, right: Adapter) -> tuple[Likeness, ...]:
    groups = LayerGroups.over((left, right))
    layers: dict[int, list[str]] = {}
    for layer in sorted(left.factors.keys() | right.factors.keys()):
        layers.setdefault(groups.of(layer), []).append(layer)
    return tuple(
        Likeness(group, cosine(left, right, names), norm(left, names), norm(right, names))
        for group, names in sorted(layers.items())
    )
