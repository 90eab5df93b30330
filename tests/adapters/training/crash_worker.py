"""A process that trains until it is killed, and says each step.

python -m tests.adapters.training.crash_worker BASE IDENTITY FOLDER STEPS
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.adapters.training.tiny import small_dials, sums
from workbench.adapters.bases import Base
from workbench.adapters.training import Progress, train
from workbench.core.schema import TrainingSettings


def main(base: str, identity: str, folder: str, steps: str) -> None:
    import torch

    torch.set_num_threads(1)
    told = Base("base", identity, Path(base))
    train(told, sums(40), crash_dials(int(steps)), folder=Path(folder), on_progress=say)


def crash_dials(steps: int) -> TrainingSettings:
    """With dropout, so that the random states matter, and a checkpoint after every step."""
    return small_dials(steps=steps, checkpoint_steps=1, dropout=0.1)


def say(progress: Progress) -> None:
    print(progress.step, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
