"""How far a run has come, as a record that each step replaces; JSON can say all of it.

It does not hold weights: a checkpoint keeps them beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from workbench.adapters.training.ladder import Rung
from workbench.adapters.training.records import TuneLoss


@dataclass(frozen=True, slots=True)
class Journal:
    """What is known after `step` steps."""

    rung: Rung
    step: int = 0
    losses: tuple[float, ...] = ()
    tune_losses: tuple[TuneLoss, ...] = ()
    worse: int = 0  # checkpoints since the lowest tune loss
    stopped_early: bool = False
    ladder: tuple[str, ...] = ()
    tokens: int = 0
    seconds: float = 0.0
    peak_bytes: int = 0

    def after_step(self, loss: float, tokens: int, seconds: float) -> Journal:
        return replace(
            self,
            step=self.step + 1,
            losses=(*self.losses, loss),
            tokens=self.tokens + tokens,
            seconds=self.seconds + seconds,
        )

    def after_tuning(self, loss: float, patience: int) -> Journal:
        """With a tune loss measured now; `patience` checkpoints without a lower one end the run (0: never)."""
        lowest = min((one.loss for one in self.tune_losses), default=float("inf"))
        worse = 0 if loss < lowest else self.worse + 1
        return replace(
            self,
            tune_losses=(*self.tune_losses, TuneLoss(self.step, loss)),
            worse=worse,
            stopped_early=0 < patience <= worse,
        )

    @property
    def is_lowest(self) -> bool:
        """Whether the latest tune loss is the lowest."""
        return self.worse == 0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def read_journal(told: Mapping[str, Any]) -> Journal:
    """What `as_json` gave, after JSON."""
    return Journal(
        **{
            **told,
            "rung": Rung(**told["rung"]),
            "losses": tuple(told["losses"]),
            "tune_losses": tuple(TuneLoss(**one) for one in told["tune_losses"]),
            "ladder": tuple(told["ladder"]),
        }
    )
