"""The gradient path of a run: as long as the budget allows, walked once, and kept in the run's folder.

    budget ─► steps ─► parents fetched, coefficients learned on the tune and held examples ─► path.json ─► rows

A run that is gone on with reads the path instead of walking it again; one that was killed on the way walks it anew, to
the same coefficients. It does not know searches or trials.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench import disk
from workbench.core.examples import Example
from workbench.evolution.search.gradient import STEP_EVALUATIONS, Rows
from workbench.hardware.planner import gib

if TYPE_CHECKING:
    from workbench.adapters.adapter import Adapter
    from workbench.adapters.merging import LayerGroups
    from workbench.learning import Learning

NAME = "path.json"
MOST_STEPS, FEWEST_STEPS = 16, 4
BATCH = 32  # examples of a step
PLACES = 3  # of the path that become candidates


def steps_within(evaluations: int, *, parents: int, examples: int) -> int:
    """How many steps a budget has room for, beside the scores of the parents and of the path's places.

    >>> steps_within(2000, parents=8, examples=32), steps_within(600, parents=8, examples=32)
    (16, 2)
    """
    left = evaluations - (parents + PLACES) * examples
    return max(0, min(MOST_STEPS, left // (STEP_EVALUATIONS * min(BATCH, examples))))


@dataclass(frozen=True)
class Walk:
    """One run's path.

    Args:
        parents: in the order of the rows.
        examples: to learn the coefficients by.
        budget: evaluations of the whole run; None is no such limit.
        on_step: called with how many steps are done, of how many.
    """

    learning: Learning
    folder: Path
    parents: Sequence[Adapter]
    groups: LayerGroups
    examples: tuple[Example, ...]
    budget: int | None
    seed: int
    on_step: Callable[[int, int], None]

    @cached_property
    def steps(self) -> int:
        """As many as fit; a person who asked for this search gets one at least."""
        if self.budget is None:
            return MOST_STEPS
        return max(1, steps_within(self.budget, parents=len(self.parents), examples=len(self.examples)))

    @property
    def evaluations(self) -> int:
        """That walking it takes."""
        return STEP_EVALUATIONS * self.steps * min(BATCH, len(self.examples))

    def rows(self) -> tuple[Rows, ...]:
        """Coefficients along the way.

        Raises:
            TrainingError: there is no memory, or a parent is damaged.
        """
        known = self._read()
        if known is None:
            known = self._walked()
            self.folder.mkdir(parents=True, exist_ok=True)
            with disk.replacing(self.folder / NAME) as file:
                file.write(json.dumps(known) + "\n")
        return tuple(tuple(tuple(row) for row in place["rows"]) for place in known["places"])

    def _walked(self) -> dict[str, Any]:
        from workbench.adapters.training.blend import Climb, climbed

        settings = self.learning.settings
        found = climbed(
            self.learning.base,
            self.parents,
            self.groups,
            self.examples,
            settings.training,
            climb=Climb(self.steps, BATCH, kept=PLACES, seed=self.seed),
            safe_bytes=gib(settings.hardware.safe_gib),
            on_step=self.on_step,
        )
        return {"steps": self.steps, "places": [one._asdict() for one in found]}

    def _read(self) -> dict[str, Any] | None:
        """What was walked before; a file of another length, or none that can be read, is walked again."""
        try:
            known: dict[str, Any] = json.loads((self.folder / NAME).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        return known if known.get("steps") == self.steps and known.get("places") else None
