"""A population becomes a better adapter: the caller owns the loop, asks for a generation and tells what came of it.

    evolution = Evolution(search, ledger, budget)
    while not evolution.is_over:
        generation = evolution.ask()                     # what to try
        evolution.tell(trier.tried(generation, evolution.trials))   # one trial for each proposal, in order
    evolution.champion

It decides nothing: who proposes is the search's, who survives the race the trier's. Each told generation is in the
ledger before `tell` returns; `spending.forecast` says in words what is left. Opened on a ledger that has trials, it
tells them to the search again, generation by generation, and stands where the earlier run stood; with a budget in
evaluations the champion is the same.

A generation that was cut short is asked for again, with the verdicts that the score cache has kept, and the lines that
are in the ledger already stay as they are. A lost trial that comes out otherwise when it is tried again, on another
kind of processor say, leads elsewhere: the later lines belong to a past that is not gone on with.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from workbench.core.errors import EvolutionError
from workbench.evolution.budget import Budget, Spending
from workbench.evolution.search import Proposal, Search
from workbench.evolution.trial import Trial, champion

log = logging.getLogger(__name__)


class Ledger(Protocol):
    """Where trials are kept."""

    def trials(self) -> tuple[Trial, ...]:
        """Those that count, each number once."""
        ...

    def append(self, trial: Trial) -> None:
        """Keep one more; where its number is there already, that one and all later ones no longer count."""
        ...


@dataclass(frozen=True, slots=True)
class Generation:
    """What to try next; `first` is the number of its first trial."""

    number: int
    first: int
    proposals: tuple[Proposal, ...]


class Evolution:
    """One run.

    Args:
        budget: no generation begins that would not fit in what is left, as the recent ones went.
    Raises:
        EvolutionError: the ledger holds another run's trials.
    """

    def __init__(self, search: Search, ledger: Ledger, budget: Budget) -> None:
        self.search, self.ledger, self.spending = search, ledger, Spending(budget)
        self.trials: tuple[Trial, ...] = ()
        self._generation = 0
        self._kept = {one.number: one for one in ledger.trials()}  # those that no search was told yet
        self._replay()

    @property
    def is_over(self) -> bool:
        """Whether the budget has no room for another generation, or the search nothing more to propose."""
        return self.search.is_over or not self.spending.fits()

    @property
    def champion(self) -> Trial:
        """The best candidate that was scored on every example.

        Raises:
            EvolutionError: there is none yet.
        """
        return champion(self.trials)

    def ask(self) -> Generation:
        """The next generation; the same until it is told."""
        return Generation(self._generation, len(self.trials), self.search.ask())

    def tell(self, trials: Iterable[Trial]) -> None:
        """Keep what came of the generation asked for.

        Raises:
            EvolutionError: it is not that generation's trials; nothing was kept.
            StoreError: the ledger could not be written; what it has is kept, and the generation is asked for again.
        """
        told = tuple(self._kept.get(one.number, one) for one in trials)
        self._check(told, self.ask())
        for one in told:
            if one.number not in self._kept:
                self.ledger.append(one)
                self._kept[one.number] = one
        self._take(told)
        self._replay()

    def _take(self, told: Sequence[Trial]) -> None:
        self.search.tell(told)
        self.trials += tuple(told)
        self.spending = self.spending.after(
            evaluations=sum(one.evaluations for one in told), seconds=sum(one.seconds for one in told)
        )
        for one in told:
            self._kept.pop(one.number, None)
        self._generation += 1

    def _replay(self) -> None:
        """Tell the search what the ledger has, up to the first generation that is not whole."""
        while self._kept:
            asked = self.ask()
            numbers = range(asked.first, asked.first + len(asked.proposals))
            told = tuple(self._kept[number] for number in numbers if number in self._kept)
            if asked.number and any(not _is_of(one, asked) for one in told):
                log.warning("From trial %d on the ledger tells another past; it is tried anew from there", asked.first)
                self._kept.clear()
                return
            for one in told:
                self._check_one(one, asked)
            if len(told) < len(asked.proposals):
                return
            self._take(told)

    def _check(self, told: Sequence[Trial], asked: Generation) -> None:
        if [one.number - asked.first for one in told] != list(range(len(asked.proposals))):
            raise EvolutionError(f"Tell one trial for each proposal of generation {asked.number}, in their order")
        for one in told:
            self._check_one(one, asked)

    @staticmethod
    def _check_one(one: Trial, asked: Generation) -> None:
        if not _is_of(one, asked):
            raise EvolutionError(
                f"Trial {one.number} is not what generation {asked.number} proposed; begin a new run in another folder"
            )


def _is_of(one: Trial, asked: Generation) -> bool:
    return one.genome == asked.proposals[one.number - asked.first].genome
