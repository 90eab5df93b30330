"""Keep the last readings of the machine, taken in the background at a steady pace.

    read() every interval_ms ──► ring of `capacity` snapshots (the oldest falls out) ──► samples()

A reading that fails with an `OSError` (no file handle left, say) leaves a `Gap`, and the next one is tried as usual;
any other error is a mistake of ours and stops the sampler. It does not know what is read, nor who draws it.

>>> from workbench.hardware.snapshot import take_snapshot
>>> with Sampler(lambda: take_snapshot(6 * 1024**3), interval_ms=50, capacity=100) as sampler:
...     pass
>>> len(sampler.samples()) >= 1
True
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

from workbench.core.errors import SettingsError
from workbench.hardware.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Gap:
    """A moment at which the machine could not be read, and why."""

    at: float  # seconds since the epoch, UTC
    reason: str


class Sampler:
    """A bounded history of snapshots, filled by one background thread.

    The first reading is taken in `start`, before the thread runs, so a started sampler is never empty.
    """

    def __init__(self, read: Callable[[], Snapshot], interval_ms: float, capacity: int) -> None:
        if interval_ms <= 0:
            raise SettingsError(f"interval_ms must be above 0, not {interval_ms}; 1000 reads once a second.")
        if capacity < 1:
            raise SettingsError(f"capacity must be at least 1, not {capacity}; 300 keeps five minutes at 1000 ms.")
        self._read = read
        self._interval_seconds = interval_ms / 1000
        self._samples: deque[Snapshot] = deque(maxlen=capacity)
        self._gaps: deque[Gap] = deque(maxlen=capacity)
        self._lock = threading.Lock()  # guards both rings: a deque must not grow while it is copied
        self._lifecycle = threading.Lock()  # guards starting and stopping
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Begin sampling; a second call does nothing. A stopped sampler may start again and keeps its history."""
        with self._lifecycle:
            if self.running:
                return
            self._stop = threading.Event()
            self._take()
            self._thread = threading.Thread(target=self._run, args=(self._stop,), name="hardware-sampler", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End sampling and wait for the reading under way; a second call does nothing."""
        with self._lifecycle:
            self._stop.set()
            if self._thread is not None:
                self._thread.join()
                self._thread = None

    def samples(self) -> tuple[Snapshot, ...]:
        """The kept snapshots, oldest first."""
        with self._lock:
            return tuple(self._samples)

    def gaps(self) -> tuple[Gap, ...]:
        """The readings that failed, oldest first."""
        with self._lock:
            return tuple(self._gaps)

    def __enter__(self) -> Sampler:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self, stop: threading.Event) -> None:
        while not stop.wait(self._interval_seconds):
            self._take()

    def _take(self) -> None:
        try:
            snapshot = self._read()
        except OSError as error:
            with self._lock:
                self._gaps.append(Gap(time.time(), str(error) or type(error).__name__))
            return
        with self._lock:
            self._samples.append(snapshot)
