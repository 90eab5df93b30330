"""The runs of one home: begun, found again by name, listed.

    home/runs/<beginning of the plan's identity>/
    ├── trials.jsonl        the plan, then every trial: the ledger
    ├── tune.jsonl …        the examples, unless the home is encrypted
    ├── ending.json         how it ended
    └── report.html, .md    the page of all that

The same examples, parents and settings are the same run: asked for again, it goes on or says how it ended.

>>> runs = Runs(learning)                                                 # doctest: +SKIP
>>> [card.name for card in runs.list()]                                   # doctest: +SKIP
['3f2a90d1c4be']
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.core.errors import EvolutionError, StoreError, WorkbenchError
from workbench.core.examples import data_hash
from workbench.evolution.ledger import RunLedger
from workbench.evolution.lines import Plan
from workbench.evolution.trial import Trial, ranked
from workbench.experience import Gone
from workbench.reporting import Written
from workbench.runs.finals import Ending, read_ending
from workbench.runs.materials import Materials
from workbench.runs.planning import chosen_parents, planned
from workbench.runs.recipe import MakeExecutor, executor_of
from workbench.runs.report import write_report
from workbench.runs.run import SHORT, Run

if TYPE_CHECKING:
    from workbench.adapters.shelf import Shelved
    from workbench.core.schema import EvolutionSettings
    from workbench.learning import Learning

FEWEST_DIGITS = 4


@dataclass(frozen=True, slots=True)
class RunCard:
    """A run as it lies on the disk, read without holding it."""

    folder: Path
    plan: Plan
    trials: tuple[Trial, ...]
    ending: Ending | None
    told_at: float  # of its latest line, in seconds since the epoch

    @property
    def name(self) -> str:
        return self.plan.identity[:SHORT]

    @property
    def evaluations(self) -> int:
        return sum(one.evaluations for one in self.trials)

    @property
    def best(self) -> Trial | None:
        """The champion so far; None where nothing was scored on every example."""
        whole = [one for one in self.trials if one.fitness is not None and not one.stopped]
        return ranked(whole)[0] if whole else None

    @property
    def state(self) -> str:
        """In a word or two."""
        if self.ending is None:
            return "not ended"
        if self.ending.deployed:
            return "deployed"
        return {"promote": "promoted", "refuse": "refused", "more": "needs examples"}.get(
            self.ending.decision or "", "shelved"
        )


class Runs:
    """All runs of a home."""

    def __init__(self, learning: Learning) -> None:
        self.learning = learning
        self.folder = learning.settings.home / "runs"

    def begin(
        self,
        materials: Materials,
        *,
        parents: Sequence[str] = (),
        always: Sequence[Shelved] = (),
        dials: EvolutionSettings | None = None,
        executor: MakeExecutor | None = None,
    ) -> Run:
        """Begin a run, or go on with it; close it when done.

        Args:
            parents: by name; none are those of the shelf that fit.
            always: begin with these as well, even where there are more than the settings allow, and measure them at
                the end.
            dials: None are those of the settings.
            executor: makes who tries the candidates; None is what the settings say.
        Raises:
            EvolutionError: there is nothing to begin with, or Ray is not installed.
            AdapterNotFound, AdapterUnfit: a parent cannot be used.
            StoreLocked: another process goes on with it.
        """
        dials = dials or self.learning.settings.evolution
        executor = executor or executor_of(dials)
        chosen = chosen_parents(self.learning, parents, materials, always)
        plan = planned(dials, chosen, materials, self.learning.base.identity, always)
        return self._opened(plan, materials, executor, keep=not self.learning.settings.memory.encrypt_memory)

    def resume(self, ref: str, *, executor: MakeExecutor | None = None) -> Run:
        """Go on with a run.

        Args:
            executor: as of `begin`.
        Raises:
            EvolutionError: there is no such run, its examples were not kept, some were forgotten, or Ray is not there.
            StoreLocked: another process goes on with it.
        """
        card = self.find(ref)
        materials = Materials.read(card.folder)
        if (data_hash(materials.tune), data_hash(materials.held)) != (card.plan.data, card.plan.settings["held"]):
            raise EvolutionError(
                f"Examples of run {card.name} were forgotten, so it cannot go on; begin another: workbench evolve"
            )
        executor = executor or executor_of(self.learning.settings.evolution)
        return self._opened(card.plan, materials, executor, keep=False)

    def find(self, ref: str) -> RunCard:
        """The run whose name begins so.

        Raises:
            EvolutionError: there is none, or more than one.
        """
        found = [one for one in self._folders() if len(ref) >= FEWEST_DIGITS and one.name.startswith(ref[:SHORT])]
        if len(found) != 1:
            several = f"{len(found)} runs begin" if found else "No run begins"
            raise EvolutionError(f"{several} with {ref!r}; see: workbench runs")
        return _card(found[0])

    def list(self) -> tuple[RunCard, ...]:
        """The latest first; those that cannot be read are left out."""
        cards = [one for one in self._read() if isinstance(one, RunCard)]
        return tuple(sorted(cards, key=lambda card: -card.told_at))

    def unreadable(self) -> tuple[WorkbenchError, ...]:
        """Why a run is not listed: its first line is lost, or its ending cannot be read."""
        return tuple(one for one in self._read() if isinstance(one, WorkbenchError))

    def _read(self) -> Iterator[RunCard | WorkbenchError]:
        for folder in self._folders():
            try:
                yield _card(folder)
            except (EvolutionError, StoreError) as error:
                yield error

    def report(self, ref: str) -> Written:
        """Write the page of a run, as HTML and as Markdown, into its folder.

        Raises:
            EvolutionError: there is no such run.
            StoreError: the folder cannot be written.
        """
        return write_report(self.find(ref), {one.identity: one.label for one in self.learning.shelf.list()})

    def delete(self, ref: str) -> RunCard:
        """Remove what is kept of a run; adapters that came of it stay.

        Raises:
            StoreLocked: a process goes on with it.
        """
        card = self.find(ref)
        with RunLedger(card.folder) as ledger:
            ledger.begin(card.plan)
            shutil.rmtree(card.folder)
        return card

    def forget(self, gone: Gone) -> tuple[str, ...]:
        """Remove examples from every run, with the checkpoints of lessons on them.

        Returns:
            Names of the runs that had not ended and cannot go on.
        Raises:
            StoreLocked: a process goes on with one of them.
        """
        found = [(folder, Materials.left_in(folder)) for folder in self._folders()]
        concerned = [(folder, before) for folder, before in found if before.without(gone) != before]
        return tuple(name for one in concerned if (name := self._forget(*one, gone)) is not None)

    def _forget(self, folder: Path, materials: Materials, gone: Gone) -> str | None:
        left, card = materials.without(gone), _card(folder)
        with RunLedger(folder) as ledger:
            ledger.begin(card.plan)
            left.write(folder)
            shutil.rmtree(folder / "lessons", ignore_errors=True)
        stuck = card.ending is None and (left.tune, left.held) != (materials.tune, materials.held)
        return card.name if stuck else None

    def _folders(self) -> Sequence[Path]:
        if not self.folder.is_dir():
            return []
        return sorted(one for one in self.folder.iterdir() if RunLedger(one).path.exists())

    def _opened(self, plan: Plan, materials: Materials, executor: MakeExecutor | None, *, keep: bool) -> Run:
        run = Run(self.learning, self.folder / plan.identity[:SHORT], plan, materials, executor=executor)
        if keep:
            materials.write(run.folder)
        return run


def _card(folder: Path) -> RunCard:
    ledger = RunLedger(folder)
    return RunCard(folder, ledger.plan, ledger.trials(), read_ending(folder), ledger.path.stat().st_mtime)
