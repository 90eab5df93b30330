"""CMA-ES over the coefficients: the covariance of good steps is learned (Hansen 2016, arXiv 1604.00772).

    x ~ m + σ · N(0, C)        m, σ, C from the ranks of the candidates told

By the library `cmaes` (Nomura & Shibata 2024, arXiv 2402.01373). It is told ranks instead of values, which changes
nothing, since CMA-ES uses no more than the order; so failed candidates and those that a race stopped have their place.
Until some candidate does better than another it stays where it began and draws on: where nobody is right yet and
nothing else is known, ranks would be those of numbers. When the search has closed in (σ small) it begins anew from the
best so far with a wider step.

>>> search = CmaSearch(("aa", "bb"), groups=3, seed=0)                  # doctest: +SKIP
>>> proposals = search.ask()                                            # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from workbench.core.errors import EvolutionError
from workbench.evolution.genome import Genome
from workbench.evolution.search import Proposal
from workbench.evolution.search.coefficients import genome_of
from workbench.evolution.trial import Trial, ranked

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZE = 12
FEWEST = 4  # below, one candidate is all that is learned from, and the rate of learning is 0/0
START, STEP = 0.3, 0.3  # of every coefficient: a sum of seven specialists at .3 still answers in sentences


class CmaSearch:
    """Candidates from a Gaussian that follows the best.

    Args:
        parents: identities of adapters.
        groups: columns of coefficients for each.
        size: candidates in a generation, at least FEWEST.
        start: where to begin; None is START everywhere.
        step: standard deviation of the first generation, in units of a coefficient.
        rank: the most a candidate may have; None keeps sums exact.
    Raises:
        EvolutionError: there are too few candidates to learn a covariance from, or fewer than two coefficients.
    """

    def __init__(
        self,
        parents: Sequence[str],
        *,
        groups: int,
        size: int = SIZE,
        seed: int = 0,
        start: Genome | None = None,
        step: float = STEP,
        rank: int | None = None,
    ) -> None:
        if size < FEWEST:
            raise EvolutionError(f"CMA-ES learns from at least {FEWEST} candidates in a generation; {size} are too few")
        self.parents, self.groups, self.size, self.rank = tuple(parents), groups, size, rank
        self._seed, self._step, self._restarts = seed, step, 0
        width = len(self.parents) * groups
        if width < 2:
            raise EvolutionError(
                "CMA-ES needs two coefficients, and one adapter at one depth has one; begin with more adapters, or set "
                "evolution.depths to 2 or more"
            )
        self._best: Trial | None = None
        self._moved = False
        self._engine = self._begun([START] * width if start is None else _vector(start, self.parents))
        self._asked: tuple[NDArray[Any], ...] | None = None

    is_over = False  # there is always another candidate

    def ask(self) -> tuple[Proposal, ...]:
        if self._asked is None:
            self._asked = tuple(self._engine.ask() for _ in range(self.size))
        return tuple(
            Proposal(genome_of(self.parents, vector.tolist(), groups=self.groups, rank=self.rank), "cma-es")
            for vector in self._asked
        )

    def tell(self, trials: Sequence[Trial]) -> None:
        vectors = [vector for vector, _ in zip(self._asked or (), trials, strict=True)]
        place = {one.number: rank for rank, one in enumerate(ranked(trials))}
        self._asked = None
        self._best = ranked([*trials, *([self._best] if self._best else [])])[0]
        self._moved = self._moved or not _all_equal(trials)
        if not self._moved:
            return
        self._engine.tell([(vector, float(place[one.number])) for vector, one in zip(vectors, trials, strict=True)])
        if self._engine.should_stop():
            self._restarts += 1
            self._engine = self._begun(_vector(self._best.genome, self.parents))

    def _begun(self, mean: Sequence[float]) -> Any:
        import numpy as np
        from cmaes import CMA

        return CMA(
            mean=np.asarray(mean, dtype=np.float64),
            sigma=self._step,
            population_size=self.size,
            seed=(self._seed + 7919 * self._restarts) % 2**32,
        )


def _all_equal(trials: Sequence[Trial]) -> bool:
    """Whether nothing tells them apart but their numbers."""
    return len({None if one.fitness is None else one.fitness.value for one in trials}) == 1


def _vector(genome: Genome, parents: Sequence[str]) -> list[float]:
    """Its coefficients in the order of `parents`; those it does not have are 0."""
    rows = dict(zip(genome.parents, genome.coefficients, strict=True))
    return [each for parent in parents for each in rows.get(parent, (0.0,) * genome.groups)]
