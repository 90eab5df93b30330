"""Every two parents first, as a plain sum; then another search goes on from the best of them.

    generation 1     .8 · a + .8 · b for every two parents        generation 2, 3, …     the other search, begun there

Where of an answer only right or wrong is known, a search that begins anywhere sees nothing: nobody is right, and all
candidates are equal. What joins two skills is often near the sum of two specialists, and there are few pairs: 28 of
eight. One right answer among them says where to begin (docs/design/0018).

>>> [one.genome.parents for one in PairsFirst(("aa", "bb", "cc"), lambda start: ..., groups=1).ask()]
[('aa', 'bb'), ('aa', 'cc'), ('bb', 'cc')]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

from workbench.core.errors import EvolutionError
from workbench.evolution.genome import Genome
from workbench.evolution.search import Proposal, Search
from workbench.evolution.trial import Trial, ranked

WEIGHT = 0.8  # of both


class PairsFirst:
    """A search whose first generation is all pairs.

    Args:
        parents: identities of at least two adapters.
        then: makes the search that goes on, from where it should begin; None where no pair had anything right.
        groups: columns of coefficients for each.
        rank: the most a candidate may have; None keeps sums exact.
    Raises:
        EvolutionError: there is no pair.
    """

    def __init__(
        self,
        parents: Sequence[str],
        then: Callable[[Genome | None], Search],
        *,
        groups: int,
        rank: int | None = None,
    ) -> None:
        if len(parents) < 2:
            raise EvolutionError("Pairs need two adapters; begin with more, or set evolution.search to random")
        self._pairs = tuple(
            Proposal(Genome(pair, ((WEIGHT,) * groups,) * 2, rank=rank), "pair")
            for pair in combinations(tuple(parents), 2)
        )
        self._then = then
        self._search: Search | None = None

    @property
    def is_over(self) -> bool:
        return self._search is not None and self._search.is_over

    def ask(self) -> tuple[Proposal, ...]:
        return self._pairs if self._search is None else self._search.ask()

    def tell(self, trials: Sequence[Trial]) -> None:
        if self._search is not None:
            self._search.tell(trials)
            return
        best = ranked(trials)[0]
        begun = best.fitness is not None and best.fitness.share > 0
        self._search = self._then(best.genome if begun else None)


def pairs_of(parents: int) -> int:
    """How many there are.

    >>> pairs_of(8)
    28
    """
    return parents * (parents - 1) // 2
