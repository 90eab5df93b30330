"""A process that learns goes last, and its threads with it."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import os, threading
from workbench.hardware.giving_way import give_way
before = os.nice(0)
give_way(); give_way()
seen = []
thread = threading.Thread(target=lambda: seen.append(os.nice(0)))
thread.start(); thread.join()
print(before, seen[0])
"""


def test_a_process_that_gives_way_does_so_in_every_thread_and_once() -> None:
    said = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout.split()
    before, after = map(int, said)
    assert after == max(before, 10)
