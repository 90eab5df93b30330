"""Who proposes the next candidates: each search asks and is told, in order, and knows nothing of weights.

    random       Dirichlet weights times a scale: what any other search must beat
    gradient     coefficients along a gradient path: where gold answers are known
    pairs        every two parents, then CMA-ES from the best: where only verdicts are
    cma          CMA-ES over the coefficients
    population   parents selected, crossed and mutated: several goals, diversity, structure

A search is rebuilt from its seed and the trials that it was told, so a run that was cut short goes on by telling it
the same trials again. Only the order of candidates reaches a search, never the size of a difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from workbench.evolution.genome import Genome
from workbench.evolution.trial import Trial

__all__ = ["Proposal", "Search"]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A candidate to try, and how it came about.

    Args:
        made_of: identities of the genomes it was made of.
        spent: example-evaluations that making it has cost, before any score.
    """

    genome: Genome
    operator: str
    made_of: tuple[str, ...] = ()
    spent: int = 0


class Search(Protocol):
    """Proposes generations."""

    @property
    def is_over(self) -> bool:
        """Whether it has nothing more to propose, whatever the budget."""
        ...

    def ask(self) -> tuple[Proposal, ...]:
        """The next generation; the same until it is told."""
        ...

    def tell(self, trials: Sequence[Trial]) -> None:
        """What came of the generation last asked for, one trial for each proposal, in its order."""
        ...
