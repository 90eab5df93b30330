"""What is there already is tried first, as it is; then another search takes over.

    generation 0     the seeds: specialists, known champions        generation 1, 2, …     whatever the search proposes

So no run ends below its best seed, and its report can say what the seeds did on the same examples.

>>> search = Seeded((only("aa"), only("bb")), RandomSearch(("aa", "bb"), groups=1, size=3))     # doctest: +SKIP
>>> len(search.ask())                                                                          # doctest: +SKIP
2
"""

from __future__ import annotations

from collections.abc import Sequence

from workbench.core.errors import EvolutionError
from workbench.evolution.genome import Genome
from workbench.evolution.search import Proposal, Search
from workbench.evolution.trial import Trial

SEED = "seed"  # the operator of what was there already


class Seeded:
    """A search with a first generation of its own, of which the other is not told.

    Raises:
        EvolutionError: there is no seed.
    """

    def __init__(self, seeds: Sequence[Genome], search: Search) -> None:
        if not seeds:
            raise EvolutionError("A run needs at least one adapter to begin with; train one: workbench train")
        self.search = search
        self._first = tuple(Proposal(one, SEED) for one in dict.fromkeys(seeds))
        self._begun = False

    @property
    def is_over(self) -> bool:
        return self._begun and self.search.is_over

    def ask(self) -> tuple[Proposal, ...]:
        return self.search.ask() if self._begun else self._first

    def tell(self, trials: Sequence[Trial]) -> None:
        if self._begun:
            self.search.tell(trials)
        self._begun = True
