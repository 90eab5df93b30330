"""The provenance card of an adapter: what it was made of, how, by what, and how it did.

It is plain JSON beside the weights. Made by the maker (`Provenance`) and completed by the shelf (`Card`).

>>> Data("3f…", {"add": 40, "dates": 24}).examples
64
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from platform import python_version
from typing import TYPE_CHECKING, Any, Literal

from workbench.adapters.adapter import LoraSpec
from workbench.core.errors import AdapterError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_MAKERS = ("self-learning-agent-workbench", "torch", "transformers", "peft")


@dataclass(frozen=True, slots=True)
class Data:
    """What it was trained on: `core.examples.data_hash`, and how many examples of each skill."""

    hash: str
    skills: Mapping[str, int]

    @property
    def examples(self) -> int:
        return sum(self.skills.values())


@dataclass(frozen=True, slots=True)
class Parent:
    """One of those it was made of: its coefficient, or one for each layer group; 1 where training went on from it."""

    identity: str
    coefficients: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class SkillScore:
    """Share of right answers on held-out examples of one skill, with the ends of its interval."""

    skill: str
    n: int
    mean: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, (self.mean, self.low, self.high))):
            raise AdapterError(f"The score of {self.skill} is no finite number; score it on at least one example")


@dataclass(frozen=True, slots=True)
class FileMark:
    """By what a file is known again."""

    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Provenance:
    """What the maker of an adapter says of it; `settings` are the dials it was made with, as JSON types."""

    how: Literal["train", "merge", "import"]
    base_name: str
    base_licence: str | None = None
    data: Data | None = None
    parents: tuple[Parent, ...] = ()
    seed: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Card:
    """What the shelf keeps beside the weights; the base's identity is in `spec`."""

    identity: str
    name: str | None
    made_at: float  # seconds since the epoch
    spec: LoraSpec
    origin: Provenance
    files: Mapping[str, FileMark]
    scores: tuple[SkillScore, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)


def to_json(card: Card) -> bytes:
    return _adapter().dump_json(card, indent=2) + b"\n"


def from_json(content: bytes) -> Card:
    """The card that was written.

    Raises:
        ValueError: it is no card.
    """
    return _adapter().validate_json(content)


def versions() -> dict[str, str]:
    """Of what takes part in making an adapter, as far as it is installed."""
    found = {"python": python_version()}
    for package in _MAKERS:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


@cache
def _adapter() -> TypeAdapter[Card]:
    from pydantic import TypeAdapter

    return TypeAdapter(Card)
