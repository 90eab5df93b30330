"""Two adapters on the same examples: is one better, and by how much? The paired tests that the gate stands on.

                        candidate right   candidate wrong
    incumbent right         (tie)             lost
    incumbent wrong          won             (tie)            gain = (won − lost) / n

    exact McNemar   p = P(Bin(won + lost, ½) ≥ won)                                       (McNemar 1947, one-sided)
    Tango's score   z = (won − lost − nδ) / √( n (2q̃ + δ(1 − δ)) )                        (Tango 1998, eq. 7 and 8)

q̃ is the likeliest share of lost examples if the true gain were δ. Of the ways to bound a difference of paired shares,
Tango's holds its level when almost nothing differs, where √(discordance/n) claims certainty. `sign_flip` is McNemar's
test for graded scores. Nothing here knows of skills, looks or adapters; all functions take arrays as well as numbers.

>>> seen = Pairs(n=60, lost=2, won=11)
>>> round(seen.gain, 2), round(mcnemar(seen), 4)
(0.15, 0.0112)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.evaluation.intervals import Interval

Floats = NDArray[np.float64]
EXACT_FLIPS = 16  # up to 2^16 sign patterns are all counted


@dataclass(frozen=True, slots=True)
class Pairs:
    """How many examples both adapters answered, and on how many only one of them was right."""

    n: int = 0
    lost: int = 0  # only the incumbent was right
    won: int = 0  # only the candidate was right

    def __post_init__(self) -> None:
        assert min(self.lost, self.won) >= 0, "counts are never below 0"
        assert self.lost + self.won <= self.n, "lost and won are among the n"

    def __add__(self, other: Pairs) -> Pairs:
        return Pairs(self.n + other.n, self.lost + other.lost, self.won + other.won)

    @property
    def gain(self) -> float:
        """Share of right answers, candidate minus incumbent, −1..1; 0 where nothing was answered."""
        return (self.won - self.lost) / self.n if self.n else 0.0

    @property
    def differing(self) -> int:
        """Examples on which exactly one of the two was right."""
        return self.won + self.lost


def mcnemar(pairs: Pairs) -> float:
    """Chance of winning at least so many of the differing examples if neither were better; 1 where none differ."""
    return binomial_tail(pairs.differing, pairs.won)


def binomial_tail(n: int, k: int) -> float:
    """P(Bin(n, ½) ≥ k), summed from the far end, so small ones are right to eleven digits."""
    return min(float(_tails(n)[max(k, 0)]), 1.0)


@lru_cache(maxsize=65_536)
def critical_count(differing: int, alpha: float) -> int:
    """The least number of wins among `differing` examples that is significant at `alpha`; differing + 1 if none is."""
    return int(np.argmax(_tails(differing) <= alpha))


@lru_cache(maxsize=1_024)
def _tails(n: int) -> Floats:
    """P(Bin(n, ½) ≥ k) for k = 0, 1, … n + 1."""
    logs, k = log_factorials(n), np.arange(n, -1, -1)
    terms = np.exp(logs[n] - logs[k] - logs[n - k] - n * math.log(2))
    return np.append(np.cumsum(terms)[::-1], 0.0)


@lru_cache(maxsize=64)
def log_factorials(n: int) -> Floats:
    """ln 0!, ln 1!, … ln n!"""
    return np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, n + 1)))))


def sign_flip(differences: Sequence[float], *, draws: int = 20_000, seed: int = 0) -> float:
    """One-sided p-value of "no gain" for graded scores: how often random signs give as large a sum.

    Args:
        differences: candidate minus incumbent, one for each example; zeros say nothing and are left out.
        draws: random sign patterns, where there are too many to count them all.
        seed: of those draws, so that a verdict can be repeated.

    Returns:
        Exact for up to 16 non-zero differences, else (1 + hits) / (1 + draws), which is never too small.
    """
    sizes = np.abs(np.asarray([one for one in differences if one != 0], dtype=np.float64))
    reached = float(np.sum(differences)) - 1e-9 * float(sizes.sum())  # equal sums must count, whatever their rounding
    if len(sizes) <= EXACT_FLIPS:
        patterns = (np.arange(2 ** len(sizes))[:, None] >> np.arange(len(sizes))) & 1
        return float(np.mean((2 * patterns - 1) @ sizes >= reached))
    rng = np.random.default_rng(seed)
    sums = np.concatenate([_flipped(rng, sizes, some) for some in _chunks(draws, 1_000)])
    return (1 + int(np.sum(sums >= reached))) / (1 + draws)


def _flipped(rng: np.random.Generator, sizes: Floats, draws: int) -> Floats:
    sums: Floats = rng.choice((-1.0, 1.0), size=(draws, len(sizes))) @ sizes
    return sums


def _chunks(total: int, most: int) -> list[int]:
    return [most] * (total // most) + ([total % most] if total % most else [])


def score(n: Any, lost: Any, won: Any, gain: Any) -> Any:
    """Tango's z: how many standard errors the measured gain lies above a supposed one; arrays broadcast."""
    share = supposed_lost(n, lost, won, gain)
    variance = n * (2 * share + gain * (1 - gain))
    above = won - lost - n * gain
    # Without variance there is no distance where nothing differs from what is supposed, and else no end to it.
    sure = np.where(above > 0, np.inf, np.where(above < 0, -np.inf, 0.0))
    return np.where(variance > 0, above / np.sqrt(np.where(variance > 0, variance, 1.0)), sure)


def supposed_lost(n: Any, lost: Any, won: Any, gain: Any) -> Any:
    """The likeliest share of examples lost, given that the true gain is `gain` (Tango 1998, eq. 8: the larger root)."""
    half = -won - lost + (2 * n - won + lost) * gain
    below = -lost * gain * (1 - gain)
    share = (np.sqrt(np.maximum(half * half - 8 * n * below, 0)) - half) / (4 * n)
    return np.maximum(share, np.maximum(0.0, -gain))  # rounding may take it below what both shares allow


def gain_interval(pairs: Pairs, confidence: float = 0.95) -> Interval:
    """Tango's two-sided score interval of the true gain; none answered leaves everything open, −1..1."""
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    return Interval(lower_bound(pairs, z), upper_bound(pairs, z))


def lower_bound(pairs: Pairs, z: float) -> float:
    """The gain from which the measured one lies `z` standard errors above."""
    return _root(pairs, lambda gain: _score(pairs, gain) > z, -1.0, pairs.gain)


def upper_bound(pairs: Pairs, z: float) -> float:
    """The gain from which the measured one lies `z` standard errors below."""
    return _root(pairs, lambda gain: _score(pairs, gain) >= -z, pairs.gain, 1.0)


def _score(pairs: Pairs, gain: float) -> float:
    return float(score(pairs.n, pairs.lost, pairs.won, gain))


def _root(pairs: Pairs, is_below: Callable[[float], bool], low: float, high: float) -> float:
    """Where the falling score crosses, by halving; the ends stand where it does not cross inside."""
    if pairs.n == 0:
        return low if low == -1.0 else high
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if is_below(middle) else (low, middle)
    return high
