"""Processes that are killed, disks that are full, two that do the same at once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.adapters.merging.small import small_adapter
from tests.adapters.shelf.test_shelf import QUOTA, TRAINED, filled, state
from tests.full_disk import files_at_most
from workbench.adapters.shelf import Shelf
from workbench.core.errors import ShelfFull

DEPLOYING = """
import itertools, sys
from pathlib import Path
from workbench.adapters.shelf import Shelf
shelf = Shelf(Path(sys.argv[1]), 10**7)
for ref in itertools.cycle(sys.argv[2:]):
    print(ref, flush=True)          # about to
    shelf.deploy(ref, why="drill")
    print("done", flush=True)
"""
CHANGING = """
import itertools, sys
from pathlib import Path
from workbench.adapters.shelf import Shelf, SkillScore
shelf = Shelf(Path(sys.argv[1]), 10**7)
print("ready", flush=True)
sys.stdin.readline()
for number, ref in zip(range(30), itertools.cycle(sys.argv[2:])):
    shelf.deploy(ref, why="drill")
    shelf.add_scores("a", [SkillScore(f"{ref}-{number}", 1, 1.0, 0.0, 1.0)])
"""
PUTTING = """
import sys
from pathlib import Path
from tests.adapters.merging.small import small_adapter
from workbench.adapters.shelf import Provenance, Shelf
shelf = Shelf(Path(sys.argv[1]), 10**8)
print("ready", flush=True)
sys.stdin.readline()
for seed in range(int(sys.argv[2]), 10**9):
    print(shelf.put(small_adapter(seed, rank=40), Provenance("train", "tiny")).identity, flush=True)
    if seed % 10 == 9:
        shelf.deploy(small_adapter(seed, rank=40).identity, why="tenth")
        if len(sys.argv) > 3:
            break
"""


def started(script: str, *arguments: str) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )


def killed_after(process: subprocess.Popen[str], seconds: float, lines: int) -> list[str]:
    """What a process had said when it was killed, that long after so many lines."""
    assert process.stdout is not None
    first = [process.stdout.readline().strip() for _ in range(lines)]
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    rest = process.stdout.read()  # communicate() would miss what readline() has read ahead
    process.communicate()
    return [*first, *rest.split()]


def test_ten_deploys_killed_at_random_leave_the_old_or_the_new_champion(tmp_path: Path) -> None:
    shelf, draw = Shelf(tmp_path / "shelf", QUOTA), random.Random(5)
    a, b = filled(shelf, "a", "b")
    moves = 0
    for _ in range(10):
        said = killed_after(started(DEPLOYING, str(shelf.folder), "a", "b"), draw.uniform(0, 0.1), lines=2)
        tried = [line for line in said if line != "done"]
        done = tried[: said.count("done")]
        found = Shelf(tmp_path / "shelf", QUOTA).champion()
        assert found is not None
        assert found.name in (done[-1], tried[-1])
        assert shelf.get(found.identity).identity in (a, b)
        moves += len(done)
    assert moves > 10  # they were killed at work, not at their start
    assert moves - 10 <= len(shelf.history()) <= moves + 10  # the champion again is no move; one may be done unsaid
    assert not [path for path in shelf.folder.iterdir() if path.name.startswith(".new-")]


def test_puts_killed_at_random_leave_whole_adapters_only(tmp_path: Path) -> None:
    folder, draw = tmp_path / "shelf", random.Random(6)
    for round_number in range(2):
        process = started(PUTTING, str(folder), str(1 + 1000 * round_number))
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "ready\n"
        process.stdin.write("go\n")
        process.stdin.flush()
        said = killed_after(process, draw.uniform(0, 0.2), lines=1)
        shelf = Shelf(folder, 10**8)
        for identity in said:
            assert shelf.get(identity).identity == identity  # acknowledged means durable
        assert all(shelf.get(each.identity) for each in shelf.list())
        assert {path.name for path in folder.iterdir()} <= {
            "shelf.lock", "champion.json", *(each.identity for each in shelf.list())
        }  # fmt: skip


@pytest.mark.drill
def test_two_processes_that_put_and_deploy_at_once_lose_nothing(tmp_path: Path) -> None:
    both = [started(PUTTING, str(tmp_path / "shelf"), str(first), "once") for first in (1, 101)]
    for process in both:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    said = [process.communicate("go\n", timeout=60)[0].split() for process in both]
    shelf = Shelf(tmp_path / "shelf", 10**8)
    assert {each.identity for each in shelf.list()} == {*said[0], *said[1]}
    assert len(shelf.list()) == 18
    assert {move.identity for move in shelf.history()} == {said[0][-1], said[1][-1]}
    assert shelf.champion().identity == shelf.history()[-1].identity  # type: ignore[union-attr]


def test_two_processes_that_change_the_same_files_lose_no_change(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf", QUOTA)
    filled(shelf, "a", "b", "c", "d")
    both = [started(CHANGING, str(shelf.folder), *pair) for pair in ("ab", "cd")]
    for process in both:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in both:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in both:
        process.communicate(timeout=60)
    assert len(shelf.history()) == 60
    assert len(shelf.card("a").scores) == 60


def test_a_full_disk_leaves_the_shelf_as_it_was(tmp_path: Path) -> None:
    size = Shelf(tmp_path / "probe", QUOTA).put(small_adapter(0), TRAINED).bytes
    shelf = Shelf(tmp_path / "shelf", 2 * size + size // 2)
    shelf.put(small_adapter(1), TRAINED)
    shelf.put(small_adapter(2), TRAINED)
    before = state(shelf.folder)
    with files_at_most(size // 2), pytest.raises(ShelfFull, match="no room on the disk"):
        shelf.put(small_adapter(3), TRAINED, name="third")  # would free the first, had it been written
    assert state(shelf.folder) == before
    assert shelf.put(small_adapter(3), TRAINED, name="third").freed == (small_adapter(1).identity[:12],)


def test_what_a_dead_process_left_is_removed_and_what_a_living_one_writes_is_not(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf", QUOTA)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    names = {"dead": gone.pid, "alive": os.getpid(), "stale": os.getpid()}
    left = {name: shelf.folder / f".new-{pid}-{number:032x}" for number, (name, pid) in enumerate(names.items())}
    for path in left.values():
        path.mkdir()
        (path / "adapter_model.safetensors").write_bytes(b"half")
    os.utime(left["stale"], (0, 0))
    stray = shelf.folder / f".new-{gone.pid}-{'f' * 32}"
    stray.write_text("a file")
    Shelf(tmp_path / "shelf", QUOTA)
    assert {name: path.exists() for name, path in left.items()} == {"dead": False, "alive": True, "stale": False}
    assert not stray.exists()
    assert shelf.list() == ()
