"""Candidates race over a growing part of the examples; who is surely not among the best stops early.

    rung    8     12     16     24    …     N
    a    ───────────────────────────────────►  every example: its mean is exact
    b    ───────────────────────────────────►
    c    ─────────────┤ stopped: too much capital was won by betting against it
    d    ──────┤

For each pair of candidates `betting.Accounts` wins capital on the evidence that the one is worse than the other. One of
the k best is no worse than at least m − k of the other m − 1, so the mean of its m − k smallest accounts cannot be
expected to grow: it reaches 1/error with probability at most `error`, however many rungs look at it (Ville 1939). Who
reaches it stops. At N there is no doubt left, and no test.

The promise: **each of the k truly best is stopped with probability at most `error`**, whatever the outcomes look like,
if the items' order was drawn at random after the candidates were made (a fresh shuffle for each generation; `items`).
Sign tests stop more by graded outcomes, and lose the best where it is a little worse nearly everywhere and far better
in a few places, which is how a search's first right answers look. It does not know what a candidate or an item is.

>>> right = {"good": (1.0, 1.0, 1.0, 0.0) * 16, "poor": (0.0, 1.0, 0.0, 0.0) * 16}
>>> raced = race(list(right), range(64), lambda who, items: [right[who][i] for i in items], span=1.0)
>>> raced.survivors, raced.evaluations
(('good',), 76)
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile
from statistics import fmean
from typing import Generic, TypeVar

import numpy as np

from workbench.core.errors import EvolutionError
from workbench.evolution.betting import Accounts

C = TypeVar("C", bound=Hashable)
T = TypeVar("T")
Score = Callable[[C, Sequence[T]], Sequence[float] | None]

ERROR = 0.05
SPAN = 2.0  # of right + ¼ · max(log-probability, −4), which lies between −1 and 1
FIRST_RUNG = 8


@dataclass(frozen=True, slots=True)
class Needed(Generic[C]):
    """Outcomes that the race waits for: of one candidate, on items start … stop − 1."""

    candidate: C
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Standing(Generic[C]):
    """How one candidate came out.

    Args:
        outcomes: on the first items, in their order; of a survivor on all.
        estimate: of its mean over all items; exact for survivors. A stopped one's is the survivors' average over all,
            plus its difference to that average on the items it has seen, with none beyond the items decided on. Means
            over different items cannot be compared, estimates can, though those of the stopped lean low: who looked
            worse than it was is likelier to be stopped.
        stopped: the race ended it before the last item.
    """

    candidate: C
    outcomes: tuple[float, ...]
    estimate: float
    stopped: bool

    @property
    def seen(self) -> int:
        """Items it was scored on."""
        return len(self.outcomes)


@dataclass(frozen=True, slots=True)
class Race(Generic[C]):
    """What came of a race.

    Args:
        standings: survivors by their means over all items, then the stopped by their estimates; the best first.
        failed: withdrawn candidates.
        items: how many there were.
        decided_on: of these, how many the tests counted.
        evaluations: outcomes that had to be asked for; those handed in as known do not count.
    """

    standings: tuple[Standing[C], ...]
    failed: tuple[C, ...]
    items: int
    decided_on: int
    evaluations: int
    keep: int
    error: float

    @property
    def survivors(self) -> tuple[C, ...]:
        """Candidates scored on every item, the best first."""
        return tuple(one.candidate for one in self.standings if not one.stopped)

    @property
    def outcomes(self) -> dict[C, tuple[float, ...]]:
        """By candidate; handed in as `known`, they spare a repetition all scoring."""
        return {one.candidate: one.outcomes for one in self.standings}

    @property
    def sentence(self) -> str:
        """For reports."""
        whole = (len(self.standings) + len(self.failed)) * self.items
        stopped = len(self.standings) - len(self.survivors)
        best = "the best" if self.keep == 1 else f"each of the {self.keep} best"
        over = "" if self.decided_on == self.items else f" over the {self.decided_on} open items"
        return (
            f"{stopped} of {len(self.standings)} candidates stopped early, {self.evaluations:,} of {whole:,} "
            f"evaluations; {best}{over} was kept with probability {1 - self.error:.0%} or more"
        )


def race(
    candidates: Sequence[C],
    items: Sequence[T],
    score: Score[C, T],
    *,
    error: float = ERROR,
    rungs: Sequence[int] | None = None,
    keep: int = 1,
    span: float = SPAN,
    decide_on: int | None = None,
    known: Mapping[C, Sequence[float]] | None = None,
) -> Race[C]:
    """Score candidates on as many items as it takes to tell the `keep` best; the survivors on all.

    Args:
        candidates: each once; their order matters only between equals.
        items: in an order drawn at random after the candidates were made.
        score: one outcome an item, higher is better; None takes a failed candidate out.
        error, rungs, keep, span, decide_on, known: as of `Racing`.
    Raises:
        EvolutionError: the race cannot begin, or outcomes are not what it was told to expect.
    """
    racing = Racing(
        candidates,
        len(items),
        error=error,
        rungs=rungs,
        keep=keep,
        span=span,
        decide_on=decide_on,
        known=known,
    )
    while asked := racing.ask():
        for one in asked:
            outcomes = score(one.candidate, items[one.start : one.stop])
            if outcomes is None:
                racing.withdraw(one.candidate)
            else:
                racing.tell(one.candidate, outcomes)
    return racing.result()


def default_rungs(count: int) -> tuple[int, ...]:
    """8, 12, 16, 24, 32, 48, … and `count`: more rungs stop earlier, and cost no error but more calls of `score`."""
    return (*takewhile(lambda rung: rung < count, _doubling()), count)


def doubling_rungs(count: int) -> tuple[int, ...]:
    """8, 16, 32, … and `count`: half the calls of `default_rungs`, for a `score` that is dear to call.

    >>> doubling_rungs(50)
    (8, 16, 32, 50)
    """
    return (*takewhile(lambda rung: rung < count, (FIRST_RUNG << at for at in itertools.count())), count)


class Racing(Generic[C]):
    """A race whose loop the caller owns: what `ask` wants may be scored anywhere, in any order.

    Args:
        count: of items.
        error: probability, at most, that one of the best is stopped, for each of them.
        rungs: numbers of items after which candidates may be stopped; None is `default_rungs`.
        keep: how many of the best must survive.
        span: the most by which two outcomes of one item can differ; 1 where they are only right or wrong.
        decide_on: tests count only the first so many items, and promise the best over these; survivors are scored on
            the others too, and ordered by all. None is all.
        known: outcomes on the first items, by candidate; the race comes out as if they had been asked for.
    Raises:
        EvolutionError: these arguments make no race.
    """

    def __init__(
        self,
        candidates: Sequence[C],
        count: int,
        *,
        error: float = ERROR,
        rungs: Sequence[int] | None = None,
        keep: int = 1,
        span: float = SPAN,
        decide_on: int | None = None,
        known: Mapping[C, Sequence[float]] | None = None,
    ) -> None:
        self.candidates, self.count, self.error, self.keep, self.span = tuple(candidates), count, error, keep, span
        self.decide_on = count if decide_on is None else decide_on
        self._check()
        self.rungs = self._usable(default_rungs(self.decide_on) if rungs is None else rungs)
        self._outcomes: dict[C, list[float]] = {one: [] for one in self.candidates}
        for one, outcomes in (known or {}).items():
            if one in self._outcomes:
                self._take(one, outcomes)
        self._running = list(self.candidates)
        self._row = {one: row for row, one in enumerate(self.candidates)}
        self._stopped: dict[C, int] = {}  # after how many items
        self._failed: list[C] = []
        self._accounts = Accounts(len(self.candidates), self.decide_on, span)
        self._rung = 0
        self._evaluations = 0

    def ask(self) -> tuple[Needed[C], ...]:
        """What is to be scored next, all of one rung; nothing when the race is over."""
        while True:
            rung = self.rungs[self._rung]
            due = [(one, len(self._outcomes[one])) for one in self._running]
            if asked := tuple(Needed(one, seen, rung) for one, seen in due if seen < rung):
                return asked
            if rung == self.count or not self._running:
                return ()
            self._decide(rung)
            self._rung += 1

    def tell(self, candidate: C, outcomes: Sequence[float]) -> None:
        """The outcomes that were asked for, of one candidate.

        Raises:
            EvolutionError: nobody asked for so many, or they are no finite numbers.
        """
        wanted = {one.candidate: one.stop - one.start for one in self.ask()}
        if wanted.get(candidate) != len(outcomes):
            raise EvolutionError(
                f"A race was told {len(outcomes)} outcomes of a candidate where {wanted.get(candidate, 0)} were asked "
                "for; score exactly the items of ask()"
            )
        self._take(candidate, outcomes)
        self._evaluations += len(outcomes)

    def withdraw(self, candidate: C) -> None:
        """Take out a candidate that failed; the others race on, and the promise is about them."""
        if candidate in self._running:
            self._running.remove(candidate)
            self._failed.append(candidate)

    def result(self) -> Race[C]:
        """How it came out, once `ask` wants nothing."""
        assert not self.ask(), "the race is not over"
        average = [fmean(each) for each in zip(*(self._outcomes[one] for one in self._running), strict=True)]
        standings = [self._standing(one, average) for one in (*self._running, *self._stopped)]
        standings.sort(key=lambda one: (one.stopped, -one.estimate, self._row[one.candidate]))
        return Race(
            standings=tuple(standings),
            failed=tuple(sorted(self._failed, key=self._row.__getitem__)),
            items=self.count,
            decided_on=self.decide_on,
            evaluations=self._evaluations,
            keep=self.keep,
            error=self.error,
        )

    def _standing(self, candidate: C, average: Sequence[float]) -> Standing[C]:
        """Beside the survivors' average for each item; on its own where every survivor failed."""
        seen = self._stopped.get(candidate)
        own = tuple(self._outcomes[candidate][:seen])
        if seen is None or not average:
            return Standing(candidate, own, fmean(own), stopped=seen is not None)
        ahead = fmean(own) - fmean(average[:seen])
        return Standing(candidate, own, fmean(average) + ahead * self.decide_on / self.count, stopped=True)

    def _decide(self, rung: int) -> None:
        """Stop whom too much capital was won against, the worst first, as long as `keep` are left."""
        rows = [self._row[one] for one in self._running]
        values = np.array([self._outcomes[one][:rung] for one in self._running], dtype=np.float64)
        self._accounts.bet(rows, values)
        for one in self._failed:
            self._accounts.void(self._row[one])
        against = self._accounts.against(rows, spared=self.keep)
        doomed = [place for place in np.argsort(values.mean(axis=1), kind="stable") if against[place] >= 1 / self.error]
        for one in [self._running[place] for place in doomed[: max(len(rows) - self.keep, 0)]]:
            self._running.remove(one)
            self._stopped[one] = rung

    def _take(self, candidate: C, outcomes: Sequence[float]) -> None:
        known = self._outcomes[candidate]
        if len(known) + len(outcomes) > self.count or not all(math.isfinite(one) for one in outcomes):
            raise EvolutionError(f"Outcomes of a race must be finite numbers, at most {self.count} of a candidate")
        known.extend(float(one) for one in outcomes)

    def _usable(self, rungs: Sequence[int]) -> tuple[int, ...]:
        if any(later <= rung for rung, later in pairwise(rungs)) or min(rungs, default=1) < 1:
            raise EvolutionError("Rungs of a race must be numbers of items that grow, such as 8, 16, 32")
        return (*(rung for rung in rungs if rung < self.decide_on), self.count)

    def _check(self) -> None:
        if not self.candidates or len(set(self.candidates)) != len(self.candidates):
            raise EvolutionError("A race needs candidates, each once; name at least one")
        if self.count < 1 or not 1 <= self.decide_on <= self.count:
            raise EvolutionError("A race needs at least one item to decide on; add examples")
        if not 0 < self.error < 1 or self.keep < 1 or not 0 < self.span < math.inf:
            raise EvolutionError("A race needs an error between 0 and 1, keep of at least 1 and a span above 0")


def _doubling() -> Iterator[int]:
    rung = FIRST_RUNG
    while True:
        yield from (rung, rung + rung // 2)
        rung *= 2
