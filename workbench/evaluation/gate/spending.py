"""How much error each look may spend, so that looking often does not promote by luck.

    alpha_k = alpha · 6 / (π² k²)      k = 1, 2, 3, …      Σ alpha_k = alpha      .0304, .0076, .0034, … of .05
    look k is significant where  p ≤ alpha_k · e           p: of its fresh examples alone

Every look at a challenger of the same incumbent draws the next alpha_k, whoever the challenger is. What a candidate
showed in its earlier looks is not tested again but weighs the level of its next one: e is 1 at the first look, large
after a promising one, below 1 after a poor one. Each e is an e-value, of mean 1 at most where there is no gain, hence

    P₀(p ≤ alpha_k e) ≤ E₀[alpha_k e] ≤ alpha_k              (e-values as weights: Ignatiadis, Wang & Ramdas 2024)

holds even where the number of new examples was chosen by looking at the old ones, as "318 more are needed" invites.
A boundary on the added-up counts would not survive that. Nothing here knows skills or where looks are written down.

>>> round(sum(level(0.05, k) for k in range(1, 1001)), 3)
0.05
>>> gain_evidence(Pairs(100, lost=4, won=12)) > 3 > 1 > gain_evidence(Pairs(100, lost=8, won=8))
True
"""

from __future__ import annotations

import math

from workbench.evaluation.gate.paired_tests import Pairs, binomial_tail

STAKES = (1.0, 0.5, 0.25, 0.125, 0.0625, 0.03125)  # of the largest stake that cannot lose more than all
LEAST, MOST = 1e-12, 0.5  # a level stays between: more than half of what differs must be won in any case


def level(alpha: float, k: int, evidence: float = 1.0) -> float:
    """What the k-th look may spend of `alpha`, k from 1, given the e-value of what was seen before."""
    assert k >= 1, "looks are counted from 1"
    return min(max(alpha * 6 / (math.pi * k) ** 2 * evidence, LEAST), MOST)


def gain_evidence(pairs: Pairs) -> float:
    """An e-value against "no gain": mean likelihood ratio over all chances π of ½..1 that a differing example is won.

    ∫ (2π)^won (2 − 2π)^lost 2 dπ from ½ to 1  =  2^(d+1) / ((d+1) C(d, won)) · P(Bin(d+1, ½) ≤ won),  d = won + lost
    """
    d = pairs.differing
    inside = binomial_tail(d + 1, d + 1 - pairs.won)  # by symmetry; one minus the other tail would lose small ones
    # In logarithms, for 2^d leaves the range of floats at 1,024 differing examples.
    log_ratio = (d + 1) * math.log(2) - math.log(d + 1) - _log_choose(d, pairs.won)
    return math.exp(min(log_ratio + math.log(max(inside, 1e-300)), 700.0))


def harm_evidence(pairs: Pairs, margin: float) -> float:
    """An e-value against "it loses `margin` or more": the mean fortune of gamblers who bet that it does not.

    Each stakes a share λ on every example, a fair or losing bet under that supposition, whatever share of them differs:
    the fortune is multiplied by 1 + λ (margin + 1 | 0 | −1) for an example won, tied or lost (Waudby-Smith & Ramdas
    2024, JRSS B 86:1).
    """
    return sum(_fortune(pairs, margin, stake / (1 - margin)) for stake in STAKES) / len(STAKES)


def _fortune(pairs: Pairs, margin: float, stake: float) -> float:
    tied = pairs.n - pairs.differing
    after_loss = 1 - stake * (1 - margin)
    if pairs.lost and after_loss <= 1e-12:
        return 0.0
    logs = tied * math.log1p(stake * margin) + pairs.won * math.log1p(stake * (1 + margin))
    return math.exp(min(logs + (pairs.lost * math.log(after_loss) if pairs.lost else 0.0), 700.0))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
