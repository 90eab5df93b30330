"""The cycles of one home: their steps, and what is kept of each.

    home/cycles/0003/cycle.json     how it ended: refused for want of evidence, or judged
    home/runs/<its run>/            the ledger, the ending and the page of what was evolved

A cycle that was killed begins again under its number, and finds what it had done: the training goes on from its last
checkpoint, the run from its ledger, if use has not changed since. One cycle at a time; whoever comes second is refused.

>>> cycles = Cycles(learning)                                             # doctest: +SKIP
>>> [one.sentence for one in cycles.list()]                               # doctest: +SKIP
['Cycle 1: nothing was learned. 12 new examples to train on, and a cycle begins with 20: …']
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from workbench import disk
from workbench.core.errors import EvolutionError, StoreLocked
from workbench.core.examples import data_hash
from workbench.core.stopping import Tell, nobody_listens
from workbench.cycles.evidence import Evidence
from workbench.runs import Ending, Materials, Run, Runs

if TYPE_CHECKING:
    from pydantic import TypeAdapter

    from workbench.adapters.shelf import Shelved
    from workbench.learning import Learning

NAME = "cycle.json"


@dataclass(frozen=True, slots=True)
class Cycle:
    """What came of one cycle.

    Args:
        lacks: why it did not begin; None where it did.
        counts: examples by part of the evidence.
        refused, redacted: of the turns with feedback.
        lesson: the specialist that was trained, by name.
        run: of evolution, by name.
        at: seconds since the epoch.
    """

    number: int
    lacks: str | None
    counts: Mapping[str, int]
    refused: Mapping[str, int]
    redacted: Mapping[str, int]
    lesson: str | None
    run: str | None
    ending: Ending | None
    seconds: float
    at: float

    @property
    def sentence(self) -> str:
        """What came of it, for a person."""
        if self.lacks is not None:
            return f"Cycle {self.number}: nothing was learned. {self.lacks}."
        assert self.ending is not None, "a cycle that began has ended"
        return f"Cycle {self.number}: {self.ending.words}"


class Cycles:
    """Learning from use in one home."""

    def __init__(self, learning: Learning) -> None:
        self.learning = learning
        self.folder = learning.settings.home / "cycles"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else learns inside; afterwards the memory that learning took is given back.

        Raises:
            StoreLocked: another process does.
        """
        from filelock import FileLock, Timeout

        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.folder / "cycles.lock", timeout=0, thread_local=False):
                try:
                    yield
                finally:
                    self.learning.release()
        except Timeout as error:
            raise StoreLocked(
                "Another process is learning in this home; let it end, or stop it and learn again"
            ) from error

    def train(self, found: Evidence, tell: Tell = nobody_listens) -> Shelved:
        """A specialist of what use has taught, with the replay of earlier skills; one that is there is not made again.

        Raises:
            TrainingError: it cannot begin or go on.
        """
        examples = (*found.train, *found.replay)
        name = f"use-{self.number}-{data_hash(examples)[:6]}"
        there = next((one for one in self.learning.shelf.list() if one.name == name), None)
        if there is not None:
            return there
        self._clear_others(name)
        tune = (*found.tune, *found.held)  # so that what is held is kept with it, for the cycle after this
        return self.learning.train(
            examples, name, tune=tune, on_progress=lambda now: tell(f"training {name}", now.step, now.steps)
        ).shelved

    def evolve(self, found: Evidence, lesson: Shelved) -> Run:
        """A run that mixes the specialist with what answers now and with the shelf; close it when done."""
        settings = self.learning.settings
        dials = settings.evolution.model_copy(update={"evaluations": settings.learn.evaluations})
        materials = Materials.of(found.tune, held=found.held, fresh=found.fresh, confirm=dials.confirm)
        return Runs(self.learning).begin(materials, dials=dials, always=[lesson])

    def close(self, found: Evidence, began: float, *, lesson: Shelved | None = None, run: Run | None = None) -> Cycle:
        """Keep what came of the cycle and write the page of its run; a refusal is kept as well.

        Args:
            began: its beginning, in seconds since the epoch.
        Raises:
            StoreError: it cannot be written.
        """
        parts = ("train", "replay", "tune", "held", "fresh")
        cycle = Cycle(
            self.number,
            found.lacks,
            {name: len(getattr(found, name)) for name in parts} | {"new": found.new, "unrated": found.unrated},
            found.refused,
            found.redacted,
            lesson.label if lesson else None,
            run.name if run else None,
            run.ending if run else None,
            time.time() - began,
            time.time(),
        )
        folder = self.folder / f"{cycle.number:04d}"
        folder.mkdir(parents=True, exist_ok=True)
        with disk.replacing(folder / NAME) as file:
            file.write(_adapter().dump_json(cycle, indent=2).decode() + "\n")
        if run is not None:
            Runs(self.learning).report(run.name)
        return cycle

    def list(self) -> tuple[Cycle, ...]:
        """Those that were closed, oldest first.

        Raises:
            EvolutionError: one of them cannot be read.
        """
        return tuple(_read(one) for one in sorted(self.folder.glob(f"*/{NAME}")))

    @property
    def number(self) -> int:
        """Of the next cycle; one that was refused for want of evidence is taken up again."""
        closed = self.list()
        if not closed:
            return 1
        return closed[-1].number + (closed[-1].lacks is None)

    def _clear_others(self, name: str) -> None:
        """A training of this cycle that use has overtaken is not gone on with."""
        for folder in (self.learning.settings.home / "training").glob(f"use-{self.number}-*"):
            if folder.name != name:
                shutil.rmtree(folder, ignore_errors=True)


def _read(file: Path) -> Cycle:
    try:
        return _adapter().validate_json(file.read_bytes())
    except ValueError as error:
        raise EvolutionError(f"{file} cannot be read; move it away, and the cycles go on without it") from error


@cache
def _adapter() -> TypeAdapter[Cycle]:
    from pydantic import TypeAdapter

    return TypeAdapter(Cycle)
