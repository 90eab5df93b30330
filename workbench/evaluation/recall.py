"""How much of the evidence a recall finds, without a model and without a judge.

    any@k      is at least one piece of evidence among the first k?
    frac@k     what fraction of the evidence is among the first k?
    budget B   what fraction lies within the best-ranked texts that add up to B tokens?      len(text) // 4 + 1 each

Each figure is a mean over questions. A question says which memories hold its evidence; what ranks them is handed in.

>>> found = recalled_evidence(ranked=["a", "b", "c"], lengths=[10, 10, 10], evidence={"b", "z"})
>>> found.any_at[5], found.share_at[10], found.share_within[400]
(True, 0.5, 0.5)
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import fmean

RANKS = (5, 10)
BUDGETS = (400, 1_000)


@dataclass(frozen=True, slots=True)
class FoundEvidence:
    """What one question's ranking found."""

    any_at: Mapping[int, bool]
    share_at: Mapping[int, float]
    share_within: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class RecallScore:
    """Means over questions."""

    questions: int
    any_at_5: float
    any_at_10: float
    share_at_10: float
    within_400: float
    within_1000: float


def recalled_evidence(ranked: Sequence[str], lengths: Sequence[int], evidence: Collection[str]) -> FoundEvidence:
    """What a ranking finds of the evidence.

    Args:
        ranked: memory ids, best first.
        lengths: tokens of each ranked text.
        evidence: ids that hold the answer; one that was not ranked counts as not found.
    """
    rank = {name: place for place, name in enumerate(ranked)}
    places = [rank.get(name, len(ranked)) for name in evidence]
    filled = [*accumulate(lengths), float("inf")]  # tokens up to and including each rank
    return FoundEvidence(
        {k: any(place < k for place in places if place < len(ranked)) for k in RANKS},
        {k: fmean(place < min(k, len(ranked)) for place in places) for k in RANKS},
        {budget: fmean(filled[place] <= budget for place in places) for budget in BUDGETS},
    )


def recall_score(found: Sequence[FoundEvidence]) -> RecallScore:
    """The means over all questions; at least one is needed."""
    return RecallScore(
        len(found),
        round(fmean(one.any_at[5] for one in found), 4),
        round(fmean(one.any_at[10] for one in found), 4),
        round(fmean(one.share_at[10] for one in found), 4),
        round(fmean(one.share_within[400] for one in found), 4),
        round(fmean(one.share_within[1_000] for one in found), 4),
    )
