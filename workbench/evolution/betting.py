"""Capital won by betting that one candidate is worse than another over all items, from the items seen so far.

Before every item, an account of capital 1 bets that b does not make up for its arrears to j. Let S be the sum of b's
differences to j over the i items seen. If b were as good as j over all N, those to come would average at least
μ = −S / (N − i), and the capital

    K ← K · (1 + c · (μ − d) / (span − μ))           0 < c < 1, d = b's outcome − j's, at most `span`

could not be expected to grow (Waudby-Smith & Ramdas 2020 and 2024: betting, sampling without replacement). It does not
know what a candidate or an item is, nor who is stopped.

>>> accounts = Accounts(2, 8, span=1.0)
>>> accounts.bet([0, 1], np.array([[1.0] * 6, [0.0] * 6]))
>>> [bool(each > 20) for each in accounts.against([0, 1], spared=1)]
[False, True]
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import EvolutionError

Floats = NDArray[np.float64]

SHARES = np.array([0.5, 0.75, 0.9, 0.99])  # c: of what an account could lose on one item; equal parts of it bet each
MOST_LOG = 600.0  # a capital of e^600 is proof enough, and still a float


class Accounts:
    """Capital won by betting, for each pair, that the one is worse than the other over all items.

    Args:
        size: of the field.
        count: of items to decide on.
        span: the most by which two outcomes of one item can differ.
    """

    def __init__(self, size: int, count: int, span: float) -> None:
        self.count, self.span, self.seen = count, span, 0
        self.sums = np.zeros((size, size))
        self.logs = np.zeros((len(SHARES), size, size))
        self.lost = np.zeros((size, size), dtype=bool)  # could not catch up any more

    def bet(self, rows: Sequence[int], values: Floats) -> None:
        """Go through the items that are new.

        Args:
            rows: of the candidates still running.
            values: their outcomes from the first item on, (len(rows), items).
        """
        new, pairs = values[:, self.seen :], np.ix_(rows, rows)
        differences = new[:, None, :] - new[None, :, :]  # (rows, rows, new items)
        if (widest := float(np.abs(differences).max(initial=0.0))) > self.span + 1e-9:
            raise EvolutionError(
                f"Two outcomes of one item differ by {widest:.3g}, more than the span of {self.span:g}; give the race "
                "the widest difference there can be"
            )
        after = self.sums[pairs][:, :, None] + np.cumsum(differences, axis=2)
        left = self.count - np.arange(self.seen, values.shape[1])
        expected = -(after - differences) / left  # μ, before each item
        odds = np.maximum((expected - differences) / np.maximum(self.span - expected, 1e-9), -1.0)
        for share, logs in zip(SHARES, self.logs, strict=True):
            logs[pairs] += np.log1p(share * odds).sum(axis=2)
        self.sums[pairs] += differences.sum(axis=2)
        self.seen = values.shape[1]
        self.lost[pairs] |= self.sums[pairs] + (self.count - self.seen) * self.span < -1e-9

    def against(self, rows: Sequence[int], *, spared: int) -> Floats:
        """Of each row, the mean over its accounts but the `spared` − 1 fullest."""
        capital: Floats = np.exp(np.minimum(self.logs, MOST_LOG)).mean(axis=0)
        capital[self.lost] = math.exp(MOST_LOG)
        np.fill_diagonal(capital, 0.0)  # sorts first, and adds nothing
        counted = len(capital) - spared
        if counted < 1:
            return np.zeros(len(rows))
        sums: Floats = np.sort(capital[list(rows)], axis=1)[:, : counted + 1].sum(axis=1)
        return sums / counted

    def void(self, row: int) -> None:
        """Nothing won against a rival that failed counts any more."""
        self.logs[:, :, row] = -np.inf
        self.lost[:, row] = False
