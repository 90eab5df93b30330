"""What every look saw and spent, one JSON line each, in `gates.jsonl`; nothing is ever changed or taken away.

    lock ─► read: who was compared, what was spent, which examples are used up ─► judge ─► append, fsync ─► unlock

A look that was written survives kill -9; one that was cut short while writing left a line without its end, which
readers pass over and the next append cuts off. `pandas.read_json(path, lines=True)` reads it. It does not know what a
look means.

>>> ledger = Ledger(Path("var/gate"))                                    # doctest: +SKIP
>>> len(ledger.looks("base")), len(ledger.used_ids())                    # doctest: +SKIP
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from workbench import disk
from workbench.core.errors import StoreCorrupt, StoreError, StoreFull, StoreLocked, StoreReadOnly

NAME = "gates.jsonl"
WAIT_S = 30.0  # for another process's look to end

Line = Mapping[str, Any]


class Ledger:
    """The looks of one shelf.

    Args:
        folder: where `gates.jsonl` lies; made on the first write.
        wait_s: how long to wait for another process that holds it.
    """

    def __init__(self, folder: Path, *, wait_s: float = WAIT_S) -> None:
        from filelock import FileLock

        self.path = folder / NAME
        self._lock = FileLock(folder / f"{NAME}.lock", timeout=wait_s)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Inside, no other process writes; two looks can therefore not spend the same error or the same examples.

        Raises:
            StoreLocked: another process held it all the time.
        """
        from filelock import Timeout

        with _translated(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._lock.acquire()
            except Timeout as error:
                raise StoreLocked(f"Another process is judging by {self.path}; try again when it has ended") from error
        try:
            yield
        finally:
            self._lock.release()

    def lines(self) -> tuple[Line, ...]:
        """Every whole line, oldest first.

        Raises:
            StoreCorrupt: a line that was written whole is no longer readable.
        """
        with _translated(self.path):
            content = self.path.read_bytes() if self.path.exists() else b""
        return tuple(self._parsed(number, line) for number, line in enumerate(_whole(content).splitlines(), start=1))

    def looks(self, incumbent: str, candidate: str | None = None) -> tuple[Line, ...]:
        """The looks at challengers of one incumbent, or at one of them, oldest first."""
        return tuple(
            line for line in self.lines() if line["incumbent"] == incumbent and candidate in (None, line["candidate"])
        )

    def used_ids(self) -> frozenset[str]:
        """Examples that some look has seen, whoever was compared."""
        return frozenset(one for line in self.lines() for one in line["ids"])

    def append(self, line: Line) -> None:
        """Write one look; when this returns, it is on the disk.

        Raises:
            StoreError: it could not be written; the ledger is as it was.
        """
        text = json.dumps(line, ensure_ascii=False, allow_nan=False).encode() + b"\n"
        with self.held(), _translated(self.path):
            is_new = not self.path.exists()
            with self.path.open("ab") as file:
                end = self._cut_to_whole(file.fileno())
                try:
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
                except OSError:
                    os.ftruncate(file.fileno(), end)
                    raise
            if is_new:
                disk.sync(self.path.parent)  # a new file's name is durable only when its folder is

    def _cut_to_whole(self, descriptor: int) -> int:
        """Cut off a line that a killed process left unfinished; the size in bytes after it."""
        end = len(_whole(self.path.read_bytes()))
        os.ftruncate(descriptor, end)
        return end

    def _parsed(self, number: int, line: bytes) -> Line:
        try:
            found = json.loads(line)
            assert {"incumbent", "candidate", "ids"} <= found.keys()
        except (ValueError, AttributeError, AssertionError) as error:
            raise StoreCorrupt(
                f"Line {number} of {self.path} cannot be read; restore the file from a backup, or move it away and "
                "begin anew with examples that no look has seen"
            ) from error
        return dict(found)


def _whole(content: bytes) -> bytes:
    """The lines that have an end."""
    return content[: content.rfind(b"\n") + 1]


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Errors of the file system, in our words."""
    try:
        yield
    except OSError as error:
        if disk.has_no_room(error):
            raise StoreFull(f"No space is left for {path}; free some, then judge again") from error
        if disk.is_forbidden(error):
            raise StoreReadOnly(f"{path} cannot be written; make it and its folder writable") from error
        raise StoreError(f"{path} cannot be used ({error.strerror}); choose another folder") from error
