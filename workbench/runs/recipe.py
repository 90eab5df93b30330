"""How a worker of a run is made: in this process, or in another one that has the same home; and where by the settings.

    settings, plan, lessons ─► base and scorer opened, parents fetched from the shelf ─► Worker
    evolution.executor ─► executor_of ─► None: this process; or what makes Ray workers of a recipe

It is plain data until it is called, so it can be sent to where the work is done. A lesson is a short training that
starts from the merged adapter; its checkpoints lie in the run's folder while it lasts. Where the plan says that only
verdicts are known, nothing but verdicts leaves the scorer.

>>> worker = Recipe(settings, plan, materials.tune, folder)()             # doctest: +SKIP
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.core.examples import Example, data_hash
from workbench.core.schema import Settings
from workbench.evolution.lines import Plan
from workbench.hardware.planner import gib
from workbench.runs.planning import VERDICTS_ONLY

if TYPE_CHECKING:
    from workbench.adapters.adapter import Adapter
    from workbench.adapters.bases import Base
    from workbench.adapters.training import Progress
    from workbench.core.schema import EvolutionSettings
    from workbench.evolution.executors import Executor
    from workbench.evolution.genome import Lesson
    from workbench.evolution.worker import ScoreThem, Worker
    from workbench.learning import Learning

OnLesson = Callable[["Progress"], None]


@dataclass(frozen=True)
class Recipe:
    """Everything a worker needs to be made.

    Args:
        lessons: examples that a candidate's lesson is about; none where only verdicts are known.
        folder: of the run, for a lesson's checkpoints.
    """

    settings: Settings
    plan: Plan
    lessons: tuple[Example, ...]
    folder: Path

    def __call__(self, learning: Learning | None = None, on_lesson: OnLesson | None = None) -> Worker:
        """The worker.

        Args:
            learning: opened already, in this process.
            on_lesson: called after each step of a lesson; what it raises ends it, and its last checkpoint stays.
        Raises:
            TrainingError: PyTorch and its companions are not installed.
            AdapterNotFound, AdapterDamaged: a parent is not on the shelf any more, or not whole.
        """
        from workbench.adapters.merging import LayerGroups
        from workbench.evolution.pool import Pool
        from workbench.evolution.worker import Teaching, Worker
        from workbench.learning import Learning

        learning = learning or Learning(self.settings)
        adapters = {name: learning.shelf.get(name) for name in self.plan.parents}
        dials = self.plan.settings
        groups = LayerGroups.over(adapters.values(), dials["depths"], dials["kinds"])
        lessons = Lessons(learning.base, self.settings, self.folder, on_lesson)
        score = verdicts_of(learning.scorer.score) if VERDICTS_ONLY in dials else learning.scorer.score
        return Worker(Pool(adapters, groups), score, teaching=Teaching(lessons.given, self.lessons))


def verdicts_of(score: ScoreThem) -> ScoreThem:
    """The same scores, and of each answer no more than right or wrong."""
    return lambda adapter, examples: score(adapter, examples).verdicts_alone


MakeExecutor = Callable[[Recipe], "Executor"]


def executor_of(dials: EvolutionSettings) -> MakeExecutor | None:
    """What makes who tries the candidates; None is this process. It decides nothing, so no plan names it.

    Raises:
        EvolutionError: Ray is not installed.
    """
    if dials.executor == "in-process":
        return None
    from workbench.evolution.executors import ray_workers

    ray_workers.refuse_missing()

    def made(recipe: Recipe) -> Executor:
        import torch

        threads = dials.threads or torch.get_num_threads()  # other sums in other threads would be another champion
        return ray_workers.RayWorkers(recipe, workers=dials.workers, threads=threads, address=dials.ray_address)

    return made


def _name(lesson: Lesson, examples: Sequence[Example]) -> str:
    """Of a lesson about these examples; another one has another, so that neither takes the other's checkpoints."""
    return f"{lesson.steps}-{lesson.learning_rate:g}-{lesson.batch}-{lesson.seed}-{data_hash(examples)[:16]}"


@dataclass(frozen=True)
class Lessons:
    """Gives lessons."""

    base: Base
    settings: Settings
    folder: Path
    on_lesson: OnLesson | None = None

    def given(self, adapter: Adapter, lesson: Lesson, examples: Sequence[Example]) -> Adapter:
        """The adapter, taught; one that was killed goes on from its last checkpoint.

        Raises:
            TrainingError: it cannot begin or go on.
        """
        from workbench.adapters.training import train

        dials = self.settings.training.model_copy(
            update={
                "steps": lesson.steps,
                "learning_rate": lesson.learning_rate,
                "batch": lesson.batch,
                "seed": lesson.seed,
                "patience": 0,
            }
        )
        folder = self.folder / "lessons" / f"{adapter.identity[:16]}-{_name(lesson, examples)}"
        safe = gib(self.settings.hardware.safe_gib)
        taught = train(
            self.base, examples, dials, folder=folder, start=adapter, safe_bytes=safe, on_progress=self.on_lesson
        )
        shutil.rmtree(folder, ignore_errors=True)
        return taught.adapter
