"""A stream of tasks on one agent: its order, its examples, the adapter before a step, what is written down after it.

    seed ─► order of the tasks          task, seed ─► lessons, tune and unseen examples that share none
    piece before ─► adapter ─► a step ─► on the shelf ─► scored on its own task          end ─► scored on all of them

Which steps there are, `evolution_keep.py` says. Run by `evolution.py`.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path

from evolution_ground import OWN_SEEDS, Ground, Home, to_the_letter
from evolution_pieces import Piece, Record

from workbench.adapters.adapter import Adapter
from workbench.adapters.gathering import gathered
from workbench.adapters.grams import Grams, read_grams, write_grams
from workbench.adapters.shelf import Data, Provenance
from workbench.core.examples import Example, data_hash
from workbench.corpus.skills import generate

RANK, ALPHA = 16, 32.0  # of every adapter of a stream: twice a specialist's, since it holds more than one task
SHELF_GIB = 8.0  # some sixty adapters of 20 MB
AFTER = "after"
FIRST = "alone"  # the group whose steps begin every stream


def order(tasks: Sequence[str], seed: int) -> tuple[str, ...]:
    """The same for the same seed.

    >>> sorted(order(("a", "b", "c"), 0))
    ['a', 'b', 'c']
    """
    return tuple(random.Random(f"{seed} stream").sample(tasks, len(tasks)))


class Stream:
    """One seed's stream as one piece of it sees it.

    Args:
        tasks: all that a stream may have.
    """

    def __init__(self, ground: Ground, tasks: Sequence[str]) -> None:
        self.ground, self.task, self.folder = ground, ground.piece.task, ground.folder
        self.order = order(tasks, ground.piece.seed)
        self.steps, self.rank = ground.dials.specialist_steps, RANK
        home = ground.home.settings.home.parents[1] / "streams" / f"seed-{ground.piece.seed}"
        changes = {"rank": RANK, "alpha": ALPHA, "shelf_gib": SHELF_GIB}
        training = ground.home.settings.training.model_copy(update=changes)
        self.home = Home(ground.home.settings.model_copy(update={"home": home, "training": training}))
        ground.home = self.home

    @property
    def so_far(self) -> tuple[str, ...]:
        """The tasks up to this one."""
        return self.order[: self.order.index(self.task) + 1]

    @property
    def previous(self) -> str:
        """The task before this one; the first has none."""
        return self.so_far[-2]

    @cached_property
    def before(self) -> Adapter:
        """What the agent has when this task begins; what all streams begin with is trained again on another machine.

        Raises:
            NotYet: the step before is not measured.
        """
        identity = self.record(self.previous, self.ground.piece.group)["adapter"]
        if self.previous != self.order[0] or identity in self._shelved():
            return self.home.shelf.get(identity)
        return self.trained(self.previous, None, self.lessons(self.previous))[0]

    def lessons(self, task: str) -> tuple[Example, ...]:
        """As many as a step can read, each once."""
        return to_the_letter(self._drawn(task))

    def unseen(self, task: str) -> tuple[Example, ...]:
        return to_the_letter(self._unseen(task))

    def record(self, task: str, group: str) -> Record:
        """What the step of a task left; the first task's is the same for every group.

        Raises:
            NotYet: it is not measured.
        """
        group = FIRST if task == self.order[0] else group
        return self.ground.pieces.needed(Piece(self.ground.piece.setting, task, self.ground.piece.seed, group))

    def trained(
        self,
        name: str,
        start: Adapter | None,
        examples: Sequence[Example],
        *,
        steps: int | None = None,
        spare: Sequence[Grams] = (),
    ) -> tuple[Adapter, Record]:
        """After a step, and what it cost."""
        return self.ground.taught(name, start, steps or self.steps, examples, spare=spare)

    def timed(self) -> AbstractContextManager[Record]:
        return self.ground.timed()

    def learned(self, adapter: Adapter, cost: Record) -> Record:
        """The record of a step: where its adapter lies, and how it does at its own task right afterwards."""
        told = self.ground.told(AFTER, adapter, self.unseen(self.task))
        return {**cost, "adapter": self.put(adapter), "after": {key: told[key] for key in ("right", "n")}, "parts": []}

    def part(self, name: str, task: str, adapter: Adapter, step: Record, *, note: str = "end") -> Record:
        """A row of one task at the end of the stream.

        Args:
            step: the record of when it was learned; one without `after` was learned with all others.
            note: under which the score is written down.
        """
        told = self.ground.told(note if note == AFTER else f"{note} {task}", adapter, self.unseen(task))
        after = step.get("after", {key: told[key] for key in ("right", "n")})
        row = {
            **{key: told[key] for key in ("right", "n", "verdicts", "logprob")},
            "after_right": after["right"],
            "after_n": after["n"],
            "evaluations": step.get("evaluations", 0),
            **{key: step[key] for key in ("seconds", "steps")},
            "peak_bytes": max(step["peak_bytes"], told["peak_bytes"]),
        }
        said = {"lessons": data_hash(self.lessons(task)), "unseen": data_hash(self.unseen(task))}
        return {"task": task, "data": said, "rows": {name: row}}

    def put(self, adapter: Adapter) -> str:
        """On the shelf of this stream's home, named so that it stays; its identity."""
        if adapter.identity in self._shelved():
            return adapter.identity
        name = f"{self.task}-{self.ground.piece.group}-{adapter.identity[:6]}"
        lessons = self.lessons(self.task)
        origin = Provenance(
            "train",
            self.home.base.name,
            self.home.base.licence,
            Data(data_hash(lessons), dict(Counter(one.skill for one in lessons))),
            seed=self.ground.piece.seed,
        )
        return self.home.shelf.put(adapter, origin, name=name).identity

    def old_sums(self) -> tuple[Grams, ...]:
        """Of all earlier tasks, under what each was learned with."""
        if self.previous == self.order[0]:
            self.sums_of(self.previous, self.before)
        return tuple(read_grams(self._sums_file(task)) for task in self.so_far[:-1])

    def sums_of(self, task: str, adapter: Adapter) -> Grams:
        """Of one task, as they are kept; each group has its own."""
        file = self._sums_file(task)
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            write_grams(gathered(self.home.base, adapter, self.lessons(task)), file)
        return read_grams(file)

    def _sums_file(self, task: str) -> Path:
        return self.home.settings.home / "sums" / self.ground.piece.group / f"{task}.safetensors"

    def _shelved(self) -> set[str]:
        return {one.identity for one in self.home.shelf.list()}

    def _drawn(self, task: str) -> tuple[Example, ...]:
        return generate(task, self.steps * self.ground.dials.batch, seed=self.ground.piece.seed)

    def _unseen(self, task: str) -> tuple[Example, ...]:
        seen = {one.id for one in self._drawn(task)}
        return generate(task, self.ground.dials.own, seed=OWN_SEEDS + self.ground.piece.seed, without=seen)
