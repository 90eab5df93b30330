"""How a run ends: its best candidates are measured on examples that no search has seen; one is shelved and judged.

    champion, champion taught, parents ─► confirm examples ─► the best there ─► shelf ─► gate ─► deployed, or not

The champion's score on the tune examples is the highest of many and therefore too high (the winner's curse); what it
gets on the confirm examples is what it can do, and says whether a lesson, or the search itself, was worth it. The gate
judges by other examples again. Where only verdicts are known, the lesson is about the candidates' own right answers,
and there is none where nobody was right. Without fresh examples the champion is shelved as it is and nothing is
deployed. What is scored is what is shelved. Whatever was done before a kill is found again: the verdicts in the cache,
the adapter on the shelf, the look in the gate's ledger.

>>> ending = await run.end()                                              # doctest: +SKIP
>>> ending.deployed, ending.words                                         # doctest: +SKIP
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench import disk
from workbench.adapters.shelf import Data, Parent, Provenance, Shelved
from workbench.core.errors import EvolutionError
from workbench.core.examples import Example, data_hash
from workbench.core.stopping import Tell, in_thread
from workbench.evaluation.intervals import wilson_interval
from workbench.evolution.genome import Genome, Lesson, to_dict
from workbench.evolution.search.seeded import SEED
from workbench.evolution.trial import Trial
from workbench.learning import PLAIN
from workbench.runs.own_answers import own_answers

if TYPE_CHECKING:
    from pydantic import TypeAdapter

    from workbench.adapters.adapter import Adapter
    from workbench.runs.run import Run

NAME = "ending.json"
EVOLVED, TAUGHT, PARENT = "the evolved champion", "the champion after a lesson", "the best parent as it was"
NEW = "the new specialist"  # of a cycle


@dataclass(frozen=True, slots=True)
class Share:
    """Right answers of n, with the ends of the 95 % interval (Wilson)."""

    right: int
    n: int
    low: float
    high: float

    @classmethod
    def of(cls, right: int, n: int) -> Share:
        return cls(right, n, *wilson_interval(right, n))

    def __str__(self) -> str:
        return f"{self.right} of {self.n} ({self.right / self.n:.0%}, 95 % interval {self.low:.0%} to {self.high:.0%})"


@dataclass(frozen=True, slots=True)
class Finalist:
    """One that could have been shelved.

    Args:
        tune: on the examples it was chosen or taught by; None for a taught one.
        fresh: on the confirm examples; None where there were none.
    """

    label: str
    adapter: str
    tune: Share | None
    fresh: Share | None


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended.

    Args:
        adapter, name: of the one that is on the shelf.
        chosen: its label among the finalists.
        judged: hash of the examples that the gate was given; None where it was given none.
        verdict: the gate's, in plain values; None where it had nothing to judge by, or what answers now was best.
        at: seconds since the epoch.
    """

    adapter: str
    name: str
    chosen: str
    finalists: tuple[Finalist, ...]
    judged: str | None
    verdict: Mapping[str, Any] | None
    deployed: bool
    at: float

    @property
    def decision(self) -> str | None:
        """`promote`, `refuse`, `more`; None where nothing was judged."""
        return None if self.verdict is None else str(self.verdict["decision"])

    @property
    def words(self) -> str:
        """The verdict, for a person."""
        if self.verdict is None and self.judged is not None:
            return f"Nothing better was found than {self.name}, which answers now and stays; the gate was not asked."
        if self.verdict is None:
            return "Nothing was judged and nothing deployed: give fresh examples with --gate GATE.jsonl."
        return str(self.verdict["words"])

    @property
    def sentences(self) -> tuple[str, ...]:
        """What the measuring showed, one sentence for each finalist."""
        return tuple(_told(one, one.label == self.chosen) for one in self.finalists)


async def ended(
    run: Run, *, name: str, deploy: bool, known: Sequence[Example] = (), on_progress: Tell | None = None
) -> Ending:
    """See `Run.end`."""
    judged = data_hash(run.materials.judge) if run.materials.judge else None
    before = read_ending(run.folder)
    if before is not None and before.judged == judged:
        return before
    measured = await in_thread(lambda tell: list(_measured(run, tell)), on_progress)
    one, adapter, genome = max(measured, key=lambda each: _fresh(each[0]))
    shelved = await in_thread(lambda _: _shelved(run, genome, adapter, name))
    verdict = await _judged(run, shelved, known, on_progress)
    deployed = deploy and verdict is not None and verdict["decision"] == "promote"
    if deployed and not _answers(run, shelved):
        run.learning.deploy(shelved.identity, why=_why(run))
    finalists = tuple(each[0] for each in measured)
    ending = Ending(
        shelved.identity, shelved.label, one.label, finalists, judged, verdict, deployed=deployed, at=time.time()
    )
    with disk.replacing(run.folder / NAME) as file:
        file.write(_adapter().dump_json(ending, indent=2).decode() + "\n")
    return read_ending(run.folder) or ending


def read_ending(folder: Path) -> Ending | None:
    """How the run in this folder ended; None if it has not.

    Raises:
        EvolutionError: the file cannot be read.
    """
    try:
        return _adapter().validate_json((folder / NAME).read_bytes())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise EvolutionError(f"{folder / NAME} cannot be read; delete it, and the run ends once more") from error


def _measured(run: Run, tell: Tell) -> Iterator[tuple[Finalist, Adapter, Genome]]:
    """The finalists, simplest last, so that the first of equals is the one that was searched for."""
    seen: set[str] = set()
    for label, genome, trial in _finalists(run, tell):
        with run.lessons_told(tell):
            adapter = run.worker.weights(genome)
        if adapter.identity in seen:
            continue
        seen.add(adapter.identity)
        fresh = _scored(run, label, adapter, tell)
        yield Finalist(label, adapter.identity, _tune(trial), fresh), adapter, genome


def _finalists(run: Run, tell: Tell) -> Iterator[tuple[str, Genome, Trial | None]]:
    champion, parent = run.champion, run.best_parent
    if champion.operator != SEED:
        yield EVOLVED, champion.genome, champion
    usual = run.learning.settings.evolution
    lesson = Lesson(usual.teach_steps, usual.teach_rate, run.learning.settings.training.batch, seed=run.plan.seed)
    if lesson.steps and run.materials.confirm and _has_lessons(run, lesson, tell):
        yield TAUGHT, replace(champion.genome, lesson=lesson), None
    for one in run.always_measured:
        yield NEW, one.genome, one
    if parent is not None:
        yield PARENT, parent.genome, parent


def _has_lessons(run: Run, lesson: Lesson, tell: Tell) -> bool:
    """Whether there is anything to teach; where only verdicts are known, what the candidates themselves found out."""
    if not run.verdicts_only:
        return True
    with run.lessons_told(tell):
        own = own_answers(run.worker, run.trials, run.materials.tune, run.learning.scorer, lesson=lesson)
    run.worker.teach_about(own)
    return bool(own)


def _scored(run: Run, label: str, adapter: Adapter, tell: Tell) -> Share | None:
    examples = run.materials.confirm
    if not examples:
        return None
    done = iter(range(1, len(examples) + 1))
    found = run.learning.scorer.score(
        adapter, examples, on_progress=lambda _: tell(f"measuring {label}", next(done), len(examples))
    )
    return Share.of(found.correct, found.total)


def _tune(trial: Trial | None) -> Share | None:
    if trial is None or trial.fitness is None:
        return None
    skills = trial.fitness.skills.values()
    return Share.of(sum(one.right for one in skills), sum(one.n for one in skills))


def _fresh(one: Finalist) -> float:
    return 0.0 if one.fresh is None else one.fresh.right / one.fresh.n


def _shelved(run: Run, genome: Genome, adapter: Adapter, name: str) -> Shelved:
    """On the shelf, with its origin; one that is there already stays what it is."""
    learning = run.learning
    known = next((one for one in learning.shelf.list() if one.identity == adapter.identity), None)
    if known is not None:
        if not _answers(run, known):  # what answers now is chosen by nobody
            learning.experience.inherit(known, [known], run.materials.deciding)
        return known
    tune = run.materials.tune
    origin = Provenance(
        "merge",
        learning.base.name,
        learning.base.licence,
        Data(data_hash(tune), dict(Counter(one.skill for one in tune))),
        tuple(Parent(*each) for each in zip(genome.parents, genome.coefficients, strict=True)),
        seed=run.plan.seed,
        settings={"run": run.plan.identity, "genome": to_dict(genome)},
    )
    shelved = learning.shelf.put(adapter, origin, name=name)
    learning.experience.inherit(shelved, run.parents.values(), run.materials.deciding)
    learning.prepare(shelved, adapter)
    if run.materials.confirm:
        learning.note_scores(shelved.identity, learning.score(run.materials.confirm, shelved.identity))
    return learning.shelf.find(shelved.identity)


async def _judged(
    run: Run, one: Shelved, known: Sequence[Example], on_progress: Tell | None
) -> Mapping[str, Any] | None:
    """The gate's verdict; that of a look which a kill kept from being written down here.

    What answers now is not judged: against itself it would use up fresh examples and error probability for nothing.
    """
    learning, judge = run.learning, run.materials.judge
    if not judge:
        return None
    if (look := _look(run, one)) is not None:
        said = dict(look["verdict"])
        return said | {"words": str(said["words"]).replace(one.identity[:12], one.label)}
    if _answers(run, one):
        return None
    target = {each.skill for each in run.materials.tune} & {each.skill for each in judge} or None
    known = (*run.materials.confirm, *run.materials.tune, *run.materials.held, *known)
    verdict = await learning.gate(one.identity, judge, target=target, known=known, on_progress=on_progress)
    return verdict.to_dict()


def _look(run: Run, one: Shelved) -> Mapping[str, Any] | None:
    """This run's look at it, where there was one: at its examples, over what answers now or answered until this run."""
    ids, shelf = {each.id for each in run.materials.judge}, run.learning.shelf
    champion, moves = shelf.champion(), shelf.history()
    if _answers(run, one) and (not moves or moves[-1].why != _why(run)):
        return None
    looks = [
        line
        for line in run.learning.ledger.lines()
        if line["candidate"] == one.identity
        and ids & set(line["ids"])
        and (_answers(run, one) or line["incumbent"] == (champion.identity if champion else PLAIN))
    ]
    return looks[-1] if looks else None


def _why(run: Run) -> str:
    """What the history of the shelf says of a deployment."""
    return f"run {run.name}, promoted by the gate"


def _answers(run: Run, one: Shelved) -> bool:
    champion = run.learning.shelf.champion()
    return champion is not None and champion.identity == one.identity


def _told(one: Finalist, chosen: bool) -> str:
    tune = f"{one.tune} of the examples it was chosen by" if one.tune else "taught by the examples it was chosen by"
    fresh = f", {one.fresh} of those no search has seen" if one.fresh else ""
    return f"{one.label.capitalize()}: {tune}{fresh}{' – on the shelf' if chosen else ''}"


@cache
def _adapter() -> TypeAdapter[Ending]:
    from pydantic import TypeAdapter

    return TypeAdapter(Ending)
