"""A rule by its name, with what it keeps or drops: for commands and genomes, which know names and numbers alone.

    linear     Σ cᵢ ΔWᵢ, exact          ties     keeps a share of each parent's weights          dare     drops one

>>> isinstance(named_rule("linear"), Linear), named_rule("ties", share=0.3).density
(True, 0.3)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from workbench.adapters.adapter import Adapter
from workbench.adapters.merging.dare import Dare
from workbench.adapters.merging.linear import Linear
from workbench.adapters.merging.merge import Rule
from workbench.adapters.merging.ties import Ties

RuleName = Literal["linear", "ties", "dare"]
DROP = 0.5  # by DARE where nothing is said; the paper drops more, from adapters of higher rank


def named_rule(name: RuleName, *, share: float | None = None, seed: int = 0) -> Rule:
    """The rule of that name.

    Args:
        share: what TIES keeps, or what DARE drops, of each parent's weights; None is the rule's own default.
        seed: of what DARE drops.
    Raises:
        AdapterError: the share cannot be.
    """
    if name == "dare":
        import torch

        return Dare(DROP if share is None else share, torch.Generator().manual_seed(seed))
    if name == "ties":
        return Ties() if share is None else Ties(share)
    return Linear()


def usual_rank(name: RuleName, parents: Iterable[Adapter]) -> int | None:
    """The rank of a child where nothing is said: None, exact, for a sum; else the highest of the parents."""
    return None if name == "linear" else max(one.spec.rank for one in parents)
