"""Who came from whom: the family tree of a run, from its trials alone, as plain records for plots and reports.

    trials ─► births: the first trial of each genome ─► edges (child, parent, operator) ─► ancestors, path

    generation 0      aa   bb   cc
                        ╲ ╱     │          path of the champion ee: the better parent at each step, bb ─► dd ─► ee
    generation 1         dd     │
                           ╲   ╱
    generation 2            ee

A genome is born once: tried again, it keeps its first parents, and a parent is always older than its child, so there is
no circle. A parent whose line was lost has no edge until it is tried again. It reads no file and draws nothing.

>>> [one.operator for one in champion_path(ledger.trials())]             # doctest: +SKIP
['seed', 'blend', 'noise']
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from workbench.core.errors import EvolutionError
from workbench.evolution.trial import Trial, champion, ranked


class Edge(NamedTuple):
    """A child, one of the genomes it was made of (identities), and what made it."""

    child: str
    parent: str
    operator: str


def births(trials: Sequence[Trial]) -> dict[str, Trial]:
    """The first trial of each genome, by its identity, oldest first."""
    found: dict[str, Trial] = {}
    for one in sorted(trials, key=lambda trial: trial.number):
        found.setdefault(one.genome.identity, one)
    return found


def generations(trials: Sequence[Trial]) -> dict[int, tuple[Trial, ...]]:
    """Trials by generation, both in order."""
    ordered = sorted(trials, key=lambda trial: (trial.generation, trial.number))
    return {number: tuple(some) for number, some in groupby(ordered, key=lambda trial: trial.generation)}


def edges(trials: Sequence[Trial]) -> tuple[Edge, ...]:
    """Every child with every parent, in the order of birth."""
    born = births(trials)
    return tuple(Edge(child, parent, one.operator) for child, one in born.items() for parent in _parents(one, born))


def ancestors(trials: Sequence[Trial], identity: str) -> tuple[Trial, ...]:
    """Births of everything that a genome came from, oldest first, without itself.

    Raises:
        EvolutionError: no such genome was tried.
    """
    born = births(trials)
    found: dict[str, Trial] = {}
    left = list(_parents(_birth(born, identity), born))
    while left:
        parent = left.pop()
        if parent not in found:
            found[parent] = born[parent]
            left.extend(_parents(born[parent], born))
    return tuple(sorted(found.values(), key=lambda one: one.number))


def path(trials: Sequence[Trial], identity: str) -> tuple[Trial, ...]:
    """One line of descent, oldest first: from the genome back to its best parent, to that one's, to one that has none.

    Raises:
        EvolutionError: no such genome was tried.
    """
    born = births(trials)
    line = [_birth(born, identity)]
    while parents := [born[parent] for parent in _parents(line[-1], born)]:
        line.append(ranked(parents)[0])
    return tuple(reversed(line))


def champion_path(trials: Sequence[Trial]) -> tuple[Trial, ...]:
    """The path of the best candidate that was scored on every example.

    Raises:
        EvolutionError: there is none yet.
    """
    return path(trials, champion(trials).genome.identity)


def _birth(born: Mapping[str, Trial], identity: str) -> Trial:
    if identity not in born:
        raise EvolutionError(f"No genome {identity[:12]} was tried in this run; take one of its trials")
    return born[identity]


def _parents(child: Trial, born: Mapping[str, Trial]) -> tuple[str, ...]:
    """Each once; only those that were born before."""
    return tuple(
        parent for parent in dict.fromkeys(child.made_of) if parent in born and born[parent].number < child.number
    )
