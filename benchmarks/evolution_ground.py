"""What the rows of one piece share: specialists, examples, a scorer, lessons. Run by `evolution.py`.

    seed ─► 8 specialists, trained once, on a shelf        task, seed ─► tune and unseen examples that share none
    adapter ─► measured(tune, unseen) ─► a row             start, steps ─► taught, on the tune examples

An answer is right where it is the gold text to the letter, also where that is JSON: so nearly every verdict is one
teacher-forced pass, for all rows alike; where two tokens are nearly equal the pass is believed, since settling such
ties took more than half of the time in bf16. No verdict is cached, so the seconds of a row are those of computing it:
loading the model, and the score on the unseen examples, are in no row's seconds. The specialists of a seed begin from
the same matrices A.
"""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Any

from evolution_pieces import Clock, Notes, Piece, Pieces, Record

from workbench.adapters.adapter import Adapter
from workbench.adapters.bases.loading import resolved
from workbench.adapters.grams import Grams
from workbench.adapters.merging import LayerGroups
from workbench.adapters.training import train
from workbench.adapters.training.gauge import Gauge
from workbench.core.examples import Example, data_hash
from workbench.core.schema import Settings
from workbench.core.settings import load_settings
from workbench.corpus.skills import generate
from workbench.evaluation.scoring import Score, Scorer
from workbench.evolution.trial import outcome
from workbench.hardware.planner import gib
from workbench.learning import Learning

SKILLS = ("person_city", "iso_date", "ticket", "reverse_words", "capitals", "look_up", "add", "snake_case")
SPECIALISTS = "specialists"
TUNE_SEEDS, UNSEEN_SEEDS, OWN_SEEDS = 1_000, 2_000, 3_000  # beside the seeds that specialists learn from
CHECKPOINT_STEPS = 8


@dataclass(frozen=True, slots=True)
class Dials:
    """What decides the figures; pieces with different dials are never summed.

    Args:
        tune, unseen: examples of a composite.
        candidates: a search may score so many on every tune example; its budget is their product.
        size: candidates in a generation.
        teach_steps: of a lesson, and of fine-tuning at equal steps.
        teach_rate: of the lesson of a champion; fine-tuning learns at `learning_rate`, like specialists.
        own: examples of a specialist's own skill that it is measured on.
    """

    tune: int = 32
    unseen: int = 200
    candidates: int = 84
    size: int = 12
    teach_steps: int = 16
    specialist_steps: int = 36
    batch: int = 16
    rank: int = 8
    learning_rate: float = 2e-3
    own: int = 100
    teach_rate: float = 5e-4

    @property
    def evaluations(self) -> int:
        """That each search may spend."""
        return self.candidates * self.tune

    def to_dict(self) -> Record:
        return {**asdict(self), "skills": list(SKILLS)}


class Home(Learning):
    """A home whose scorer keeps no verdicts, and believes a pass where two tokens are nearly equal."""

    @cached_property
    def scorer(self) -> Scorer:
        return Scorer(self.base, precision=resolved("auto"), settle_ties=False)


class Ground:
    """Everything that one piece is measured with.

    Args:
        folder: of the whole benchmark.
        bases: folder of base weights.
    """

    def __init__(self, piece: Piece, pieces: Pieces, dials: Dials, *, folder: Path, bases: Path, clock: Clock) -> None:
        self.piece, self.pieces, self.dials, self.clock = piece, pieces, dials, clock
        self.folder = folder / "work" / piece.name
        self.home = Home(_settings(folder, bases, piece.seed, dials))
        self.notes = Notes(self.folder / "notes")

    def close(self) -> None:
        """Remove the checkpoints, which are large; notes and ledgers stay."""
        shutil.rmtree(self.folder / "training", ignore_errors=True)

    @cached_property
    def tune(self) -> tuple[Example, ...]:
        return to_the_letter(generate(self.piece.task, self.dials.tune, seed=TUNE_SEEDS + self.piece.seed))

    @cached_property
    def unseen(self) -> tuple[Example, ...]:
        """None of them asks what one of `tune` asks."""
        task, seed = self.piece.task, self.piece.seed
        seen = {one.id for one in generate(task, self.dials.tune, seed=TUNE_SEEDS + seed)}
        return to_the_letter(generate(task, self.dials.unseen, seed=UNSEEN_SEEDS + seed, without=seen))

    @cached_property
    def specialists(self) -> Mapping[str, Adapter]:
        """By skill.

        Raises:
            NotYet: one is not trained.
        """
        for piece in specialist_pieces([self.piece.seed]):
            self.pieces.needed(piece)
        return {skill: self.home.shelf.get(skill) for skill in SKILLS}

    @cached_property
    def by_identity(self) -> Mapping[str, Adapter]:
        return dict(sorted((one.identity, one) for one in self.specialists.values()))

    @cached_property
    def groups(self) -> LayerGroups:
        """Thirds of the layers."""
        return LayerGroups.over(self.by_identity.values(), self.home.settings.evolution.depths)

    @property
    def data(self) -> Record:
        """By which others know that they measure the same."""
        parents = {skill: one.identity for skill, one in self.specialists.items()}
        examples = {"tune": data_hash(self.tune), "unseen": data_hash(self.unseen)}
        return {**examples, "specialists": parents, "precision": resolved("auto")}

    def load(self) -> None:
        """So that the first row pays for no loading."""
        self.home.scorer.score(None, self.tune[:1])

    def told(self, step: str, adapter: Adapter | None, examples: Sequence[Example]) -> Record:
        """Verdicts on these examples, measured once."""
        return self.notes.once(step, lambda: self._scored(adapter, examples))

    def row(self, name: str, adapter: Adapter | None, *, seconds: float, **said: Any) -> Record:
        """A row of the table.

        Args:
            seconds: of making it: search and lessons.
            said: evaluations, steps, peak_bytes and whatever else is to be kept.
        """
        tune = self.told(f"{name} tune", adapter, self.tune)
        unseen = self.told(f"{name} unseen", adapter, self.unseen)
        usual = {"evaluations": 0, "steps": 0, "peak_bytes": max(tune["peak_bytes"], unseen["peak_bytes"])}
        verdicts = {key: unseen[key] for key in ("right", "n", "verdicts", "logprob")}
        also = {"tune_right": tune["right"], "tune_n": tune["n"], "scoring_seconds": unseen["seconds"]}
        return {**verdicts, **also, "seconds": seconds, **usual, **said}

    def taught(
        self,
        name: str,
        start: Adapter | None,
        steps: int,
        examples: Sequence[Example] | None = None,
        *,
        rate: float | None = None,
        spare: Sequence[Grams] = (),
    ) -> tuple[Adapter, Record]:
        """After so many steps, as a lesson of `workbench evolve` is given; and what it cost.

        Args:
            examples: None is the tune examples.
            rate: of learning; None is that of specialists.
            spare: what was read in earlier lessons.
        """
        settings = self.home.settings
        dials = settings.training.model_copy(
            update={
                "steps": steps,
                "seed": self.piece.seed,
                "patience": 0,
                "checkpoint_steps": CHECKPOINT_STEPS,
                "learning_rate": rate or settings.training.learning_rate,
            }
        )
        done = train(
            self.home.base,
            self.tune if examples is None else examples,
            dials,
            folder=self.folder / "training" / name,
            start=start,
            spare=spare,
            safe_bytes=gib(settings.hardware.safe_gib),
            on_progress=self.clock.check,
        )
        cost = {"seconds": done.seconds, "steps": done.steps, "peak_bytes": done.peak_bytes}
        return done.adapter, {**cost, "trained_tokens": done.tokens}

    @contextmanager
    def timed(self) -> Iterator[Record]:
        """Seconds and peak bytes of what is done inside, filled in at its end."""
        spending: Record = {}
        began = time.perf_counter()
        with Gauge() as gauge:
            yield spending
        spending |= {"seconds": time.perf_counter() - began, "peak_bytes": gauge.peak_bytes}

    def _scored(self, adapter: Adapter | None, examples: Sequence[Example]) -> Record:
        self.clock.check()
        with self.timed() as spending:
            score = self.home.scorer.score(adapter, examples)
        return {**_plain(score), **spending}


def specialist_pieces(seeds: Sequence[int]) -> list[Piece]:
    """One for each skill and seed."""
    return [Piece(SPECIALISTS, skill, seed, "train") for seed in seeds for skill in SKILLS]


def trained(ground: Ground) -> Record:
    """The record of one specialist: on the shelf of its seed, and measured on unseen examples of its own skill."""
    skill, seed, dials = ground.piece.task, ground.piece.seed, ground.dials
    lessons = generate(skill, dials.specialist_steps * dials.batch, seed=seed)
    cost: Record = {"seconds": None, "peak_bytes": None}  # of one that was shelved just before a kill
    if skill not in {one.label for one in ground.home.shelf.list()}:
        done = ground.home.train(lessons, skill, on_progress=ground.clock.check).trained
        cost = {"seconds": done.seconds, "peak_bytes": done.peak_bytes}
    own = generate(skill, dials.own, seed=OWN_SEEDS + seed, without={one.id for one in lessons})
    after = ground.told("own", ground.home.shelf.get(skill), own)
    row = {**{key: after[key] for key in ("right", "n", "logprob")}, "steps": dials.specialist_steps, **cost}
    return {"data": {"lessons": data_hash(lessons), "own": data_hash(own)}, "rows": {"specialist": row}}


def to_the_letter(examples: Sequence[Example]) -> tuple[Example, ...]:
    """Checked by exact match, whatever their skill checks by."""
    return tuple(replace(one, check="exact") for one in examples)


def _settings(folder: Path, bases: Path, seed: int, dials: Dials) -> Settings:
    """Of this benchmark alone: neither files nor variables of the person who runs it."""
    return load_settings(
        config_dir=folder,
        environ={},
        overrides={
            "home": str(folder / SPECIALISTS / f"seed-{seed}"),
            "training.bases_folder": str(bases),
            "training.steps": dials.specialist_steps,
            "training.batch": dials.batch,
            "training.rank": dials.rank,
            "training.learning_rate": dials.learning_rate,
            "training.checkpoint_steps": CHECKPOINT_STEPS,
            "training.seed": seed,
            "evolution.size": dials.size,
            "evolution.evaluations": dials.evaluations,
            "evolution.teach_steps": dials.teach_steps,
            "evolution.teach_rate": dials.teach_rate,
            "evolution.seed": seed,
        },
    )


def _plain(score: Score) -> Record:
    return {
        "right": score.correct,
        "n": score.total,
        "verdicts": "".join(str(int(one.right)) for one in score.outcomes),
        "logprob": score.logprob if score.logprob is not None and math.isfinite(score.logprob) else None,
        "value": fmean(outcome(one.right, one.logprob) for one in score.outcomes),
    }
