"""The examples of a run, and what each may be used for.

    tune      the search looks at them as often as it likes              what it says of them is too good to be true
    held      skills that must not be forgotten, looked at likewise
    confirm   the finalists are measured on them, once: a share of the fresh ones, or others         no look before
    judge     the rest of the fresh ones, and those that guard what is held: for the gate alone

Which of the fresh ones are for what is decided by their hash. What stands in tune or held is fresh nowhere.

>>> from workbench.core.examples import example
>>> fresh = [example(f"{n} + 1?", str(n + 1)) for n in range(100)]
>>> made = Materials.of([example("5 + 5?", "10")], fresh=fresh, confirm=0.3)
>>> len(made.confirm) + len(made.judge), made.left_out
(100, 0)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from workbench.core.errors import EvolutionError
from workbench.core.examples import Example
from workbench.corpus.jsonl import read_examples, write_examples
from workbench.experience import Gone

DIGITS = 8  # of an id that say where it falls
PARTS = ("tune", "held", "confirm", "judge")


@dataclass(frozen=True, slots=True)
class Materials:
    """Four sets that share no example; `left_out` counts fresh ones that were no longer fresh."""

    tune: tuple[Example, ...]
    held: tuple[Example, ...] = ()
    confirm: tuple[Example, ...] = ()
    judge: tuple[Example, ...] = ()
    left_out: int = 0

    @classmethod
    def of(
        cls,
        tune: Sequence[Example],
        *,
        held: Sequence[Example] = (),
        fresh: Sequence[Example] = (),
        guard: Sequence[Example] = (),
        confirming: Sequence[Example] = (),
        confirm: float,
    ) -> Self:
        """Deal out; an example that is given twice counts once, in the first set that has it.

        Args:
            guard: fresh ones of skills that are held; they measure no finalist.
            confirming: besides the fresh ones, to measure the finalists on; with them the gate has all fresh ones.
            confirm: share of the fresh ones that measures the finalists where there are no others.
        Raises:
            EvolutionError: there is nothing to evolve towards.
        """
        if not tune:
            raise EvolutionError("There is no example to evolve towards; give a file with at least one")
        known: set[str] = set()
        some, others, apart, unseen, guards = (_new(part, known) for part in (tune, held, confirming, fresh, guard))
        near = _near((*some, *others), (*apart, *unseen, *guards))
        apart, unseen, guards = (tuple(one for one in part if one.id not in near) for part in (apart, unseen, guards))
        left = len({one.id for one in (*confirming, *fresh, *guard)}) - len((*apart, *unseen, *guards))
        if not apart:
            apart = tuple(one for one in unseen if int(one.id[:DIGITS], 16) < confirm * 16**DIGITS)
        measuring = {one.id for one in apart}
        judge = tuple(one for one in (*unseen, *guards) if one.id not in measuring)
        return cls(some, others, apart, judge, left)

    @property
    def seen(self) -> tuple[Example, ...]:
        """What a candidate is scored on: to be learned, and to be held."""
        return (*self.tune, *self.held)

    @property
    def deciding(self) -> tuple[Example, ...]:
        """The examples that decided which candidate is the champion."""
        return (*self.tune, *self.held, *self.confirm)

    def without(self, gone: Gone) -> Self:
        """What is left when some are forgotten."""
        tune, held, confirm, judge = (
            tuple(one for one in getattr(self, name) if not gone.holds(one)) for name in PARTS
        )
        return replace(self, tune=tune, held=held, confirm=confirm, judge=judge)

    def write(self, folder: Path) -> None:
        """Put each set into a file of the folder; an empty one leaves none."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in PARTS:
            file = folder / f"{name}.jsonl"
            if some := getattr(self, name):
                write_examples(file, some)
            else:
                file.unlink(missing_ok=True)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """What `write` wrote.

        Raises:
            EvolutionError: they were not kept.
            ExamplesError: a file cannot be read.
        """
        if not (folder / "tune.jsonl").exists():
            raise EvolutionError(
                "The examples of this run were not kept, since this home is encrypted, or were forgotten; give the "
                "same files again to workbench evolve, and it goes on"
            )
        return cls.left_in(folder)

    @classmethod
    def left_in(cls, folder: Path) -> Self:
        """What is there of it; tune may be empty."""
        files = [folder / f"{name}.jsonl" for name in PARTS]
        tune, held, confirm, judge = (read_examples(one).examples if one.exists() else () for one in files)
        return cls(tune, held, confirm, judge)


def _new(examples: Sequence[Example], known: set[str]) -> tuple[Example, ...]:
    fresh = {one.id: one for one in examples if one.id not in known}
    known.update(fresh)
    return tuple(fresh.values())


def _near(seen: Sequence[Example], fresh: Sequence[Example]) -> set[str]:
    """Ids of the fresh that ask nearly what a seen one asks."""
    from workbench.corpus.splits import leaks

    return {leak.right.id for leak in leaks(seen, fresh)} if fresh else set()
