"""A file of lines that only grows: what was appended stays through kill -9, and a line cut short counts for nothing.

    lock ─► cut off an unfinished tail ─► write ─► fsync ─► unlock          lines(): whatever has its end, no lock

It does not know what a line means, nor the sentence that a person reads when the file is locked or the disk is full:
the room that writes says it. Lines that its reader cannot use are moved, never deleted, to `<name>.broken.jsonl`.

>>> journal = Journal(Path("looks.jsonl"), locked="Busy; wait", full="Full; free some")      # doctest: +SKIP
>>> journal.append('{"n": 1}')                                                               # doctest: +SKIP
>>> journal.lines()                                                                          # doctest: +SKIP
(b'{"n": 1}',)
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from workbench import disk
from workbench.core.errors import StoreError, StoreFull, StoreLocked, StoreReadOnly

BLOCK_BYTES = 1 << 16


class Journal:
    """One such file.

    Args:
        path: made, with its folder, on the first write; `<path>.lock` lies beside it.
        locked: the sentence of StoreLocked.
        full: the sentence of StoreFull.
        wait_s: how long to wait for another process that holds it.
        thread_local: a lock held in one thread keeps out the others; False shares it among this process's threads.
    """

    def __init__(self, path: Path, *, locked: str, full: str, wait_s: float = 0.0, thread_local: bool = True) -> None:
        from filelock import FileLock

        self.path = path
        self.aside = path.with_name(f"{path.stem}.broken{path.suffix}")
        self._locked, self._full = locked, full
        self._lock = FileLock(path.with_name(f"{path.name}.lock"), timeout=wait_s, thread_local=thread_local)
        self._counting = nullcontext() if thread_local else threading.Lock()  # a shared FileLock miscounts its holders
        self._writing = threading.Lock()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Inside, no other process writes. It may be held within itself; the kernel ends it with the process.

        Raises:
            StoreLocked: another process held it all the time.
        """
        from filelock import Timeout

        with self._explained():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with self._counting:
                    self._lock.acquire()
            except Timeout as error:
                raise StoreLocked(self._locked) from error
        try:
            yield
        finally:
            with self._counting:
                self._lock.release()

    def lines(self) -> tuple[bytes, ...]:
        """Every line that has its end, oldest first, without it.

        Raises:
            StoreError: the file is there and cannot be read.
        """
        with self._explained():
            return _lines(self.path)

    def append(self, line: str) -> None:
        """Write one line; when this returns, it is on the disk.

        Raises:
            StoreError: it could not be written; the file is as it was.
        """
        assert "\n" not in line, "a line has one end"
        with self.held(), self._writing, self._explained():
            _add(self.path, line.encode() + b"\n")

    def set_aside(self, numbers: Collection[int]) -> None:
        """Move lines, counted from 1, to `<name>.broken.jsonl`; cut short anywhere, it can be done again.

        Raises:
            StoreError: it could not be written; the file is as it was.
        """
        with self.held(), self._writing, self._explained():
            lines = _lines(self.path)
            there = set(_lines(self.aside))  # an earlier try may have come this far
            moved = [line for number, line in enumerate(lines, start=1) if number in numbers and line not in there]
            if moved:
                _add(self.aside, _joined(moved))
            kept = [line for number, line in enumerate(lines, start=1) if number not in numbers]
            with disk.replacing(self.path) as file:
                os.fchmod(file.fileno(), stat.S_IMODE(self.path.stat().st_mode))
                file.buffer.write(_joined(kept))

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Errors of the file system, in our words."""
        try:
            yield
        except OSError as error:
            if disk.has_no_room(error):
                raise StoreFull(self._full) from error
            if disk.is_forbidden(error):
                raise StoreReadOnly(f"{self.path} cannot be written; make it and its folder writable") from error
            raise StoreError(f"{self.path} cannot be used ({error.strerror}); choose another folder") from error


def _lines(path: Path) -> tuple[bytes, ...]:
    content = path.read_bytes() if path.exists() else b""
    return tuple(content.split(b"\n")[:-1])


def _joined(lines: Collection[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def _add(path: Path, content: bytes) -> None:
    """All of it on the disk behind the last whole line, or nothing."""
    end = _end_of_last_line(path)
    with path.open("ab", buffering=0) as file:  # a buffer would write what is left of it on closing, after the cut
        os.ftruncate(file.fileno(), end)
        try:
            left = memoryview(content)
            while left:
                left = left[file.write(left) :]
            os.fsync(file.fileno())
            if end == 0:
                disk.sync(path.parent)  # a new file's name is durable only when its folder is
        except BaseException:  # Ctrl-C too
            os.ftruncate(file.fileno(), end)
            raise


def _end_of_last_line(path: Path) -> int:
    """In bytes from the start, its end included; 0 where there is none."""
    if not path.exists():
        return 0
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        while end:
            start = max(0, end - BLOCK_BYTES)
            file.seek(start)
            found = file.read(end - start).rfind(b"\n")
            if found >= 0:
                return start + found + 1
            end = start
    return 0
