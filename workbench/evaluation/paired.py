"""Is one way of answering better than another, on the same questions?

    p = 2 · Σ_{k ≤ min(a,b)} C(a+b, k) / 2^(a+b), at most 1          a: only the first was right, b: only the second

Questions that both get right, or both get wrong, say nothing about the difference; the exact sign test on the rest
(McNemar 1947, in its binomial form) sees more than two overlapping intervals do.

>>> sign_test(6, 0)
0.03125
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from workbench.evaluation.answering import AnswerScore


@dataclass(frozen=True, slots=True)
class Paired:
    """How two scores differ on the same questions; `p_value` of "neither is better"."""

    both: int
    only_first: int
    only_second: int
    neither: int

    @property
    def p_value(self) -> float:
        return sign_test(self.only_first, self.only_second)


def compare(first: AnswerScore, second: AnswerScore) -> Paired:
    """Count the questions by who was right."""
    pairs = [(one.correct, other.correct) for one, other in zip(first.outcomes, second.outcomes, strict=True)]
    same = all(a.question == b.question for a, b in zip(first.outcomes, second.outcomes, strict=True))
    assert same, "a paired comparison needs the same questions in the same order"
    return Paired(*(pairs.count(case) for case in ((True, True), (True, False), (False, True), (False, False))))


def sign_test(only_first: int, only_second: int) -> float:
    """Two-sided exact p-value; 1 where the two never differ."""
    n = only_first + only_second
    tail = sum(math.comb(n, k) for k in range(min(only_first, only_second) + 1))
    return min(1.0, 2 * tail * 0.5**n)
