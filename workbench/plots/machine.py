"""The machine's memory over time, under the label of the memory that was counted.

A CPU reading is "resident memory" and never VRAM: the label comes with the samples. It reads no device.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import plotly.graph_objects as go

from workbench.plots.style import BLUE, GIB, VERMILLION, new_figure, say_nothing_to_draw


class MemorySample(Protocol):
    """The machine at one moment; `hardware.Snapshot` is one."""

    @property
    def taken_at(self) -> float: ...  # seconds since the epoch
    @property
    def label(self) -> str: ...
    @property
    def used_bytes(self) -> int: ...


def memory_chart(samples: Sequence[MemorySample], budget_bytes: int) -> go.Figure:
    """Memory used since the first sample, against the budget.

    Args:
        samples: oldest first; all of one device.
        budget_bytes: what the workbench may use; a dashed line.
    """
    label = samples[-1].label if samples else "memory"
    figure = new_figure("time (s)", f"{label} (GiB)", height=320)
    if not samples:
        return say_nothing_to_draw(figure, "No sample was taken yet")
    used = [sample.used_bytes / GIB for sample in samples]
    figure.add_trace(
        go.Scatter(
            name=f"{label} used",
            x=[sample.taken_at - samples[0].taken_at for sample in samples],
            y=used,
            mode="lines+markers" if len(samples) < 3 else "lines",  # a line needs two points to be seen
            fill="tozeroy",
            line={"color": BLUE, "width": 2},
            hovertemplate="%{x:.1f} s: %{y:.2f} GiB<extra></extra>",
        )
    )
    budget = budget_bytes / GIB
    figure.add_hline(budget, line={"color": VERMILLION, "dash": "dash"}, annotation_text=f"budget {budget:g} GiB")
    figure.update_yaxes(range=[0, 1.15 * max(budget, *used)])
    return figure
