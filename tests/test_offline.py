"""Nothing leaves this machine: every connection and name look-up is recorded, and none goes outside.

Python's audit hook sees each socket that Python code opens. Where this test may (as root on Linux), the work also runs
in a network namespace that has nothing but loopback, which holds for compiled code and for the browser too.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from workbench.adapters.bases import Base

ROOT = Path(__file__).parents[1]
RECORDER = """
import os, sys
def _hook(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname"):
        target = arguments[1] if event == "socket.connect" else arguments[0]
        host = target[0] if isinstance(target, tuple) else target
        if isinstance(host, bytes):
            host = host.decode()
        with open(os.environ["SOCKET_LOG"], "a") as log:
            log.write(f"{event} {host}\\n")
sys.addaudithook(_hook)
"""
LOOPBACK = ("127.", "::1", "localhost", "/")
NBVAL = ["--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=300", "-p", "no:cacheprovider", "-q"]


def black_holed() -> list[str]:
    """A command prefix that gives a child nothing but a loopback interface, where we may make one."""
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("unshare") is None or shutil.which("ip") is None:
        return []
    prefix = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$0" "$@"']
    return prefix if subprocess.run([*prefix, "true"], capture_output=True).returncode == 0 else []


class Recorded:
    """A finished command, and the hosts outside this machine that it spoke to or looked up."""

    def __init__(self, folder: Path, arguments: list[str], *, prefix: list[str]) -> None:
        log = folder / "sockets.log"
        log.touch()
        (folder / "sitecustomize.py").write_text(RECORDER)
        environment = {**os.environ, "PYTHONPATH": str(folder), "SOCKET_LOG": str(log)}
        command = [*prefix, sys.executable, *arguments]
        self.done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=ROOT)
        hosts = {line.split(" ", 1)[1] for line in log.read_text().splitlines()}
        self.outside = {host for host in hosts if not host.startswith(LOOPBACK)}


def test_the_recorder_sees_a_connection_to_the_outside(tmp_path: Path) -> None:
    outside = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('192.0.2.1', 9))"
    assert Recorded(tmp_path, ["-c", outside], prefix=[]).outside == {"192.0.2.1"}


def test_the_tour_works_with_nothing_but_loopback_and_asks_nobody(tmp_path: Path) -> None:
    tour = Recorded(tmp_path, ["-m", "workbench", "tour", "--skip-learning"], prefix=black_holed())
    assert tour.done.returncode == 0, tour.done.stderr
    assert "Rufus" in tour.done.stdout
    assert "right: 7431, for memory told it" in tour.done.stdout
    assert tour.outside == set()


@pytest.mark.drill  # four minutes
def test_the_tour_learns_with_nothing_but_loopback_and_takes_it_back(
    tmp_path: Path, base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKBENCH_TRAINING_BASES_FOLDER", str(base.folder.parent))
    tour = Recorded(tmp_path, ["-m", "workbench", "tour", "--only-learning"], prefix=black_holed())
    assert tour.done.returncode == 0, tour.done.stderr
    said = " ".join(tour.done.stdout.split())
    assert "Cycle 1: Promote " in said, said
    assert "the old ones again, letter for letter" in said
    told = re.search(r"(\d+) right before, \d+ with memory alone, (\d+) with the adapter alone", said)
    assert told, said
    assert int(told[2]) > int(told[1])
    assert tour.outside == set()


@pytest.fixture
def cut_off() -> list[str]:
    """A command prefix without any network; where none can be made, the drill says that it was skipped."""
    return black_holed() or pytest.skip("a network namespace needs Linux, root, unshare and ip")


@pytest.mark.drill
@pytest.mark.parametrize("notebook", ["00_start_here", "10_ask_a_model", "30_reason_step_by_step"])
def test_a_notebook_works_with_nothing_but_loopback_and_asks_nobody(
    notebook: str, tmp_path: Path, cut_off: list[str]
) -> None:
    run = Recorded(tmp_path, ["-m", "pytest", *NBVAL, f"notebooks/{notebook}.ipynb"], prefix=cut_off)
    assert run.done.returncode == 0, run.done.stdout
    assert run.outside == set()


@pytest.mark.drill
@pytest.mark.browser
def test_the_dashboard_works_with_nothing_but_loopback_and_asks_nobody(tmp_path: Path, cut_off: list[str]) -> None:
    run = Recorded(tmp_path, ["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/browser"], prefix=cut_off)
    assert run.done.returncode == 0, run.done.stdout
    if "passed" not in run.done.stdout:
        pytest.skip("no Chromium on this machine")
    assert run.outside == set()
