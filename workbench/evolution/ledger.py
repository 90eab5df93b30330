"""A run's ledger: what decides the run in the first line of `trials.jsonl`, then one line for each trial, for good.

    begin(plan) ─► lock, for the life of the run ─► another run's? refused ─► broken lines set aside ─► append, append …
    trials() ─► by number; a number that comes again begins the run anew from there

A trial whose `append` returned survives kill -9. A line that can no longer be read is moved to `trials.broken.jsonl`
when the run is next begun: its number is missing then, that trial is tried again, and its new line, though last in the
file, takes its place by its number. Where a number is there already, the trials that had it or a higher one belong to a
past that was not gone on with, and no longer count. Readers need no lock. It knows no weights and no search.

Columns are flat (`lines.py`). The first line has a column of its own, `plan`:

>>> table = pandas.read_json(ledger.path, lines=True, precise_float=True)                    # doctest: +SKIP
>>> table[table["plan"].isna()].plot("number", "value")                                      # doctest: +SKIP
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from workbench.core.errors import EvolutionError
from workbench.evolution.lines import Plan, read, written
from workbench.evolution.trial import Trial
from workbench.journal import Journal

NAME = "trials.jsonl"
SHOWN = 3  # differences that a refusal names

log = logging.getLogger(__name__)


class Broken(NamedTuple):
    """A line of the ledger, counted from 1, that could not be read."""

    line: int
    why: str


class RunLedger:
    """The trials of one run.

    Args:
        folder: where `trials.jsonl` lies; made when the run begins.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._journal = Journal(
            self.path,
            locked=f"The run in {folder} is held by another process, or by a ledger of this one that is still open; "
            "close it, or try again when it has ended",
            full=f"No space is left for {self.path} and nothing was half-written; free some, then resume the run",
            thread_local=False,
        )
        self._held = ExitStack()
        self._plan: Plan | None = None  # of the run that is held

    def begin(self, plan: Plan) -> tuple[Broken, ...]:
        """Begin a run, or go on with it, and hold it until `close`; the lines that had to be set aside.

        Raises:
            EvolutionError: the folder holds another run; nothing was changed.
            StoreLocked: the run is held already.
            StoreError: the ledger cannot be read or written.
        """
        with ExitStack() as opened:
            opened.enter_context(self._journal.held())
            broken = self._made_ready(plan)
            self.close()
            self._held, self._plan = opened.pop_all(), plan
        return broken

    def append(self, trial: Trial) -> None:
        """Write one trial; when this returns, it is on the disk.

        Raises:
            EvolutionError: the run was not begun, or the trial could not be read back as it is.
            StoreError: it could not be written; the ledger is as it was.
        """
        if self._plan is None:
            raise EvolutionError(f"The run in {self.path.parent} is not held; begin it before trials are added")
        self._journal.append(written(self._plan, trial))

    def trials(self) -> tuple[Trial, ...]:
        """Those that count, by number; a number is missing where a line was lost.

        Raises:
            EvolutionError: the file holds lines of several runs.
            StoreError: it cannot be read.
        """
        found = self._read()
        if len(found.runs) > 1:
            raise EvolutionError(f"{self.path} holds lines of several runs; take apart what was put together")
        if found.broken:
            log.warning("%s: %s", self.path, _told(found.broken))
        return _that_count(found.trials)

    @property
    def plan(self) -> Plan:
        """What the first line says.

        Raises:
            EvolutionError: there is none.
        """
        found = self._read().plan
        if found is None and not self.path.exists():
            raise EvolutionError(f"There is no run in {self.path.parent}; begin one: workbench evolve TUNE.jsonl")
        if found is None:
            raise EvolutionError(
                f"{self.path} does not say in its first line what run it is; give its examples to workbench evolve"
            )
        return found

    def close(self) -> None:
        """Let others hold the run; the ledger can still be read."""
        self._plan = None
        self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _made_ready(self, plan: Plan) -> tuple[Broken, ...]:
        found = self._read()
        if found.runs - {plan.identity}:
            raise EvolutionError(f"{self._other(found, plan)}; choose another folder, or begin that run as it was")
        if found.broken:
            self._journal.set_aside({one.line for one in found.broken})
            log.warning("%s, now in %s: %s", self.path, self._journal.aside.name, _told(found.broken))
        if found.plan is None:
            self._journal.append(json.dumps({"run": plan.identity, "plan": asdict(plan)}, allow_nan=False))
        return found.broken

    def _other(self, found: _Read, plan: Plan) -> str:
        """What makes it another run."""
        if found.plan is None or found.plan.identity == plan.identity:
            return f"{self.path} holds trials of another run"
        differing = [
            f"{name} is {there} there and {here} here"
            for name, there, here in _differences(_plain(found.plan), _plain(plan))
        ]
        more = f", and {len(differing) - SHOWN} more" if len(differing) > SHOWN else ""
        return f"{self.path} holds another run: {', '.join(differing[:SHOWN])}{more}"

    def _read(self) -> _Read:
        plan, runs, trials, broken = None, set(), [], []
        for number, line in enumerate(self._journal.lines(), start=1):
            try:
                said = json.loads(line)
                one = _plan(said) if "plan" in said else read(said)
            except (KeyError, TypeError, ValueError, RecursionError, EvolutionError) as error:
                broken.append(Broken(number, f"{type(error).__name__}: {error}"))
                continue
            runs.add(str(said["run"]))
            if isinstance(one, Plan):
                plan = plan or one
            else:
                trials.append(one)
        return _Read(plan, frozenset(runs), tuple(trials), tuple(broken))


class _Read(NamedTuple):
    """A file of lines; trials in the order of writing."""

    plan: Plan | None
    runs: frozenset[str]
    trials: tuple[Trial, ...]
    broken: tuple[Broken, ...]


def _that_count(trials: Iterable[Trial]) -> tuple[Trial, ...]:
    kept: dict[int, Trial] = {}
    for one in trials:
        if one.number in kept:
            kept = {number: other for number, other in kept.items() if number < one.number}
        kept[one.number] = one
    return tuple(kept[number] for number in sorted(kept))


def _told(broken: Sequence[Broken]) -> str:
    lines = ", ".join(f"line {one.line} ({one.why})" for one in broken[:SHOWN])
    more = f" and {len(broken) - SHOWN} more" if len(broken) > SHOWN else ""
    return f"{lines}{more} cannot be read; what was lost will be tried again"


def _plan(said: Mapping[str, Any]) -> Plan:
    plan = Plan(**{**said["plan"], "parents": tuple(said["plan"]["parents"])})
    if plan.identity != said["run"]:
        raise ValueError("the plan is not the one that it names")
    return plan


def _plain(plan: Plan) -> Any:
    """As it looks when it is read back."""
    return json.loads(json.dumps(asdict(plan)))


_NOTHING = object()


def _differences(there: Any, here: Any, name: str = "") -> Iterator[tuple[str, str, str]]:
    """Name, what is there, what is here, of every leaf that is not the same."""
    if isinstance(there, list) and isinstance(here, list):
        there, here = ({str(place): one for place, one in enumerate(some)} for some in (there, here))
    if isinstance(there, dict) and isinstance(here, dict):
        for key in dict.fromkeys((*there, *here)):
            yield from _differences(there.get(key, _NOTHING), here.get(key, _NOTHING), f"{name}.{key}" if name else key)
    elif _shown(there) != _shown(here):
        yield name, _shown(there), _shown(here)


def _shown(value: Any) -> str:
    return "nothing" if value is _NOTHING else json.dumps(value)
