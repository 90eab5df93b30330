"""Before a cycle's lesson two short ones, each on half of its examples; each then reads the other half's answers.

    train ─► halves, by hash ─► two adapters, each from where it was ─► what contradicts the others (`suspecting`)
                                          │                                 └─► not trained on
    home/cycles/halves/0, 1, found.json ◄─┘

An adapter of a half goes on from cycle to cycle and has never read the other half: what answers has, and knows by heart
what it was taught wrongly. They begin at the base and are never deployed. A cycle that was killed goes on with the
lesson it had begun, or takes what was found. It judges and forgets nothing.

>>> CrossCheck(learning, home / "cycles/halves", "use-3-half").of(found, embedder.embed).suspects  # doctest: +SKIP
(Suspect(example='5f…', turn='01K…', session='01K…', surprise=21.4, fit=-3.1),)
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from workbench import disk
from workbench.core.errors import AdapterError
from workbench.core.examples import data_hash
from workbench.core.stopping import Tell, nobody_listens
from workbench.cycles.suspecting import FEWEST, Suspect, halves, suspects
from workbench.hardware.planner import gib

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pydantic import TypeAdapter

    from workbench.adapters.adapter import Adapter
    from workbench.core.examples import Example
    from workbench.cycles.evidence import Evidence
    from workbench.evaluation.scoring import Chosen, OptionQuestion
    from workbench.learning import Learning

STEPS = 20  # at least, and training.steps at most: a first cycle's half is read in two or three
AT_ONCE = 64  # questions that are read between two looks at whether to stop
FOUND = "found.json"
Embed = Callable[[Sequence[str]], "NDArray[np.floating]"]


@dataclass(frozen=True, slots=True)
class Found:
    """What contradicts the others.

    Args:
        made_of: hash of all examples, and the base.
    """

    made_of: str
    suspects: tuple[Suspect, ...]


@dataclass(frozen=True, slots=True)
class CrossCheck:
    """Two short lessons, and what they find.

    Args:
        folder: for the two adapters, and what they found.
        name: of the folders in which they are taught, with what is read there behind it.
    """

    learning: Learning
    folder: Path
    name: str

    def of(self, evidence: Evidence, embed: Embed, tell: Tell = nobody_listens) -> Evidence:
        """Without the answers that contradict what the others teach; those that a person has confirmed stay.

        Args:
            embed: questions to L2-normalised rows.
        Raises:
            ModelError: the embedder cannot be loaded.
            TrainingError: a lesson cannot begin or go on.
            AdapterError, StoreError: what was found cannot be written.
        """
        every = self._found(evidence.train, embed, tell)
        found = tuple(one for one in every if one.example not in evidence.confirmed)
        gone = {one.example for one in found}
        return replace(evidence, train=tuple(one for one in evidence.train if one.id not in gone), suspects=found)

    def _found(self, examples: Sequence[Example], embed: Embed, tell: Tell) -> tuple[Suspect, ...]:
        self._take_over()
        made_of = f"{data_hash(examples)} {self.learning.base.identity}"
        if (known := self._known()) and known.made_of == made_of:
            return known.suspects
        sides = halves(self._readable(examples))
        if min(map(len, sides)) <= FEWEST:
            return ()
        taught = [self._taught(number, side, tell) for number, side in enumerate(sides)]
        found = tuple(
            one
            for side, adapter in zip(sides, reversed(taught), strict=True)
            for one in suspects(side, embed([each.prompt for each in side]), partial(self._read, adapter, tell))
        )
        self.learning.release()  # the lesson plans its memory as if nothing were loaded
        self._keep(taught, Found(made_of, found))
        return found

    def _taught(self, number: int, examples: Sequence[Example], tell: Tell) -> Adapter:
        """By one reading, where it begins by as many as a lesson, `STEPS` at least; patience would want a tune set."""
        from workbench.adapters.training import run_identity, train

        learning, usual = self.learning, self.learning.settings.training
        start = self._before(number)
        readings = 1 if start else learning.settings.learn.passes
        steps = max(math.ceil(readings * len(examples) / usual.batch), min(STEPS, usual.steps))
        dials = usual.model_copy(update={"steps": steps, "patience": 0})
        return train(
            learning.base,
            examples,
            dials,
            folder=self._folders / f"{self.name}-{run_identity(learning.base, examples, dials, start=start)}",
            start=start,
            safe_bytes=gib(learning.settings.hardware.safe_gib),
            on_progress=lambda now: tell(f"cross-checking, half {number + 1} of 2", now.step, now.steps),
        ).adapter

    def _read(self, adapter: Adapter, tell: Tell, questions: Sequence[OptionQuestion]) -> list[Chosen]:
        """Some at once, so that it can be watched and stopped."""
        read: list[Chosen] = []
        while len(read) < len(questions):
            tell("cross-checking, reading", len(read), len(questions))
            read += self.learning.scorer.options(adapter, questions[len(read) : len(read) + AT_ONCE])
        return read

    def _before(self, number: int) -> Adapter | None:
        """What the cycle before made of this half; nothing where it is damaged or lies on another base."""
        from workbench.adapters.peft_folder import read_folder

        try:
            return read_folder(self.folder / str(number), self.learning.base)
        except AdapterError:
            return None

    def _readable(self, examples: Sequence[Example]) -> list[Example]:
        """Those that a lesson takes, and short enough that the base reads any question with any answer."""
        from workbench.adapters.bases import load_tokenizer
        from workbench.adapters.rendering import render
        from workbench.adapters.training.planning import context_tokens

        base = self.learning.base
        most = min(self.learning.settings.training.sequence_tokens, context_tokens(base) // 2)
        tokenizer = load_tokenizer(base)
        return [one for one in examples if render(one, tokenizer).length <= most]

    @property
    def _new(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.new")

    def _take_over(self) -> None:
        """Put what is whole in its place; a kill in the middle of this is finished by the next call."""
        if (self._new / FOUND).exists():
            shutil.rmtree(self.folder, ignore_errors=True)
            self._new.rename(self.folder)

    @property
    def _folders(self) -> Path:
        return self.learning.settings.home / "training"

    def _known(self) -> Found | None:
        """What was found before; nothing where it cannot be read, since it can be found again."""
        try:
            return _adapter().validate_json((self.folder / FOUND).read_bytes())
        except (OSError, ValueError):
            return None

    def _keep(self, taught: Sequence[Adapter], found: Found) -> None:
        """All of it in the place of what was there before."""
        from workbench.adapters.peft_folder import write_folder

        shutil.rmtree(self._new, ignore_errors=True)
        for number, one in enumerate(taught):
            write_folder(one, self._new / str(number), base_name=self.learning.base.name)
        with disk.replacing(self._new / FOUND) as file:
            file.write(_adapter().dump_json(found, indent=2).decode() + "\n")
        self._take_over()
        for folder in self._folders.glob(f"{self.name}-*"):
            shutil.rmtree(folder, ignore_errors=True)


@cache
def _adapter() -> TypeAdapter[Found]:
    from pydantic import TypeAdapter

    return TypeAdapter(Found)
