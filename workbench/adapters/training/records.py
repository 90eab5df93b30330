"""What training tells while it runs, and what it hands back."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.adapters.adapter import Adapter


@dataclass(frozen=True, slots=True)
class Progress:
    """One step done.

    Args:
        step: from 1 to `steps`.
        loss: of this step's examples, nats per answer token.
        tokens_per_s: tokens of the examples per second in this step; what several share counts for each.
        peak_bytes: so far: allocated on the GPU, else resident memory of the process.
        tune_loss: where it was measured after this step.
        note: what a person should know of this step, such as a step down the memory ladder; else empty.
    """

    step: int
    steps: int
    loss: float
    tokens_per_s: float
    peak_bytes: int
    tune_loss: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class TuneLoss:
    """The loss on examples that are not trained on, after so many steps."""

    step: int
    loss: float


@dataclass(frozen=True)
class Trained:
    """A finished run.

    Args:
        steps: done; fewer than asked for where it stopped early.
        losses: one for each step.
        tokens: of all examples read, shared ones counted for each.
        seconds: of the steps alone, over all sittings of a run that was interrupted.
        ladder: each step down to use less memory, in words.
        left_out: ids of the examples that are longer than a sequence may be.
        stopped_early: the tune loss stopped falling; the adapter is the one with the lowest.
    """

    adapter: Adapter
    steps: int
    losses: tuple[float, ...]
    tune_losses: tuple[TuneLoss, ...]
    tokens: int
    seconds: float
    peak_bytes: int
    ladder: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    stopped_early: bool = False

    @property
    def tokens_per_s(self) -> float:
        return self.tokens / self.seconds if self.seconds else 0.0
