"""What keeps what an adapter knew, when a lesson about something else goes on from it: picked by what is stored.

    a skill taught before ─┬─ examples beside the adapter   ─► replay: a few are learned again
                           ├─ sums of what was read for it  ─► spared: outputs on those inputs stay what they are
                           └─ neither                       ─► nothing keeps it, and that is said

Where both are there, both are used, and less is spared: what is learned again need not be forbidden. It does not know
how an adapter is trained, nor who stores what.

>>> Retained(replayed=("dates",), spared=("dates", "prices")).sentence
'Of what it knew, replay keeps dates; sums keep dates and prices.'
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.core.examples import UNNAMED
from workbench.experience import Experience

if TYPE_CHECKING:
    from workbench.adapters.grams import Grams
    from workbench.adapters.shelf import Shelved
    from workbench.core.examples import Example


WITH_REPLAY = 24  # directions of an input that are spared for skills whose examples are learned again


@dataclass(frozen=True, slots=True)
class Retained:
    """Skills that were taught before a lesson, by what keeps them."""

    replayed: tuple[str, ...] = ()
    spared: tuple[str, ...] = ()
    unkept: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """For a person; empty where nothing else was known before."""
        parts = list(self._parts())
        return f"Of what it knew, {'; '.join(parts)}." if parts else ""

    def _parts(self) -> Iterator[str]:
        if self.replayed:
            yield f"replay keeps {_named(self.replayed)}"
        if self.spared:
            yield f"sums keep {_named(self.spared)}"
        if self.unkept:
            yield f"nothing keeps {_named(self.unkept)}, of which neither examples nor sums are stored"


@dataclass(frozen=True, eq=False, slots=True)
class Keeping:
    """How a lesson keeps what its adapter knew.

    Args:
        spare: sums of earlier lessons about something else.
        read: of all of them, by which a lesson that spares is cut to its rank; none where some are missing, for what
            they leave out would be cut away.
    """

    skills: Retained = Retained()
    spare: tuple[Grams, ...] = ()
    read: tuple[Grams, ...] = ()


def revised(examples: Iterable[Example]) -> frozenset[str]:
    """Skills of a lesson's own examples, of which what was known may change; unnamed ones are something else each time.

    >>> from workbench.core.examples import example
    >>> revised([example("2 + 2?", "4", skill="add"), example("Who?", "Me")])
    frozenset({'add'})
    """
    return frozenset(one.skill for one in examples) - {UNNAMED}


def retained(
    experience: Experience, start: Shelved | None, about: Collection[str], replay: Sequence[Example]
) -> Keeping:
    """What keeps the skills of an adapter in a lesson that goes on from it.

    Args:
        about: skills that it revises.
        replay: examples of other skills that are learned again.
    Raises:
        AdapterDamaged: sums cannot be read.
    """
    if start is None:
        return Keeping()
    every, taught = experience.sums_of(start), experience.taught(start)
    replayed = {one.skill for one in replay}
    others = [one for one in every if not one.skills <= set(about)]
    spare = tuple(one.first(WITH_REPLAY) if one.skills <= replayed else one for one in others)
    spared = {skill for one in spare for skill in one.skills}.difference(about)
    unkept = taught.difference(about, replayed, spared)
    covered = {skill for one in every for skill in one.skills} >= taught
    skills = Retained(*(tuple(sorted(some)) for some in (replayed, spared, unkept)))
    return Keeping(skills, spare, every if spare and covered else ())


def _named(skills: Sequence[str]) -> str:
    return " and ".join(skills) if len(skills) < 3 else f"{', '.join(skills[:-1])} and {skills[-1]}"
