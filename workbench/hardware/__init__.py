"""Read the machine, and plan memory before using it. It knows no models by name.

`snapshot` reads the budget once (VRAM on a GPU, resident memory on a CPU), `sampler` keeps the last readings, and
`planner` predicts what a model of given dimensions needs, so that nothing is loaded before it is planned.
"""

from workbench.hardware.planner import Architecture, MemoryPlan, fits, gib, in_gib, plan, show_gib
from workbench.hardware.sampler import Gap, Sampler
from workbench.hardware.snapshot import GpuReading, Nvml, Snapshot, take_snapshot

__all__ = [
    "Architecture",
    "Gap",
    "GpuReading",
    "MemoryPlan",
    "Nvml",
    "Sampler",
    "Snapshot",
    "fits",
    "gib",
    "in_gib",
    "plan",
    "show_gib",
    "take_snapshot",
]
