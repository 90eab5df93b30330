"""A made-up skill: a column of every layer must have the coefficient that is wanted; read off real, tiny weights."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from tests.evolution.made_up import Pages
from workbench.adapters.adapter import Adapter, Factors, LoraSpec
from workbench.adapters.merging import LayerGroups
from workbench.core.examples import Example, example
from workbench.evaluation.scoring import Score, Scored
from workbench.evolution.budget import Budget
from workbench.evolution.executors import Executor
from workbench.evolution.genome import Genome, Lesson
from workbench.evolution.loop import Evolution, Generation
from workbench.evolution.pool import Pool
from workbench.evolution.search import Proposal
from workbench.evolution.search.cma import CmaSearch
from workbench.evolution.trial import Trial
from workbench.evolution.trying import Trier
from workbench.evolution.worker import Teaching, Worker

LAYERS = [f"model.layers.{number}.mlp.up_proj" for number in range(6)]
GROUPS = LayerGroups(6, 3)
WIDTH = 4


def specialist(number: int, base: str = "b" * 64) -> Adapter:
    """Writes 1 into column `number` of every layer."""
    a, b = torch.zeros(1, WIDTH), torch.ones(WIDTH, 1)
    a[0, number] = 1.0
    return Adapter(LoraSpec(base, 1, 1.0, targets=("up_proj",)), {layer: Factors(a, b) for layer in LAYERS})


SPECIALISTS = [specialist(number) for number in range(3)]
NAMES = [one.identity for one in SPECIALISTS]
TUNE = [example(f"column {n % 3} from {n / 30:.3f}", "yes", skill=f"column {n % 3}") for n in range(60)]
WANTED = (0.9, 0.5, -0.3)


def judged(adapter: Adapter, examples: Sequence[Example]) -> Score:
    """Right where a column's coefficient, read off the real weights, is as near to the wanted one as the item asks."""
    outcomes = []
    for one in examples:
        column, reach = int(one.prompt.split()[1]), float(one.prompt.split()[3])
        found = [float((pair.b @ pair.a)[0, column]) * adapter.spec.scale for pair in adapter.factors.values()]
        missed = max(abs(each - WANTED[column]) for each in found)
        outcomes.append(Scored(one.id, one.skill, missed < reach, "forced", -missed))
    return Score(adapter.identity, tuple(outcomes))


def pool_of_columns() -> Pool:
    return Pool(dict(zip(NAMES, SPECIALISTS, strict=True)), GROUPS)


def generation(*genomes: Genome) -> Generation:
    return Generation(0, 0, tuple(Proposal(one, "made") for one in genomes))


def mixed(*coefficients: float) -> Genome:
    return Genome(tuple(NAMES), tuple((each,) * 3 for each in coefficients))


def run(executor: Executor, pages: Pages, evaluations: int = 5_000, size: int = 8) -> Evolution:
    search = CmaSearch(NAMES, groups=3, size=size, seed=1)
    evolution, trier = Evolution(search, pages, Budget(evaluations)), Trier(executor, TUNE, seed=1)
    while not evolution.is_over:
        evolution.tell(trier.tried(evolution.ask(), evolution.trials))
    return evolution


def unmeasured(trials: Sequence[Trial]) -> list[Trial]:
    """Without what the clock and the memory said."""
    return [replace(one, seconds=0.0, peak_bytes=0) for one in trials]


@dataclass(frozen=True)
class Columns:
    """A recipe: its worker kills its own process at the first job of a candidate that has seen many examples.

    Args:
        dies: touched by the process that dies, which it does only if nobody did; None: nobody dies.
        always: whether each process dies that is asked for that many.
    """

    dies: Path | None = None
    always: bool = False
    many: int = 16

    def __call__(self) -> Worker:
        return Worker(pool_of_columns(), self.judged)

    def judged(self, adapter: Adapter, examples: Sequence[Example]) -> Score:
        if self.dies is not None and len(examples) >= self.many and (self.always or not self.dies.exists()):
            self.dies.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return judged(adapter, examples)


@dataclass(frozen=True)
class Broken:
    """A recipe that fails: where the worker is made, or where a candidate is scored."""

    error: Exception
    at_once: bool = True

    def __call__(self) -> Worker:
        if self.at_once:
            raise self.error
        return Worker(pool_of_columns(), self.judged)

    def judged(self, adapter: Adapter, examples: Sequence[Example]) -> Score:
        raise self.error


@dataclass(frozen=True)
class Taught:
    """Lessons are counted by files, and the first job of all is slow, so that results come out of order."""

    folder: Path

    def __call__(self) -> Worker:
        return Worker(pool_of_columns(), self.judged, teaching=Teaching(self.given, tuple(TUNE)))

    def judged(self, adapter: Adapter, examples: Sequence[Example]) -> Score:
        time.sleep(0.5 if adapter.identity == NAMES[1] else 0.0)
        return judged(adapter, examples)

    def given(self, adapter: Adapter, lesson: Lesson, examples: Sequence[Example]) -> Adapter:
        (self.folder / f"{adapter.identity[:8]} {time.time_ns()}").touch()
        return SPECIALISTS[2]
