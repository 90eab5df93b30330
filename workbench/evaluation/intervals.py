"""How sure a share of right answers is: a few questions leave a wide interval, and the interval must say so.

    centre ± half-width = [ p + z²/2n  ±  z · √( p(1−p)/n + z²/4n² ) ] / (1 + z²/n)          p = successes / n

The score interval of Wilson (1927, "Probable inference, the law of succession, and statistical inference", JASA 22,
209-212). Unlike p ± z·√(p(1−p)/n) it stays inside 0..1 and has width at 0 of n and n of n.

>>> wilson_interval(9, 10).low > 0.59
True
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple


class Interval(NamedTuple):
    """From `low` to `high`, both included."""

    low: float
    high: float


def wilson_interval(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """The interval that holds the true share in `confidence` of all such measurements.

    Args:
        successes: how many of the `n` came out right, 0..n.
        n: how many were tried; none tried leaves everything open, 0..1.
        confidence: above 0 and below 1.
    """
    assert 0 <= successes <= n, "successes count among the n tried"
    assert 0 < confidence < 1, "a confidence lies strictly between 0 and 1"
    if n == 0:
        return Interval(0.0, 1.0)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = successes / n
    centre = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # The ends are exact by algebra; clamping removes the last bit of rounding (-1e-17 at 0 of n).
    low = 0.0 if successes == 0 else (centre - half) / scale
    high = 1.0 if successes == n else (centre + half) / scale
    return Interval(low, high)
