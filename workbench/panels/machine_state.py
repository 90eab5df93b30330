"""The machine's memory as a chart needs it: points over the last seconds, a scale, a budget, and the true label.

    GiB
    0.6 ┼        ╭────────
    0.3 ┼────────╯
    0.0 ┼─────────────────
        -60 s            0

The label is the snapshot's own: VRAM where NVML read a card, resident memory else. It reads nothing and draws nothing.

>>> scale_top_gib(0.43)
0.6
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.hardware.snapshot import Snapshot

GIB = 1024**3
WINDOW_S = 60.0
ROUND = (1, 2, 2.5, 3, 4, 5, 10)  # times a power of ten


@dataclass(frozen=True, slots=True)
class MemoryChart:
    """One drawing of the chart. Points are (seconds before the newest, GiB), oldest first."""

    label: str
    device: str
    points: tuple[tuple[float, float], ...]
    top_gib: float
    budget_gib: float
    window_s: float = WINDOW_S

    @property
    def now_gib(self) -> float:
        return self.points[-1][1]

    @property
    def budget_fits(self) -> bool:
        return self.budget_gib <= self.top_gib


def memory_chart(samples: Sequence[Snapshot], *, budget_gib: float, window_s: float = WINDOW_S) -> MemoryChart | None:
    """The chart of the samples within the window; None before the first."""
    if not samples:
        return None
    last = samples[-1]
    recent = [one for one in samples if last.taken_at - one.taken_at <= window_s]
    points = tuple((one.taken_at - last.taken_at, one.used_bytes / GIB) for one in recent)
    top_gib = scale_top_gib(max(used for _, used in points))
    return MemoryChart(last.label, last.device, points, top_gib, budget_gib, window_s)


def scale_top_gib(peak_gib: float) -> float:
    """The end of an axis that three equal steps of a round length reach, a fifth above the peak."""
    step = max(peak_gib * 1.2, 0.03) / 3
    power = 10.0 ** math.floor(math.log10(step))
    nice = next(factor for factor in ROUND if factor * power >= step * (1 - 1e-9))
    return round(3 * nice * power, 6)
