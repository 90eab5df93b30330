"""How large a step is: a linear warm-up over a tenth of the steps, then half a cosine down to nothing.

    rate ▲   ╭─╮              w = ⌈steps / 10⌉ steps of warm-up; in the k-th step, from 1:
         │  ╱    ╲            peak · k / w,   then   peak · ½ (1 + cos(π · (k − w) / (steps − w + 1)))
         │ ╱       ╲__
         └────────────► step

The first step already moves and the last one still does, so none is wasted.

>>> [round(rate(step, 10, 1.0), 2) for step in range(10)]
[1.0, 0.98, 0.9, 0.79, 0.65, 0.5, 0.35, 0.21, 0.1, 0.02]
"""

from __future__ import annotations

import math

WARM_UP = 0.1  # of all steps


def rate(step: int, steps: int, peak: float) -> float:
    """The learning rate of a step, counted from 0."""
    warm = max(1, math.ceil(steps * WARM_UP))
    if step < warm:
        return peak * (step + 1) / warm
    return peak * 0.5 * (1 + math.cos(math.pi * (step + 1 - warm) / (steps - warm + 1)))
