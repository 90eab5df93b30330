"""Nothing leaves this machine: every connection and name look-up of a whole tour is recorded, and none goes outside.

Python's audit hook sees each socket that Python code opens. Where this test may (as root on Linux), the tour also runs
in a network namespace that has nothing but loopback, which holds for compiled code too.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

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


def black_holed() -> list[str]:
    """A command prefix that gives a child nothing but a loopback interface, where we may make one."""
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("unshare") is None or shutil.which("ip") is None:
        return []
    prefix = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$0" "$@"']
    return prefix if subprocess.run([*prefix, "true"], capture_output=True).returncode == 0 else []


@pytest.mark.parametrize("where", ["tour", "recorder"])
def test_no_request_leaves_the_machine(where: str, tmp_path: Path, home: Path) -> None:
    log = tmp_path / "sockets.log"
    log.touch()
    (tmp_path / "sitecustomize.py").write_text(RECORDER)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "SOCKET_LOG": str(log)}
    outside = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('192.0.2.1', 9))"
    command = ["-m", "workbench", "tour"] if where == "tour" else ["-c", outside]
    prefix = black_holed() if where == "tour" else []
    done = subprocess.run([*prefix, sys.executable, *command], env=environment, capture_output=True, text=True)
    hosts = {line.split(" ", 1)[1] for line in log.read_text().splitlines()}
    left = {host for host in hosts if not host.startswith(LOOPBACK)}
    if where == "recorder":
        assert left == {"192.0.2.1"}, "the recorder itself must see a connection to the outside"
    else:
        assert done.returncode == 0, done.stderr
        assert "Rufus" in done.stdout
        assert left == set()
