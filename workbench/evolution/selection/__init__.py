"""Ways to choose parents, interchangeable: each file has `select`, who breeds, and `survivors`, who stays.

    told trials ──► eligible ──► select      parents, possibly repeated     (draws from the generator handed in)
                        └──────► survivors   distinct genomes, at most as many as asked   (draws nothing)

    tournament          the best of k drawn; k is the pressure
    truncation          from the best share, the elite always among them
    pareto              NSGA-II over every skill and the size
    quality-diversity   after CycleQD: the best of each cell, the skill in turn

A file may take a dial of its own after `rng`, with a default. None of them knows how a child is made.

>>> SELECTIONS["tournament"].select(trials, 8, generation=3, rng=random.Random(0))    # doctest: +SKIP
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from workbench.evolution.selection import pareto, quality_diversity, tournament, truncation
from workbench.evolution.selection.pareto import front
from workbench.evolution.trial import Trial

SelectionName = Literal["tournament", "truncation", "pareto", "quality-diversity"]


class Selection(Protocol):
    """What every file of this folder hands out; the module itself is one."""

    def select(self, trials: Sequence[Trial], count: int, *, generation: int, rng: random.Random) -> tuple[Trial, ...]:
        """Exactly `count` parents; ask once for a whole generation.

        Trials that failed, or that a race stopped, are parents only where there are no others; a genome that was told
        twice counts once. Neither the order of `trials` nor anything but `rng` changes the result.

        Raises:
            EvolutionError: no trials, or a count below one.
        """
        ...

    def survivors(self, trials: Sequence[Trial], count: int, *, generation: int) -> tuple[Trial, ...]:
        """Those that stay, each genome once; fewer than `count` where there are not so many. The same errors."""
        ...


SELECTIONS: Mapping[SelectionName, Selection] = {
    "tournament": tournament,
    "truncation": truncation,
    "pareto": pareto,
    "quality-diversity": quality_diversity,
}

__all__ = ["SELECTIONS", "Selection", "SelectionName", "front"]
