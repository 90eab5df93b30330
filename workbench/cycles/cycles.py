"""The cycles of one home: their steps, and what is kept of each.

    home/cycles/0003/cycle.json               how it ended: refused for want of evidence, or judged
                     report.html, report.md   its page
    home/runs/<its run>/                      the ledger, the ending and the page of what was evolved

A cycle that was killed begins again under its number, and finds what it had done: the training goes on from its last
checkpoint, the run from its ledger, if use has not changed since. One cycle at a time; whoever comes second is refused.

>>> cycles = Cycles(learning)                                             # doctest: +SKIP
>>> [one.sentence for one in cycles.list()]                               # doctest: +SKIP
['Cycle 1: nothing was learned. 12 new examples to train on, and a cycle begins with 20: …']
"""

from __future__ import annotations

import hashlib
import math
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from workbench import disk
from workbench.core.errors import AdapterError, EvolutionError, StoreLocked
from workbench.core.examples import data_hash
from workbench.core.stopping import Tell, nobody_listens
from workbench.core.wording import counted
from workbench.corpus.interactions import SKILL
from workbench.cycles.ablation import Brought, Recall, brought_by
from workbench.cycles.cross_checking import CrossCheck, Embed
from workbench.cycles.evidence import Evidence, Past
from workbench.cycles.pausing import Pause
from workbench.cycles.report import write_cycle
from workbench.cycles.suspecting import Suspect
from workbench.experience import Gone, few_of_all
from workbench.learning import PLAIN, RETAINED, SCORES
from workbench.runs import Ending, Materials, Run, Runs

if TYPE_CHECKING:
    from pydantic import TypeAdapter

    from workbench.adapters.shelf import Shelved
    from workbench.learning import Learning

NAME = "cycle.json"
HALVES = "halves"
UNTIL_TRUSTED = (
    "They are neither learned from nor recalled until somebody has looked: workbench memory list --state doubted. "
    "If they are right: workbench learn --trust; if answers got worse: workbench rollback"
)
UNTIL_RIGHT = (
    "The lesson left that out, and the cycle's page lists it. Say what is right, once more if it was: workbench "
    "feedback TURN --correct ANSWER"
)


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
        brought: by memory and by the adapter.
        retained: what keeps, in the lesson, what the adapter before it knew.
        doubts: feedback that was set apart, each in a sentence.
        suspects: answers that its lesson left out, since they contradict what the others teach.
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
    brought: Brought | None = None
    retained: str = ""
    doubts: tuple[str, ...] = ()
    suspects: tuple[Suspect, ...] = ()

    @property
    def rated(self) -> int:
        """Examples of use, without those that watch later gates."""
        return sum(self.counts.get(part, 0) for part in ("train", "suspects", "tune", "confirm", "fresh"))

    @property
    def sentence(self) -> str:
        """What came of it, for a person."""
        if self.lacks is not None:
            apart = f". {'; '.join(self.doubts)}: they are set apart" if self.doubts else ""
            return f"Cycle {self.number}: nothing was learned. {self.lacks}{apart}."
        assert self.ending is not None, "a cycle that began has ended"
        return f"Cycle {self.number}: {self.ending.words}"

    @property
    def set_apart(self) -> tuple[str, ...]:
        """What was set apart, for a person, and what to do about it."""
        apart = [f"{one}. {UNTIL_TRUSTED}" for one in self.doubts]
        if self.suspects:
            several = counted(len(self.suspects), "rated or corrected answer")
            apart.append(f"Against what the others teach: {several}. {UNTIL_RIGHT}")
        return tuple(apart)


class Cycles:
    """Learning from use in one home."""

    def __init__(self, learning: Learning) -> None:
        self.learning = learning
        self.folder = learning.settings.home / "cycles"
        self.pause = Pause(self.folder)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else learns inside; afterwards the memory that learning took is given back.

        Raises:
            LearningPaused: a person lets it rest.
            StoreLocked: another process does.
        """
        self.pause.refuse()
        with self.held():
            yield

    @contextmanager
    def held(self) -> Iterator[None]:
        """As `alone`, also while learning rests.

        Raises:
            StoreLocked: another process learns.
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
                "Another process is learning in this home; let it end, or pause it by workbench learn --pause"
            ) from error

    def check(self, found: Evidence, embed: Embed, tell: Tell = nobody_listens) -> Evidence:
        """Without the answers that contradict what the others teach, where `learn.cross_check` is on.

        Args:
            embed: questions to L2-normalised rows.
        Raises:
            ModelError: the embedder cannot be loaded.
            TrainingError: a short lesson cannot begin or go on.
            AdapterError, StoreError: what was found cannot be written.
        """
        if not self.learning.settings.learn.cross_check:
            return found
        check = CrossCheck(self.learning, self.folder / HALVES, f"use-{self.number}-half")
        return check.of(found, embed, tell)

    def train(self, found: Evidence, tell: Tell = nobody_listens) -> Shelved:
        """A specialist of what use has taught, with the replay of earlier skills; one that is there is not made again.

        It goes on from what answers now, where that lies on this base, so that each cycle adds its steps to all before.

        Raises:
            TrainingError: it cannot begin or go on.
        """
        examples = (*found.train, *found.invented, *found.replay)
        tune = (*found.tune, *found.held)  # so that what is held is kept with it, for the cycle after this
        champion = self.learning.shelf.champion()
        fits = champion is not None and champion.card.spec.base == self.learning.base.identity
        start = champion if fits else None
        dials = self.learning.settings
        reading = math.ceil(dials.learn.passes * len(examples) / dials.training.batch)
        steps = max(reading, dials.training.steps)
        made_of = _short(data_hash((*examples, *tune)), start.identity if start else PLAIN, str(steps))
        name = f"use-{self.number}-{made_of}"
        there = next((one for one in self.learning.shelf.list() if one.name == name), None)
        if there is not None:
            return there
        self._clear_others(name)
        return self.learning.train(
            (*found.train, *found.invented),
            name,
            replay=found.replay,
            tune=tune,
            start=start,
            steps=steps,
            on_progress=lambda now: tell(f"training {name}", now.step, now.steps),
        ).shelved

    def step_back(self) -> None:
        """Put in service what answered before anything that learned from what was forgotten; else the plain base."""
        shelf, clean = self.learning.shelf, self.learning.experience.clean_champion()
        why, wanted = "it learned from what was forgotten", clean.identity if clean else None
        while (champion := shelf.champion()) is not None and champion.identity != wanted:
            try:
                shelf.rollback(why=why)
            except AdapterError:  # one in between is lost
                shelf.deploy(wanted, why=why)

    def forget(self, gone: Gone) -> tuple[frozenset[str], tuple[str, ...]]:
        """Remove examples wherever learning keeps them; the weights of adapters stay what they are.

        Returns:
            Ids of all that is gone; names of the runs that had not ended and cannot go on.
        Raises:
            StoreLocked: a process goes on with a run that has one of them.
        """
        home = self.learning.settings.home
        ids = self.learning.experience.forget(gone)
        stuck = Runs(self.learning).forget(Gone(ids, gone.turns))
        if (home / SCORES).exists():
            from workbench.evaluation.scoring import ScoreCache

            ScoreCache(home / SCORES).forget(ids)
        for folder in (*(home / "training").glob("use-*"), *self.folder.glob(f"{HALVES}*")):
            shutil.rmtree(folder)
        return ids, stuck

    def evolve(self, found: Evidence, lesson: Shelved) -> Run:
        """A run that mixes the specialist with what answers now and with the shelf; close it when done.

        The search looks at a few of the held examples only, so that the budget has room for several generations.
        """
        settings = self.learning.settings
        dials = settings.evolution.model_copy(update={"evaluations": settings.learn.evaluations})
        materials = Materials.of(
            found.tune,
            held=few_of_all(found.held, settings.learn.search_examples),
            fresh=found.fresh,
            guard=found.guard,
            confirming=found.confirm,
            confirm=dials.confirm,
        )
        return Runs(self.learning).begin(materials, dials=dials, always=[lesson])

    async def compare(self, run: Run, recall: Recall, tell: Tell = nobody_listens) -> Brought | None:
        """What memory and the adapter of an ended run bring, on the gate's questions of use, which no choice saw."""
        assert run.ending is not None, "the run has ended"
        examples = [one for one in run.materials.judge if one.skill == SKILL]
        after, verdict, champion = run.ending.adapter, run.ending.verdict, self.learning.shelf.champion()
        before = verdict["incumbent"] if verdict else champion.identity if champion else PLAIN
        return await brought_by(self.learning, examples, recall, before=before, after=after, tell=tell)

    def close(
        self,
        found: Evidence,
        began: float,
        *,
        lesson: Shelved | None = None,
        run: Run | None = None,
    ) -> Cycle:
        """Keep what came of the cycle, and write its page and that of its run; a refusal is kept as well.

        Args:
            began: its beginning, in seconds since the epoch.
        Raises:
            StoreError: it cannot be written.
        """
        parts = ("train", "suspects", "invented", "replay", "tune", "confirm", "held", "fresh", "guard")
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
            retained=str(lesson.card.origin.settings.get(RETAINED, "")) if lesson else "",
            doubts=found.doubts,
            suspects=found.suspects,
        )
        self._keep(cycle)
        return cycle

    def add(self, cycle: Cycle, run: Run, brought: Brought | None) -> Cycle:
        """Put what memory and adapter brought into the record of a closed cycle, and onto its page.

        Raises:
            StoreError: it cannot be written.
        """
        if brought is not None:
            cycle = replace(cycle, brought=brought, seconds=cycle.seconds + time.time() - cycle.at, at=time.time())
            self._keep(cycle)
        return cycle

    def list(self) -> tuple[Cycle, ...]:
        """Those that were closed, oldest first.

        Raises:
            EvolutionError: one of them cannot be read.
        """
        return tuple(_read(one) for one in sorted(self.folder.glob(f"*/{NAME}")))

    def past(self, *, again: bool = False) -> Past:
        """What the cycles that were judged have used; a cycle without more would be the same again.

        Args:
            again: what was learned is learned anew, so nothing was tried.
        """
        judged = [one for one in self.list() if one.ending is not None]
        ended = [self._seen_by(one.ending.adapter) for one in judged if one.ending is not None]
        if not judged or again:
            return Past(chosen=frozenset().union(*ended))
        suspects = frozenset(one.example for one in judged[-1].suspects)
        return Past(self._seen_by(judged[-1].lesson), suspects, frozenset().union(*ended))

    @property
    def number(self) -> int:
        """Of the next cycle; one that was refused for want of evidence is taken up again."""
        closed = self.list()
        if not closed:
            return 1
        return closed[-1].number + (closed[-1].lacks is None)

    def _seen_by(self, ref: str | None) -> frozenset[str]:
        """Nothing, where it is no longer on the shelf."""
        found = next((one for one in self.learning.shelf.list() if ref in (one.identity, one.label)), None)
        return frozenset(self.learning.experience.seen_by(found)) if found else frozenset()

    def _keep(self, cycle: Cycle) -> None:
        """Write its record and its page, in place of earlier ones, and the page of its run."""
        folder = self.folder / f"{cycle.number:04d}"
        folder.mkdir(parents=True, exist_ok=True)
        with disk.replacing(folder / NAME) as file:
            file.write(_adapter().dump_json(cycle, indent=2).decode() + "\n")
        runs = Runs(self.learning)
        if cycle.run is not None:
            runs.report(cycle.run)
        write_cycle(cycle, runs.find(cycle.run) if cycle.run is not None else None, folder)

    def _clear_others(self, name: str) -> None:
        """A training of this cycle that use has overtaken is not gone on with."""
        for folder in (self.learning.settings.home / "training").glob(f"use-{self.number}-*"):
            if folder.name != name:
                shutil.rmtree(folder, ignore_errors=True)


def _short(*parts: str) -> str:
    """A few digits that stand for all of them together."""
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:6]


def _read(file: Path) -> Cycle:
    try:
        return _adapter().validate_json(file.read_bytes())
    except ValueError as error:
        raise EvolutionError(f"{file} cannot be read; move it away, and the cycles go on without it") from error


@cache
def _adapter() -> TypeAdapter[Cycle]:
    from pydantic import TypeAdapter

    return TypeAdapter(Cycle)
