"""What the pieces of `evolution_cost.py` share: three specialists in a home of its own, examples, runs of the product.

    specialists of evolution.py ─► a home for each piece ─► Runs.begin ─► Run
    add, reverse_words, capitals mixed ─► tune, unseen: one adapter is to do what three do

An answer is right where it is the gold text to the letter.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from evolution_ground import SPECIALISTS, Home
from evolution_pieces import Clock, Notes, NotYet, Piece, Pieces, Record

from workbench.adapters.shelf import Shelf
from workbench.core.examples import Example
from workbench.core.schema import Settings
from workbench.core.settings import load_settings
from workbench.corpus.skills import generate
from workbench.hardware.planner import gib
from workbench.learning import Learning
from workbench.runs import Materials, Run, Runs

SKILLS = ("add", "capitals", "reverse_words")  # short prompts
SEED = 0
TUNE_SEEDS, UNSEEN_SEEDS = 4_000, 5_000  # beside those of evolution.py


@dataclass(frozen=True, slots=True)
class CostDials:
    """What decides the figures; pieces with different dials are never summed.

    Args:
        sizes: of generations whose growth is measured, on `few` examples, `generations` each.
        tune, unseen: examples of the saving.
        size, rounds: candidates in a generation of the saving, and generations after the parents.
        repeats: of each replay.
        kills: of the run that is killed.
    """

    sizes: tuple[int, ...] = (8, 16, 32, 64)
    few: int = 8
    generations: int = 2
    tune: int = 128
    unseen: int = 200
    size: int = 24
    rounds: int = 1
    repeats: int = 20
    kills: int = 5

    @classmethod
    def quick(cls) -> CostDials:
        """Of a try."""
        return cls(sizes=(4, 8), few=6, generations=1, tune=24, unseen=20, size=8, rounds=1, repeats=2, kills=1)

    def to_dict(self) -> Record:
        return {**asdict(self), "skills": list(SKILLS), "seed": SEED}


class CostGround:
    """Everything that one piece is measured with.

    Args:
        folder: of `evolution.py`, with its specialists.
        mine: of this benchmark's pieces.
        command: that measures this piece.
    """

    def __init__(
        self,
        piece: Piece,
        dials: CostDials,
        *,
        folder: Path,
        mine: Path,
        bases: Path,
        clock: Clock,
        command: Sequence[str] = (),
    ) -> None:
        self.piece, self.dials, self.bases, self.clock, self.command = piece, dials, bases, clock, tuple(command)
        self.specialists = folder / SPECIALISTS / f"seed-{SEED}"
        self.pieces = Pieces(mine, dials.to_dict())
        self.folder = mine / "work" / piece.name
        self.notes = Notes(self.folder / "notes")

    def beside(self, piece: Piece) -> Record:
        """
        Raises:
            NotYet: it is not measured.
        """
        return self.pieces.needed(piece)

    def learning(self, name: str = "home", *, cached: bool = True, **changes: object) -> Learning:
        """In a home with the specialists and nothing else.

        Args:
            name: of the home, in the folder of this piece; `../saving` is shared by all that name it so.
            cached: verdicts are kept, so that a run that was stopped goes on at once; False where time is measured.
            changes: of the section `evolution`.
        """
        settings = self._settings(self.folder / name, changes)
        learning = Learning(settings) if cached else Home(settings)
        self._stock(learning.shelf)
        return learning

    def begun(self, learning: Learning, tune: tuple[Example, ...]) -> Run:
        """The run on these examples, or what there is of it."""
        return Runs(learning).begin(Materials(tune), parents=SKILLS)

    def through(self, run: Run, generations: int, each: Callable[[Run], None]) -> None:
        """Until so many generations after the parents are told; `each` tries one."""
        while not run.trials or run.trials[-1].generation < generations:
            self.clock.check()
            each(run)

    def _stock(self, shelf: Shelf) -> None:
        there = {one.label for one in shelf.list()}
        theirs = Shelf(self.specialists / "adapters", gib(10))
        known = {one.label for one in theirs.list()}
        for skill in SKILLS:
            if skill not in known:
                raise NotYet(f"The specialist {skill} is not trained; run it without --piece, or evolution.py")
            if skill not in there:
                shelf.put(theirs.get(skill), theirs.find(skill).card.origin, name=skill)

    def _settings(self, home: Path, changes: Record) -> Settings:
        usual = {"search": "cma", "depths": 3, "seed": SEED, "evaluations": 10**7}
        return load_settings(
            config_dir=self.folder,
            environ={},
            overrides={
                "home": str(home),
                "training.bases_folder": str(self.bases),
                **{f"evolution.{name}": value for name, value in {**usual, **changes}.items()},
            },
        )

    def close(self, *homes: str) -> None:
        """Remove homes; notes stay."""
        for name in homes:
            shutil.rmtree(self.folder / name, ignore_errors=True)


def mixed(n: int, seed: int, without: frozenset[str] = frozenset()) -> tuple[Example, ...]:
    """So many examples, the skills in turn, checked to the letter."""
    parts = [generate(skill, -(-n // len(SKILLS)), seed=seed, without=without) for skill in SKILLS]
    return tuple(replace(one, check="exact") for group in zip(*parts, strict=True) for one in group)[:n]
