"""A lesson's learning rate, steps or batch change, one of them at a time, on a log scale and within bounds.

    value' = value · exp N(0, step²)          beyond a bound it is mirrored there, so that it always moves

A genome without a lesson gets one near START first. The lesson's seed stays, so that parent and child read the examples
in the same order and differ in what was changed alone.

>>> from workbench.evolution.genome import only
>>> mutated(only("aa"), groups=LayerGroups(30), rng=random.Random(0)).lesson is not None
True
"""

from __future__ import annotations

import math
import random
from dataclasses import replace

from workbench.adapters.merging import LayerGroups
from workbench.evolution.genome import Genome, Lesson

START = Lesson(steps=16, learning_rate=2e-3, batch=16)
STEP = 0.5  # standard deviation of the logarithm: most often by a factor between .6 and 1.6
LEARNING_RATES = (1e-4, 1e-2)
STEPS = (4, 64)
BATCHES = (4, 32)


def mutated(genome: Genome, *, groups: LayerGroups, rng: random.Random, step: float = STEP) -> Genome:
    """A mutant with another lesson; see `Mutate` for the other arguments.

    Args:
        step: standard deviation of the logarithm of what changes.
    """
    lesson = genome.lesson or START
    factor = math.exp(rng.normalvariate(0.0, step))
    changes = (
        lambda: replace(lesson, learning_rate=_moved(lesson.learning_rate, factor, LEARNING_RATES)),
        lambda: replace(lesson, steps=_moved_count(lesson.steps, factor, STEPS)),
        lambda: replace(lesson, batch=_moved_count(lesson.batch, factor, BATCHES)),
    )
    return replace(genome, lesson=rng.choice(changes)())


def _moved(value: float, factor: float, bounds: tuple[float, float]) -> float:
    low, high = bounds
    moved = value * factor
    mirrored = low * low / moved if moved < low else high * high / moved if moved > high else moved
    return min(max(mirrored, low), high)


def _moved_count(value: int, factor: float, bounds: tuple[int, int]) -> int:
    """A whole number; one that rounding would leave where it was goes one up, at the upper bound one down."""
    moved = round(_moved(value, factor, bounds))
    if moved != value:
        return moved
    return value + 1 if value < bounds[1] else value - 1
