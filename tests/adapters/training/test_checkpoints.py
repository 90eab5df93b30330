from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.adapters.training.tiny import small_dials, sums
from tests.full_disk import files_at_most
from workbench.adapters.bases import Base
from workbench.adapters.training import Progress, train
from workbench.adapters.training.checkpoints import Checkpoint, held, newest, save
from workbench.core.errors import TrainingError


def checkpoint(step: int, run: str = "this") -> Checkpoint:
    return Checkpoint(run, {"step": step, "loss": 0.1 + step}, {"weight/0": torch.arange(6.0) * step})


def test_what_is_saved_is_read_back(tmp_path: Path) -> None:
    save(tmp_path, checkpoint(3))
    found = newest(tmp_path, "this")
    assert found is not None
    assert found.step == 3
    assert found.journal["loss"] == 3.1
    assert torch.equal(found.tensors["weight/0"], torch.arange(6.0) * 3)


def test_the_newest_two_stay(tmp_path: Path) -> None:
    for step in (8, 9, 10, 11):
        save(tmp_path, checkpoint(step))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-000010", "step-000011"]


def test_a_new_folder_has_no_checkpoint(tmp_path: Path) -> None:
    assert newest(tmp_path, "this") is None


@pytest.mark.parametrize("file", ["numbers.safetensors", "journal.json"])
def test_a_damaged_checkpoint_is_passed_over_and_written_anew(tmp_path: Path, file: str) -> None:
    save(tmp_path, checkpoint(1))
    save(tmp_path, checkpoint(2))
    damaged = tmp_path / "step-000002" / file
    damaged.write_bytes(damaged.read_bytes()[:-3])
    found = newest(tmp_path, "this")
    assert found is not None
    assert found.step == 1
    save(tmp_path, checkpoint(2))
    again = newest(tmp_path, "this")
    assert again is not None
    assert again.step == 2


def test_one_altered_byte_is_noticed(tmp_path: Path) -> None:
    save(tmp_path, checkpoint(1))
    path = tmp_path / "step-000001" / "numbers.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(TrainingError, match="are damaged; delete the folder and train anew"):
        newest(tmp_path, "this")


def test_another_runs_folder_is_refused(tmp_path: Path) -> None:
    save(tmp_path, checkpoint(1, run="other"))
    with pytest.raises(TrainingError, match="holds another run"):
        newest(tmp_path, "this")


def test_two_cannot_train_in_one_folder(tmp_path: Path) -> None:
    with held(tmp_path), pytest.raises(TrainingError, match="Another process trains in"), held(tmp_path):
        pass
    with held(tmp_path):
        pass


def test_what_a_killed_process_left_half_written_is_cleared(tmp_path: Path) -> None:
    (tmp_path / ".writing-abc").mkdir()
    with held(tmp_path):
        assert not (tmp_path / ".writing-abc").exists()


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TrainingError, match="cannot be used for training"), held(tmp_path / "file" / "run"):
        pass


def test_a_full_disk_during_a_checkpoint_leaves_the_last_one_and_the_run_goes_on(tiny: Base, tmp_path: Path) -> None:
    whole = train(tiny, sums(9), small_dials(), folder=tmp_path / "whole")
    limited = files_at_most(2_000)

    def fill_after_third(progress: Progress) -> None:
        if progress.step == 3:
            limited.__enter__()

    cut = tmp_path / "cut"
    try:
        with pytest.raises(TrainingError, match=r"disk is full: the checkpoint of step 4.*free some space and train"):
            train(tiny, sums(9), small_dials(), folder=cut, on_progress=fill_after_third)
    finally:
        limited.__exit__(None, None, None)
    assert sorted(path.name for path in cut.iterdir()) == [".lock", "step-000002"]
    assert train(tiny, sums(9), small_dials(), folder=cut).adapter.identity == whole.adapter.identity


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", disk], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def test_a_file_system_without_space_keeps_the_checkpoint_before(small_disk: Path) -> None:
    large = {"weight/0": torch.zeros(30_000)}  # 120 kB: one fits, two do not
    save(small_disk, Checkpoint("this", {"step": 1}, large))
    with pytest.raises(TrainingError, match="The disk is full: the checkpoint of step 2"):
        save(small_disk, Checkpoint("this", {"step": 2}, large))
    assert [path.name for path in small_disk.iterdir()] == ["step-000001"]
    found = newest(small_disk, "this")
    assert found is not None
    assert found.step == 1
