"""A few gradient steps on the examples that the merged candidate gets wrong.

    genome ─► merged ─► wrong answers ─► Lesson(steps=8, wrong_first=True)

Selection looks for a merge from which a short lesson goes far, instead of one that is good without it. A lesson that is
there keeps its steps, rate and batch and turns to what is wrong, in another order. It needs gold answers.

>>> from workbench.evolution.genome import only
>>> mutated(only("aa"), groups=LayerGroups(30), rng=random.Random(0)).lesson.wrong_first
True
"""

from __future__ import annotations

import random
from dataclasses import replace

from workbench.adapters.merging import LayerGroups
from workbench.evolution.genome import Genome, Lesson

FEW = Lesson(steps=8, learning_rate=2e-3, batch=16)
SEEDS = 2**32


def mutated(genome: Genome, *, groups: LayerGroups, rng: random.Random, few: Lesson = FEW) -> Genome:
    """A mutant that is taught where it fails; see `Mutate` for the other arguments.

    Args:
        few: the lesson of a genome that has none.
    """
    lesson = replace(genome.lesson or few, wrong_first=True, seed=rng.randrange(SEEDS))
    return replace(genome, lesson=lesson)
