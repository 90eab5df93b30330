"""How sure the agent is, computed from what the model did; never asked of the model, never invented.

    direct, chain:  exp( (1/T) Σ log p_t )       geometric mean of the answer's token probabilities
    vote:           (v₁ + 1) / (n + 2)           mean of the Beta posterior of the leader's share (uniform prior)

Both are raw figures; `benchmarks/reasoning.py` measures their calibration (Brier, ECE) on the verifiable set.

>>> round(from_votes(4, 5).value, 3)
0.714
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from workbench.core.records import Confidence


def from_logprobs(logprobs: Sequence[float]) -> Confidence | None:
    """From natural-log token probabilities; None where the engine gives none: missing is not zero."""
    if not logprobs:
        return None
    value = math.exp(sum(logprobs) / len(logprobs))
    return Confidence(min(1.0, value), "token probability", f"geometric mean over {len(logprobs)} tokens")


def from_votes(leader: int, total: int) -> Confidence:
    """From the number of votes for the leading answer out of all votes that gave an answer."""
    return Confidence((leader + 1) / (total + 2), "vote share", f"{leader} of {total} votes agree")


def lead_probability(leader: int, runner_up: int) -> float:
    """Probability that the leading answer stays ahead of the second: P(p > ½) under Beta(v₁+1, v₂+1).

    The stopping rule of Adaptive-Consistency (Aggarwal et al. 2023, arXiv 2305.11860, eq. 3). With whole votes it is a
    sum of binomial terms, P = Σ_{j=0}^{v₁} C(n, j) / 2ⁿ with n = v₁ + v₂ + 1, so no numerical integration is needed.
    """
    n = leader + runner_up + 1
    ways = sum(math.comb(n, j) for j in range(leader + 1))
    return float(ways / 2**n)
