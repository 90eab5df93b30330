"""Random search over coefficients: Dirichlet weights times a log-uniform scale, a generation at a time.

    w ~ Dirichlet(1, …, 1) over parents, for each group      s ~ log-uniform[¼, 2]      c = s · w · parents

Bergstra & Bengio 2012 (JMLR 13:281) on why this is the baseline that a search must beat. It learns nothing.

>>> search = RandomSearch(("aa", "bb"), groups=3, size=4, seed=0)
>>> len(search.ask()), search.ask() == search.ask()
(4, True)
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from workbench.evolution.genome import Genome
from workbench.evolution.search import Proposal
from workbench.evolution.search.coefficients import genome_of
from workbench.evolution.trial import Trial

LOWEST, HIGHEST = 0.25, 2.0  # of the mean coefficient


class RandomSearch:
    """Candidates drawn from nothing but a seed.

    Args:
        parents: identities of adapters.
        groups: columns of coefficients for each.
        size: candidates in a generation.
        rank: the most a candidate may have; None keeps sums exact.
    """

    def __init__(
        self, parents: Sequence[str], *, groups: int, size: int = 12, seed: int = 0, rank: int | None = None
    ) -> None:
        self.parents, self.groups, self.size, self.seed, self.rank = tuple(parents), groups, size, seed, rank
        self._generation = 0

    is_over = False  # there is always another candidate

    def ask(self) -> tuple[Proposal, ...]:
        rng = random.Random(f"{self.seed} {self._generation}")
        return tuple(Proposal(self._drawn(rng), "random") for _ in range(self.size))

    def tell(self, trials: Sequence[Trial]) -> None:
        self._generation += 1

    def _drawn(self, rng: random.Random) -> Genome:
        scale = math.exp(rng.uniform(math.log(LOWEST), math.log(HIGHEST)))
        columns = [_simplex(rng, len(self.parents)) for _ in range(self.groups)]
        vector = [
            scale * len(self.parents) * columns[group][parent]
            for parent in range(len(self.parents))
            for group in range(self.groups)
        ]
        return genome_of(self.parents, vector, groups=self.groups, rank=self.rank)


def _simplex(rng: random.Random, n: int) -> list[float]:
    """A draw from Dirichlet(1, …, 1): exponential variables over their sum."""
    drawn = [rng.expovariate(1.0) for _ in range(n)]
    total = math.fsum(drawn)
    return [each / total for each in drawn]
