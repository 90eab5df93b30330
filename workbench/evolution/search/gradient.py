"""Coefficients along a gradient path: one generation, and the race says where on the path to stop.

    examples with gold answers ─► path of coefficients ─► its places are the generation ─► the best of them

Twenty-four coefficients have a gradient like any weight, so a dozen steps replace a hundred blind candidates. Who walks
the path is handed in: the search knows neither weights nor examples. It is walked when first asked for, and charged to
the first candidate: a step over an example, forward and back, is three evaluations.

>>> search = GradientSearch(("aa", "bb"), lambda: [((0.9,), (0.1,))], groups=1, spent=96)
>>> search.ask()[0].genome.coefficients, search.ask()[0].spent
(((0.9,), (0.1,)), 96)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain

from workbench.evolution.search import Proposal
from workbench.evolution.search.coefficients import genome_of
from workbench.evolution.trial import Trial

STEP_EVALUATIONS = 3  # of an example: forward is one, back about two
Rows = tuple[tuple[float, ...], ...]


class GradientSearch:
    """A generation of places on one path.

    Args:
        parents: identities of adapters, in the order of the rows.
        path: coefficients along the way, the end last; the same each time it is called.
        groups: columns of coefficients for each.
        spent: evaluations that walking the path takes.
        rank: the most a candidate may have; None keeps sums exact.
    """

    def __init__(
        self,
        parents: Sequence[str],
        path: Callable[[], Sequence[Rows]],
        *,
        groups: int,
        spent: int,
        rank: int | None = None,
    ) -> None:
        self.parents, self.groups, self.spent, self.rank = tuple(parents), groups, spent, rank
        self._path = path
        self._walked: tuple[Rows, ...] | None = None
        self.is_over = False

    def ask(self) -> tuple[Proposal, ...]:
        if self._walked is None:
            self._walked = tuple(dict.fromkeys(self._path()))
        genomes = [
            genome_of(self.parents, list(chain.from_iterable(rows)), groups=self.groups, rank=self.rank)
            for rows in self._walked
        ]
        return tuple(Proposal(one, "gradient", spent=0 if at else self.spent) for at, one in enumerate(genomes))

    def tell(self, trials: Sequence[Trial]) -> None:
        self.is_over = True
