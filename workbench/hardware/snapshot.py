"""Read the machine once: what the memory budget still holds, and how busy the processor is.

The budget is one concept on every device; the label says which memory it counts.

    label                 used               total                free
    "VRAM"                card, everybody    card                 max(0, min(card free, budget − used))
    "resident memory"     this process       min(budget, RAM)     max(0, min(available, total − used))

On a GPU `used` counts every process: the model lives in Ollama's server, not in ours, and NVML does not name processes
under WSL 2. Charging everybody to the budget is the cautious reading; on a large shared card, raise the budget.
On a CPU `available` is what the operating system could still give to any program without swapping.

A machine without an NVIDIA driver, or without the `gpu` extra, has no GPU: that is a reading, not an error.
A CPU reading is never labelled VRAM. This file does not know what any model needs.

>>> take_snapshot(6 * 1024**3).label in ("VRAM", "resident memory")
True
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import psutil

Label = Literal["VRAM", "resident memory"]

# Processor times advance in ticks of 10 ms, so a shorter window would read 0 or 100 by chance; summed over all cores.
_SHORTEST_WINDOW_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class GpuReading:
    """What NVML says of one card at one moment; `None` where the card does not report it."""

    name: str
    total_bytes: int
    used_bytes: int
    free_bytes: int
    utilisation_percent: float | None = None
    temperature_c: float | None = None
    power_watts: float | None = None


class Nvml(Protocol):
    """The one question put to the NVIDIA driver."""

    def read(self) -> GpuReading | None:
        """The first card, or `None` where there is no card, no driver or no answer."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The machine at one moment. `free_bytes` is what may still be taken within the budget."""

    taken_at: float  # seconds since the epoch, UTC
    label: Label
    device: str
    used_bytes: int
    total_bytes: int
    free_bytes: int
    cpu_percent: float | None  # of all cores together, 0..100, since the previous snapshot
    system_available_bytes: int
    gpu_utilisation_percent: float | None = None
    gpu_temperature_c: float | None = None
    gpu_power_watts: float | None = None


def take_snapshot(budget_bytes: int, *, nvml: Nvml | None = None) -> Snapshot:
    """Read VRAM where there is an NVIDIA card, resident memory otherwise.

    Args:
        budget_bytes: what the workbench may use on this device.
        nvml: the driver to ask; the installed one by default.
    Returns:
        A snapshot whose label names the memory that was counted. A missing or failing NVML never raises.
    """
    gpu = (_DRIVER if nvml is None else nvml).read()
    return _resident(budget_bytes) if gpu is None else _vram(budget_bytes, gpu)


def _vram(budget_bytes: int, gpu: GpuReading) -> Snapshot:
    return Snapshot(
        taken_at=time.time(),
        label="VRAM",
        device=gpu.name,
        used_bytes=gpu.used_bytes,
        total_bytes=gpu.total_bytes,
        free_bytes=max(0, min(gpu.free_bytes, budget_bytes - gpu.used_bytes)),
        cpu_percent=_CPU.percent(),
        system_available_bytes=psutil.virtual_memory().available,
        gpu_utilisation_percent=gpu.utilisation_percent,
        gpu_temperature_c=gpu.temperature_c,
        gpu_power_watts=gpu.power_watts,
    )


def _resident(budget_bytes: int) -> Snapshot:
    memory = psutil.virtual_memory()
    used = psutil.Process().memory_info().rss
    total = min(budget_bytes, memory.total)
    return Snapshot(
        taken_at=time.time(),
        label="resident memory",
        device=f"CPU, {psutil.cpu_count() or 1} cores",
        used_bytes=used,
        total_bytes=total,
        free_bytes=max(0, min(memory.available, total - used)),
        cpu_percent=_CPU.percent(),
        system_available_bytes=memory.available,
    )


class CpuMeter:
    """Busy share of all cores since the last reading.

    psutil's own `cpu_percent` keeps one baseline per thread and answers 0 to a thread's first call, which a plot would
    show as an idle machine; this keeps one baseline per process and says `None` where nothing has been measured.
    """

    def __init__(self, times: Callable[[], Any] = psutil.cpu_times) -> None:
        self._times = times
        self._lock = threading.Lock()
        self._busy, self._total = self._read()
        self._percent: float | None = None

    def percent(self) -> float | None:
        with self._lock:
            busy, total = self._read()
            if total - self._total >= _SHORTEST_WINDOW_SECONDS:
                self._percent = min(100.0, max(0.0, 100 * (busy - self._busy) / (total - self._total)))
                self._busy, self._total = busy, total
            return self._percent

    def _read(self) -> tuple[float, float]:
        """Seconds of work and seconds altogether, since boot."""
        times = self._times()
        # Linux counts a virtual machine's guests a second time, inside user and nice.
        total = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
        return total - times.idle - getattr(times, "iowait", 0.0), total


def _import_pynvml() -> Any:
    import pynvml

    return pynvml


class NvmlDriver:
    """The installed NVIDIA driver, through nvidia-ml-py; found once, on the first reading."""

    def __init__(self, load: Callable[[], Any] = _import_pynvml) -> None:
        self._load = load
        self._library: Any = None
        self._missing = False

    def read(self) -> GpuReading | None:
        library = self._open()
        if library is None:
            return None
        try:
            return _read_card(library, library.nvmlDeviceGetHandleByIndex(0))
        except library.NVMLError:  # no card behind the driver, or the card fell off the bus
            return None

    def _open(self) -> Any:
        if self._library is None and not self._missing:
            self._library = self._start()
            self._missing = self._library is None
        return self._library

    def _start(self) -> Any:
        try:
            library = self._load()
        except ImportError:  # the `gpu` extra is not installed
            return None
        try:
            library.nvmlInit()
        except library.NVMLError:  # no driver on this machine
            return None
        return library


def _read_card(library: Any, card: Any) -> GpuReading:
    memory = library.nvmlDeviceGetMemoryInfo(card)
    name = library.nvmlDeviceGetName(card)
    load = _ask(library, library.nvmlDeviceGetUtilizationRates, card)
    temperature = _ask(library, library.nvmlDeviceGetTemperature, card, library.NVML_TEMPERATURE_GPU)
    milliwatts = _ask(library, library.nvmlDeviceGetPowerUsage, card)
    return GpuReading(
        name=name.decode() if isinstance(name, bytes) else name,  # bytes in releases before 11.5
        total_bytes=int(memory.total),
        used_bytes=int(memory.used),
        free_bytes=int(memory.free),
        utilisation_percent=None if load is None else float(load.gpu),
        temperature_c=None if temperature is None else float(temperature),
        power_watts=None if milliwatts is None else milliwatts / 1000,
    )


def _ask(library: Any, question: Callable[..., Any], *arguments: Any) -> Any:
    """The answer, or `None`: laptops and virtual cards often report neither power nor load."""
    try:
        return question(*arguments)
    except library.NVMLError:
        return None


_DRIVER = NvmlDriver()
_CPU = CpuMeter()
