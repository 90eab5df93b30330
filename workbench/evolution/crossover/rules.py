"""A blend that is merged by TIES or DARE: structure that no coefficients of a plain sum can express.

    blend(first, second)  ─►  rule = ties (share kept) │ dare (share dropped, seed)          share ~ U[.1, .9]

Both rules change weight by weight what a sum changes layer by layer: TIES leaves out those who disagree on a sign
(arXiv 2306.01708), DARE thins each parent so that fewer weights collide (arXiv 2311.03099). The share of a parent under
the same rule is handed on; of two, one between them.

>>> from workbench.evolution.genome import only
>>> child = crossed(only("aa"), only("bb"), fitness=(1, 1), groups=LayerGroups(30), rng=random.Random(0))
>>> child.rule in ("ties", "dare"), 0.1 <= child.share <= 0.9
(True, True)
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Literal

from workbench.adapters.merging import LayerGroups
from workbench.evolution.crossover import blend
from workbench.evolution.genome import Genome

SHARES = (0.1, 0.9)  # kept by TIES, dropped by DARE
SEEDS = 2**32
RULES: tuple[Literal["ties", "dare"], ...] = ("ties", "dare")


def crossed(
    first: Genome,
    second: Genome,
    *,
    fitness: tuple[float, float],
    groups: LayerGroups,
    rng: random.Random,
    alpha: float = blend.ALPHA,
    toward_fitter: bool = False,
) -> Genome:
    """A blend of both under one of the two rules; see `blend.crossed`."""
    child = blend.crossed(
        first, second, fitness=fitness, groups=groups, rng=rng, alpha=alpha, toward_fitter=toward_fitter
    )
    rule = rng.choice(RULES)
    known = [one.share for one in (first, second) if one.rule == rule and one.share is not None] or SHARES
    share = rng.uniform(min(known), max(known))
    return replace(child, rule=rule, share=share, seed=rng.randrange(SEEDS) if rule == "dare" else 0)
