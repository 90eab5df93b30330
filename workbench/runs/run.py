"""One run, from its plan to its ending: the caller asks for one generation after another.

    with runs.begin(materials) as run:
        while not run.is_over:
            trials = run.step()                 # one generation, on the disk when this returns; or all: run.through()
        ending = await run.end()                # measured anew, shelved, judged, deployed if promoted

A run that was killed goes on where it was: `begin` with the same examples and settings, or `resume` by its name. It
holds its ledger until it is closed, so that no second process goes on with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from workbench.adapters.shelf import Shelved
from workbench.core.examples import Example
from workbench.core.stopping import Tell, nobody_listens
from workbench.evolution.budget import Budget
from workbench.evolution.ledger import RunLedger
from workbench.evolution.lines import Plan
from workbench.evolution.loop import Evolution
from workbench.evolution.search.seeded import SEED
from workbench.evolution.trial import Trial, ranked
from workbench.runs.finals import Ending, ended, read_ending
from workbench.runs.materials import Materials
from workbench.runs.planning import ALWAYS, VERDICTS_ONLY, search_of
from workbench.runs.recipe import MakeExecutor, Recipe
from workbench.runs.walking import Walk

if TYPE_CHECKING:
    from workbench.adapters.merging import LayerGroups
    from workbench.evolution.trying import Trier
    from workbench.evolution.worker import Worker
    from workbench.learning import Learning

SHORT = 12  # digits of a run's identity that name it


class Run:
    """A run that is held by this process; made by `Runs`.

    Args:
        executor: makes who tries candidates; None is this process.
    Raises:
        EvolutionError: the folder holds another run, or its plan cannot be searched by.
        StoreLocked: another process goes on with it.
    """

    def __init__(
        self,
        learning: Learning,
        folder: Path,
        plan: Plan,
        materials: Materials,
        *,
        executor: MakeExecutor | None = None,
    ) -> None:
        self.learning, self.folder, self.plan, self.materials = learning, folder, plan, materials
        self._make_executor = executor
        self._lesson_tells: Tell = nobody_listens
        search, budget = search_of(plan, self._groups, self._walk), Budget(**plan.budget)  # or nothing is begun
        with ExitStack() as opened:
            ledger = opened.enter_context(RunLedger(folder))
            self.broken = ledger.begin(plan)
            self.evolution = Evolution(search, ledger, budget)
            self._held = opened.pop_all()

    @property
    def name(self) -> str:
        """What a person calls it: the beginning of its identity."""
        return self.plan.identity[:SHORT]

    @property
    def is_over(self) -> bool:
        return self.evolution.is_over

    @property
    def trials(self) -> tuple[Trial, ...]:
        return self.evolution.trials

    @property
    def forecast(self) -> str:
        """What is left, in words."""
        return self.evolution.spending.forecast

    @property
    def champion(self) -> Trial:
        """The best candidate that was scored on every example.

        Raises:
            EvolutionError: there is none yet.
        """
        return self.evolution.champion

    @property
    def verdicts_only(self) -> bool:
        """Whether of an answer no more is known than right or wrong."""
        return VERDICTS_ONLY in self.plan.settings

    @property
    def best_parent(self) -> Trial | None:
        """The best of what was there before; None until they are tried."""
        return ranked(self._seeds)[0] if self._seeds else None

    @property
    def always_measured(self) -> tuple[Trial, ...]:
        """Parents that are finalists whatever the search makes of them."""
        always = [(one,) for one in self.plan.settings.get(ALWAYS, ())]
        return tuple(one for one in self._seeds if one.genome.parents in always)

    @cached_property
    def parents(self) -> Mapping[str, Shelved]:
        """By identity."""
        return {one: self.learning.shelf.find(one) for one in self.plan.parents}

    @cached_property
    def worker(self) -> Worker:
        """Makes and scores candidates in this process."""
        return self.recipe(self.learning, lambda now: self._lesson_tells("giving a lesson", now.step, now.steps))

    @contextmanager
    def lessons_told(self, tell: Tell) -> Iterator[None]:
        """Inside, the steps of a lesson given in this process are told, and can be stopped."""
        self._lesson_tells = tell
        try:
            yield
        finally:
            self._lesson_tells = nobody_listens

    @property
    def recipe(self) -> Recipe:
        """By which a worker elsewhere is made."""
        lessons = () if self.verdicts_only else self.materials.tune
        return Recipe(self.learning.settings, self.plan, lessons, self.folder)

    def step(self, on_progress: Callable[[int, int], None] | None = None) -> tuple[Trial, ...]:
        """Try one generation.

        Args:
            on_progress: called with how many of a rung's candidates are scored, and of how many.
        Raises:
            StoreError: the ledger cannot be written; what it has is kept.
        """
        trials = self._trier.tried(self.evolution.ask(), self.trials, on_progress=on_progress)
        self.evolution.tell(trials)
        return trials

    def through(self, tell: Tell = nobody_listens) -> None:
        """Try generation after generation until the budget has no room for another.

        Args:
            tell: called with what is done, what is spent and what may be, before each generation and after each of its
                candidates; what it raises ends this, and what is in the ledger stays.
        """
        with self.lessons_told(tell):
            while not self.is_over:
                self.step(self._telling(tell))

    def _telling(self, tell: Tell) -> Callable[[int, int], None]:
        """For one generation: its number, the best so far, what is left."""
        spending = self.evolution.spending
        spent, of = spending.evaluations, spending.budget.evaluations
        if of is None:
            spent, of = round(spending.seconds), round(spending.budget.seconds or 0)
        number = self.trials[-1].generation + 1 if self.trials else 0
        so_far = f"best {self._best()}, {self.forecast}"
        tell(f"generation {number}, {so_far}", spent, of)
        return lambda done, asked: tell(f"generation {number}, {done} of {asked} scored, {so_far}", spent, of)

    def _best(self) -> str:
        whole = [one for one in self.trials if one.fitness is not None and not one.stopped]
        best = ranked(whole)[0].fitness if whole else None
        return "–" if best is None else f"{best.share:.0%}"

    async def end(
        self,
        *,
        name: str | None = None,
        deploy: bool = True,
        known: Sequence[Example] = (),
        on_progress: Tell | None = None,
    ) -> Ending:
        """Measure the champion anew, shelve it, let the gate judge it; what was done already is not done again.

        Args:
            name: of the adapter; None is `evolved-` and the beginning of the run's.
            deploy: put it in service if the gate promotes it.
            known: more examples that need not be fresh, to compare training and serving by.
            on_progress: called with what is done, how many examples of it are, and of how many.
        Raises:
            EvolutionError: no candidate has been scored.
        """
        name = name or f"evolved-{self.name[:6]}"
        return await ended(self, name=name, deploy=deploy, known=known, on_progress=on_progress)

    @property
    def ending(self) -> Ending | None:
        """How it ended; None if it has not."""
        return read_ending(self.folder)

    def close(self) -> None:
        """Let others go on with it."""
        self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def _seeds(self) -> Sequence[Trial]:
        return [one for one in self.trials if one.operator == SEED and one.fitness is not None]

    @cached_property
    def _trier(self) -> Trier:
        from workbench.evolution.executors import InProcess
        from workbench.evolution.trying import Trier

        dials = self.plan.settings
        executor = self._make_executor(self.recipe) if self._make_executor else InProcess(self.worker)
        self._held.callback(executor.close)
        return Trier(
            executor,
            self.materials.tune,
            held=self.materials.held,
            keep=dials["keep"],
            error=dials["error"],
            seed=self.plan.seed,
        )

    @property
    def _walk(self) -> Walk:
        return Walk(
            self.learning,
            self.folder,
            [self.worker.pool.adapters[one] for one in self.plan.parents],
            self._groups,
            self.materials.seen,
            self.plan.budget.get("evaluations"),
            self.plan.seed,
            lambda done, of: self._lesson_tells("learning coefficients", done, of),
        )

    @property
    def _groups(self) -> LayerGroups:
        return self.worker.pool.groups
