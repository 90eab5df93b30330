"""Checkpoints on disk: a folder each, written aside, flushed, then named; safetensors and JSON, never pickle.

    FOLDER/.lock                   held by the one process that trains here
    FOLDER/step-000010/            weights, moments and random states    numbers.safetensors
                                   step, losses, rung, run, checksum     journal.json

A name appears only when everything under it is on the disk, so a process killed at any moment leaves whole checkpoints
or none. The newest two stay; a damaged one is passed over for the one before. It does not know what the tensors mean.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench import disk
from workbench.core.errors import TrainingError

if TYPE_CHECKING:
    from torch import Tensor

KEPT = 2
NUMBERS, JOURNAL = "numbers.safetensors", "journal.json"


@dataclass(frozen=True)
class Checkpoint:
    """Everything a run needs to go on.

    Args:
        run: hash of what the run is; another run's checkpoints are refused.
        journal: what JSON can say, `step` among it.
        tensors: by name, on the CPU.
    """

    run: str
    journal: Mapping[str, Any]
    tensors: Mapping[str, Tensor]

    @property
    def step(self) -> int:
        return int(self.journal["step"])


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Inside, no other process trains in this folder; what a killed one left half-written is gone.

    Raises:
        TrainingError: another process does, or the folder cannot be made.
    """
    from filelock import FileLock, Timeout

    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock", timeout=0)
        lock.acquire()
    except Timeout as error:
        raise TrainingError(f"Another process trains in {folder}; wait for it or choose another folder") from error
    except OSError as error:
        raise TrainingError(
            f"The folder {folder} cannot be used for training ({error.strerror}); choose another"
        ) from error
    try:
        for left in folder.glob(".writing-*"):
            shutil.rmtree(left, ignore_errors=True)
        yield
    finally:
        lock.release()


def save(folder: Path, checkpoint: Checkpoint) -> None:
    """Write it whole, then drop all but the newest two.

    Raises:
        TrainingError: the disk is full or cannot be written; the checkpoints before are untouched.
    """
    try:
        _write(folder, checkpoint)
    except OSError as error:
        raise TrainingError(_sentence(error, folder, checkpoint.step)) from error
    for old in _steps(folder)[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def newest(folder: Path, run: str) -> Checkpoint | None:
    """The latest whole checkpoint of this run, None where there is none yet.

    Raises:
        TrainingError: the folder holds another run, or nothing in it can be read.
    """
    found = _steps(folder)
    for path in reversed(found):
        checkpoint = _read(path)
        if checkpoint is None:
            continue
        if checkpoint.run != run:
            raise TrainingError(
                f"The folder {folder} holds another run (other base, examples or settings); choose an empty folder"
            )
        return checkpoint
    if found:
        raise TrainingError(f"The checkpoints in {folder} are damaged; delete the folder and train anew")
    return None


def _steps(folder: Path) -> list[Path]:
    return sorted(folder.glob("step-*"), key=lambda path: int(path.name.removeprefix("step-")))


def _write(folder: Path, checkpoint: Checkpoint) -> None:
    from safetensors.torch import save as packed

    numbers = packed(dict(checkpoint.tensors))
    told = {**checkpoint.journal, "run": checkpoint.run, "sha256": hashlib.sha256(numbers).hexdigest()}
    made = Path(tempfile.mkdtemp(prefix=".writing-", dir=folder))
    try:
        disk.write_new(made / NUMBERS, numbers)
        disk.write_new(made / JOURNAL, json.dumps(told, indent=1).encode())
        disk.sync(made)
        shutil.rmtree(folder / _name(checkpoint.step), ignore_errors=True)  # a damaged one of an earlier sitting
        made.rename(folder / _name(checkpoint.step))
        disk.sync(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _name(step: int) -> str:
    return f"step-{step:06d}"


def _read(path: Path) -> Checkpoint | None:
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        told = json.loads((path / JOURNAL).read_bytes())
        numbers = (path / NUMBERS).read_bytes()
        if hashlib.sha256(numbers).hexdigest() != told.pop("sha256"):
            return None
        return Checkpoint(told.pop("run"), told, load(numbers))
    except (OSError, ValueError, KeyError, SafetensorError):
        return None


def _sentence(error: OSError, folder: Path, step: int) -> str:
    if disk.has_no_room(error):
        return (
            f"The disk is full: the checkpoint of step {step} could not be written in {folder}; "
            "free some space and train again, it goes on from the checkpoint before"
        )
    return f"The checkpoint of step {step} could not be written in {folder} ({error.strerror}); make it writable"
