"""In which order a generation meets the examples: those that say something about candidates first, the settled last.

    earlier candidates' outcomes      1 1 1 1      0 1 0 1      (never seen)      0 0 0 0
                                      settled        open          open           settled
    order        open, shuffled  ──────────────────────────────►  settled, shuffled
                 + some of the settled, drawn by lot

An item on which all earlier candidates agree has variance 0 (p(1 − p) of right or wrong, or of the graded outcome), and
costs evaluations without telling candidates apart. What such an order can promise, and what not:

* A race that decides on the `open` items keeps its promise about the best over *these*: inside they are shuffled
  uniformly, afresh for each generation, and nothing in the order depends on the candidates that race.
* It is the best over all items as far as settled items stay settled. A candidate that solves what nobody solved, or
  forgets what everybody knew, differs exactly there; it may be stopped before that is seen. A share of the settled is
  therefore open again in each generation, so that every item comes back; and survivors are scored on all.
* A mean over the first items is a mean over the disputed ones: no estimate of the share right over all. Differences of
  candidates are larger there than over all.
* `telling_first` sorts the open ones too. It makes simulated races 7.5 to 13 % cheaper in the median (`python
  benchmarks/racing.py`), and it voids the promise: what comes first is no sample of the rest.

It does not know candidates or models, and draws from the generator it is given.

>>> from workbench.core.examples import example
>>> some = [example("1 + 1?", "2"), example("2 + 2?", "4"), example("3 + 3?", "6")]
>>> seen = {some[0].id: [1.0] * 6, some[1].id: [0.0, 1.0] * 3}
>>> found = order(some, seen, random.Random(0), reopened=0.0)
>>> found.open, found.places[-1]
(2, 0)
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import pvariance
from typing import TypeVar

from workbench.core.errors import EvolutionError
from workbench.core.examples import Example

T = TypeVar("T")

WITNESSES = 6  # candidates that must have seen an item before it can be settled
AGREEMENT = 0.1  # outcomes no further apart than this agree
REOPENED = 1 / 8  # of the settled, each generation
Seen = Mapping[str, Sequence[float]]  # example id → outcomes of earlier candidates, in any order


@dataclass(frozen=True, slots=True)
class Order:
    """An order for one generation, the same for all its candidates.

    Args:
        places: a permutation of the examples' places.
        open: how many at its beginning a race may decide on.
    """

    places: tuple[int, ...]
    open: int

    def of(self, things: Sequence[T]) -> tuple[T, ...]:
        """Examples, or whatever stands in their order, in this one."""
        return tuple(things[place] for place in self.places)


def information(outcomes: Sequence[float]) -> float | None:
    """Variance of what candidates got on one item: p(1 − p) where they are right or wrong; None where nobody saw it."""
    return pvariance(outcomes) if outcomes else None


def is_settled(outcomes: Sequence[float], *, witnesses: int = WITNESSES, agreement: float = AGREEMENT) -> bool:
    """Whether enough candidates saw an item, and none differed from another by more than `agreement`."""
    return len(outcomes) >= witnesses and max(outcomes) - min(outcomes) <= agreement + 1e-9


def order(
    examples: Sequence[Example],
    seen: Seen,
    rng: random.Random,
    *,
    witnesses: int = WITNESSES,
    agreement: float = AGREEMENT,
    reopened: float = REOPENED,
    telling_first: bool = False,
) -> Order:
    """The order of a generation, drawn after its candidates were made.

    Args:
        seen: outcomes of earlier candidates by example id; recent ones, if populations change.
        witnesses, agreement: when an item is settled.
        reopened: share of the settled that is open again this time, at least one if there are any; 0 is none.
        telling_first: open items in tiers instead of shuffled: unknown ones, then by falling information; each tier
            spread over the skills.
    Raises:
        EvolutionError: there are no examples, or a share is none.
    """
    if not examples:
        raise EvolutionError("There are no examples to put in order; give at least one")
    if not 0 <= reopened <= 1 or witnesses < 1 or agreement < 0:
        raise EvolutionError("Give a share of 0 to 1 to open again, at least 1 witness and an agreement of 0 or more")
    shuffled = rng.sample(range(len(examples)), len(examples))
    outcomes = [seen.get(one.id, ()) for one in examples]
    settled = [at for at in shuffled if is_settled(outcomes[at], witnesses=witnesses, agreement=agreement)]
    back = set(rng.sample(settled, math.ceil(reopened * len(settled))))
    last = [at for at in settled if at not in back]
    first = [at for at in shuffled if at not in set(last)]
    if telling_first:
        first = _telling(first, examples, outcomes)
    return Order((*first, *last), len(first) or len(last))


def _telling(places: Sequence[int], examples: Sequence[Example], outcomes: Sequence[Sequence[float]]) -> list[int]:
    """Unknown items as they come, then known ones by falling information; skills evenly spread in both."""
    said = {at: information(outcomes[at]) for at in places}
    unknown = [at for at in places if said[at] is None]
    known = sorted((at for at in places if said[at] is not None), key=lambda at: -(said[at] or 0.0))
    return [*_spread(unknown, examples), *_spread(known, examples)]


def _spread(places: Sequence[int], examples: Sequence[Example]) -> list[int]:
    """Skills in proportion over the whole length, each in its own order."""
    by_skill: dict[str, list[int]] = defaultdict(list)
    for at in places:
        by_skill[examples[at].skill].append(at)
    due = (((rank + 0.5) / len(own), at) for own in by_skill.values() for rank, at in enumerate(own))
    return [at for _, at in sorted(due, key=lambda one: one[0])]
