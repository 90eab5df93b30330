"""What every look saw and spent, one JSON line each, in `gates.jsonl`; nothing is ever changed or taken away.

    lock ─► read: who was compared, what was spent, which examples are used up ─► judge ─► append, fsync ─► unlock

A look that was written survives kill -9; one that was cut short while writing left a line without its end, which
readers pass over and the next append cuts off. `pandas.read_json(path, lines=True)` reads it. It does not know what a
look means, nor how a line comes to stay: `journal.py` does.

>>> ledger = Ledger(Path("var/gate"))                                    # doctest: +SKIP
>>> len(ledger.looks("base")), len(ledger.used_ids())                    # doctest: +SKIP
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from workbench.core.errors import StoreCorrupt
from workbench.journal import Journal

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
        self.path = folder / NAME
        self._journal = Journal(
            self.path,
            locked=f"Another process is judging by {self.path}; try again when it has ended",
            full=f"No space is left for {self.path}; free some, then judge again",
            wait_s=wait_s,
        )

    def held(self) -> AbstractContextManager[None]:
        """Inside, no other process writes; two looks can therefore not spend the same error or the same examples.

        Raises:
            StoreLocked: another process held it all the time.
        """
        return self._journal.held()

    def lines(self) -> tuple[Line, ...]:
        """Every whole line, oldest first.

        Raises:
            StoreCorrupt: a line that was written whole is no longer readable.
        """
        return tuple(self._parsed(number, line) for number, line in enumerate(self._journal.lines(), start=1))

    def looks(self, incumbent: str, candidate: str | None = None) -> tuple[Line, ...]:
        """The looks at challengers of one incumbent, or at one of them, oldest first."""
        return tuple(
            line for line in self.lines() if line["incumbent"] == incumbent and candidate in (None, line["candidate"])
        )

    def used_ids(self) -> frozenset[str]:
        """Examples that some look has used up, whoever was compared; those that only watched are not among them."""
        return frozenset(one for line in self.lines() for one in line["ids"])

    def append(self, line: Line) -> None:
        """Write one look; when this returns, it is on the disk.

        Raises:
            StoreError: it could not be written; the ledger is as it was.
        """
        self._journal.append(json.dumps(line, ensure_ascii=False, allow_nan=False))

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
