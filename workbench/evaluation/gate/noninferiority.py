"""Does the candidate lose less than the margin on a skill that is already held? Tango's test, made exact.

    supposed   the candidate loses `margin` or more          shown   score at −margin ≥ z*(n, margin, alpha)

    P(shown | loses exactly margin, share ψ of examples differs)
         1 % ┤ · · · ╱╲·╱╲╱╲·╱╲╱╲ · · ·   plain Tango, z = 2.326: up to 1.1 % for some ψ
             ┤    ╱╲╱                      z*: the least z whose highest point is at most alpha
           0 └──────────────────────── ψ

Tango's z is only nearly normal, and ψ is unknown. So z* comes from summing up the exact probability for every ψ: an
unconditional test in the sense of Hsueh, Liu & Chen 2001 (Biometrics 57:478). More than `margin` lost, or both adapters
near perfect, is then overlooked even less often. It does not know how often one skill is looked at: see `spending`.

>>> is_shown(Pairs(n=89, lost=0, won=0), margin=0.05, alpha=0.01)    # .95^89 > 1 %: even no loss at all is too few
False
"""

from __future__ import annotations

from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from workbench.evaluation.gate.paired_tests import Floats, Pairs, log_factorials, lower_bound, score

Ints = NDArray[np.int64]

DISCORDANCES = 120  # values of ψ that are tried; closer together near the margin, where the sum changes fastest
MORE_CLOSELY = 1_000  # to make sure of what was found with fewer
GUARD = 0.995  # of alpha is used: even between a thousand values the sum can be a little higher
BELOW = 0.25  # z* is searched from so much below the normal z
ROUNDS = 10  # halvings of the range of z: to 5e-4
STEP = 0.004


def is_shown(pairs: Pairs, margin: float, alpha: float) -> bool:
    """Whether a loss as large as the margin is ruled out, with at most `alpha` chance of overlooking one."""
    if pairs.n == 0:
        return False
    above = float(score(pairs.n, pairs.lost, pairs.won, -margin))
    return above >= _normal_z(alpha) - BELOW and above >= critical_z(pairs.n, margin, alpha)


def least_gain(pairs: Pairs, margin: float, alpha: float) -> float:
    """Lower bound of the true gain at 1 − alpha; above −margin exactly where `is_shown` says so."""
    return -1.0 if pairs.n == 0 else lower_bound(pairs, critical_z(pairs.n, margin, alpha))


@lru_cache(maxsize=4_096)
def critical_z(n: int, margin: float, alpha: float) -> float:
    """The least z at which no discordance lets a loss of `margin` pass with more than `alpha` chance."""
    low, high = _normal_z(alpha) - BELOW, _normal_z(alpha) + BELOW
    while worst_size(n, margin, high) > alpha:
        low, high = high, high + 0.5
    for _ in range(ROUNDS):
        middle = (low + high) / 2
        low, high = (middle, high) if worst_size(n, margin, middle) > alpha else (low, middle)
    while worst_size(n, margin, high, MORE_CLOSELY) > GUARD * alpha:
        high += STEP
    return high


def _normal_z(alpha: float) -> float:
    return -NormalDist().inv_cdf(alpha)


def worst_size(n: int, margin: float, z: float, discordances: int = DISCORDANCES) -> float:
    """The highest chance, over all shares of differing examples, that a loss of exactly `margin` passes at `z`."""
    root = np.linspace(0, 1, discordances)
    return float(sizes(n, margin, z, margin + (1 - margin) * root**2).max())


def sizes(n: int, margin: float, z: float, discordance: Floats) -> Floats:
    """For each share ψ ≥ margin of differing examples: the exact chance that a loss of `margin` passes at `z`.

    Given that d examples differ, the lost ones are Bin(d, π) with π = (ψ + margin) / 2ψ, and the test passes while at
    most k(d) of them are lost. From d − 1 to d, k rises by 0 or 1, so the distribution function F is a running sum:

        F(k; d) = F(k; d−1) − π f(k; d−1)          F(k+1; d) = F(k; d−1) + (1 − π) f(k+1; d−1)
    """
    psi = np.minimum(discordance, 1 - 1e-12)
    lost = np.minimum((psi + margin) / (2 * psi), 1 - 1e-12)  # π
    d, logs = np.arange(n + 1)[:, None], log_factorials(n)  # (n + 1, 1); the columns are those of ψ
    weights = np.exp(logs[n] - logs[d] - logs[n - d] + d * np.log(psi) + (n - d) * np.log1p(-psi))
    passing = np.cumsum(_rises(most_lost(n, margin, z), lost, logs), axis=0)
    total: Floats = np.sum(weights * passing, axis=0)
    return total


def _rises(most: Ints, lost: Floats, logs: Floats) -> Floats:
    """What F(k(d); d) has more than F(k(d − 1); d − 1), for every d (rows) and chance of a loss (columns)."""
    k, before = most[1:, None], most[:-1, None]
    d = np.arange(len(most) - 1)[:, None]  # d − 1 in the formula
    up = k > before
    first, all_pass, none_pass = up & (before < 0), up & (k > d), k < 0
    counted = np.clip(k, 0, d)
    pmf = np.exp(logs[d] - logs[counted] - logs[d - counted] + counted * np.log(lost) + (d - counted) * np.log1p(-lost))
    rises = np.where(up, (1 - lost) * pmf, -lost * pmf)
    rises = np.where(first, (1 - lost) * pmf, np.where(none_pass | (all_pass & ~first), 0.0, rises))
    return np.concatenate((np.full((1, len(lost)), float(most[0] == 0)), rises))


def most_lost(n: int, margin: float, z: float) -> Ints:
    """For each number d = 0..n of differing examples, how many may be lost while the test still passes; −1 for none."""
    low, high = np.full(n + 1, -1), np.arange(n + 1)  # the score falls as more of the d are lost
    d = np.arange(n + 1)
    while np.any(low < high):
        middle = (low + high + 1) // 2
        passes = score(n, middle, d - middle, -margin) >= z
        low, high = np.where(passes, middle, low), np.where(passes, high, middle - 1)
    return low
