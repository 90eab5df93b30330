"""Memory that nothing refers to any more is not counted as used."""

from __future__ import annotations

import sys

import psutil
import pytest

from workbench.hardware.giving_back import give_back

MIB = 1 << 20


class Ring:
    """Holds itself, so that counting references never frees it; in pieces that the allocator keeps for later."""

    def __init__(self) -> None:
        self.me = self
        self.pieces = [bytes([number % 251 + 1]) * 65_000 for number in range(3_000)]  # some 190 MiB


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc hands pages back")
def test_what_only_holds_itself_is_handed_back_to_the_system() -> None:
    process = psutil.Process()
    give_back()
    before = process.memory_info().rss
    ring = Ring()
    assert process.memory_info().rss - before > 150 * MIB
    del ring
    give_back()
    assert process.memory_info().rss - before < 50 * MIB
