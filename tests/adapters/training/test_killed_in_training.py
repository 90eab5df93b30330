"""A process that trains is killed (SIGKILL) at random moments; the run ends in the same weights, bit for bit."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.adapters.training.crash_worker import crash_dials
from tests.adapters.training.tiny import sums
from workbench.adapters.bases import Base
from workbench.adapters.training import train

SEED = 20_261_123
ROOT = Path(__file__).parents[3]


def killed(base: Base, folder: Path, steps: int, dice: random.Random) -> int:
    """Train in another process and kill it somewhere in the step after a few; the last step that it told of."""
    worker = [sys.executable, "-m", "tests.adapters.training.crash_worker"]
    command = [*worker, str(base.folder), base.identity, str(folder), str(steps)]
    patience, step, before = dice.randint(2, 5), 0, 0.0  # the first step's time is not known: it has no beginning
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for number, line in enumerate(process.stdout, start=1):
            step, now = int(line), time.perf_counter()
            if number == patience:  # computing, writing, flushing or renaming: anything may be cut
                threading.Timer(dice.uniform(0, 1.5) * min(now - before, 1.0), process.kill).start()
            before = now
    assert process.returncode == -signal.SIGKILL
    return step


def ends_alike(base: Base, folder: Path, *, steps: int, kills: int) -> None:
    """The unbroken run and the last sitting of the broken one are this process's own."""
    whole = train(base, sums(40), crash_dials(steps), folder=folder / "whole")
    dice = random.Random(SEED)
    assert all(killed(base, folder / "cut", steps, dice) < steps for _ in range(kills))
    cut = train(base, sums(40), crash_dials(steps), folder=folder / "cut")
    assert cut.adapter.identity == whole.adapter.identity
    assert cut.losses == whole.losses
    assert sorted(path.name for path in (folder / "cut").iterdir())[0] == ".lock"  # nothing half-written is left


def test_a_run_that_is_killed_ends_in_the_same_weights(tiny: Base, tmp_path: Path) -> None:
    ends_alike(tiny, tmp_path, steps=16, kills=1)


@pytest.mark.drill
def test_a_run_killed_twenty_times_ends_in_the_same_weights(tiny: Base, tmp_path: Path) -> None:
    ends_alike(tiny, tmp_path, steps=240, kills=20)


@pytest.mark.drill
def test_the_embedded_model_killed_in_training_ends_in_the_same_weights(base: Base, tmp_path: Path) -> None:
    ends_alike(base, tmp_path, steps=14, kills=2)
