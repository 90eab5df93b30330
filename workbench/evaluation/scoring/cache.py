"""Verdicts kept in a file of SQLite, so that nothing is computed twice; several processes may share it.

    (adapter or "base", base, scorer version, precision, longest reply, example and its tokens)
        ──► right, log-probability, reply

A verdict is found again only under all six, so a changed scorer, precision, prompt template or tokenizer never reuses
one. Each row carries a digest of itself: a file that cannot be read, or whose rows were altered, is set aside and a new
one begun, for what it held can be computed again. It does not know models.

>>> cache = ScoreCache(Path("scores.sqlite"))                              # doctest: +SKIP
>>> cache.get(Setting("base", base.identity, 1, "fp32", 0), ["…"])         # doctest: +SKIP
{}
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

from workbench.core.errors import StoreCorrupt

log = logging.getLogger(__name__)
T = TypeVar("T")

BUSY_TIMEOUT_S = 30.0
ASKED_AT_ONCE = 500  # SQLite takes no more than 32,766 variables
ID_DIGITS = 32  # of an example's id, with which a row's name begins
TABLE = """
CREATE TABLE IF NOT EXISTS verdicts (
    adapter TEXT, base TEXT, version INTEGER, precision TEXT, longest INTEGER, example TEXT,
    right INTEGER NOT NULL, logprob REAL, reply TEXT, digest BLOB NOT NULL,
    PRIMARY KEY (adapter, base, version, precision, longest, example)
) WITHOUT ROWID
"""


class Setting(NamedTuple):
    """What verdicts depend on beside the example.

    Args:
        adapter: its identity, or `base`.
        longest: tokens a reply may have; 0 where it follows from the gold answer.
    """

    adapter: str
    base: str
    version: int
    precision: str
    longest: int


class Verdict(NamedTuple):
    """What is kept of one example."""

    right: bool
    logprob: float | None
    reply: str | None


class ScoreCache:
    """The file; it is opened anew for each reading and writing, so threads and processes may share it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def get(self, setting: Setting, examples: Sequence[str]) -> dict[str, Verdict]:
        """The verdicts that are there.

        Raises:
            StoreError: the file cannot be reached, or another process holds it too long.
        """
        return self._mended(lambda: self._get(setting, examples))

    def put(self, setting: Setting, verdicts: Mapping[str, Verdict]) -> None:
        """Keep these, all or none.

        Raises:
            StoreError: no space, no permission, or another process holds the file too long.
        """
        self._mended(lambda: self._put(setting, verdicts))

    def forget(self, examples: Collection[str]) -> None:
        """Remove what is known of these examples, by id, from the file and from what was set aside; no byte stays.

        Raises:
            StoreError: the file cannot be written, or another process holds it too long.
        """
        for aside in self.path.parent.glob(f"{self.path.name}.damaged-*"):
            aside.unlink(missing_ok=True)
        if examples and self.path.exists():
            self._mended(lambda: self._forget(sorted(examples)))

    def _forget(self, examples: Sequence[str]) -> None:
        with self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            for some in _batches(examples):
                named = f"substr(example, 1, {ID_DIGITS}) IN ({','.join('?' * len(some))})"
                connection.execute(f"DELETE FROM verdicts WHERE {named}", tuple(some))
            connection.execute("COMMIT")
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _get(self, setting: Setting, examples: Sequence[str]) -> dict[str, Verdict]:
        found: dict[str, Verdict] = {}
        if not self.path.exists():
            return found
        with self._open() as connection:
            for some in _batches(list(dict.fromkeys(examples))):
                query = (
                    "SELECT example, right, logprob, reply, digest FROM verdicts WHERE adapter = ? AND base = ? AND "
                    f"version = ? AND precision = ? AND longest = ? AND example IN ({','.join('?' * len(some))})"
                )
                for example, right, logprob, reply, digest in connection.execute(query, (*setting, *some)):
                    found[example] = Verdict(bool(right), logprob, reply)
                    if digest != _digest(setting, example, found[example]):
                        raise StoreCorrupt(f"{self.path} was altered; it is set aside and a new one begun")
        return found

    def _put(self, setting: Setting, verdicts: Mapping[str, Verdict]) -> None:
        given = [(*setting, name, *one, _digest(setting, name, one)) for name, one in verdicts.items()]
        with self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(f"INSERT OR REPLACE INTO verdicts VALUES ({','.join('?' * 10)})", given)
            connection.execute("COMMIT")

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        from workbench.memory.failures import translated

        with translated(str(self.path)):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None)) as connection:
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("PRAGMA synchronous=NORMAL")  # what a power cut takes is computed again
                connection.execute(TABLE)
                yield connection

    def _mended(self, act: Callable[[], T]) -> T:
        """Do it; if the file is damaged, once more on a new one."""
        try:
            return act()
        except StoreCorrupt:
            self._set_aside(act)
            return act()

    def _set_aside(self, act: Callable[[], T]) -> None:
        """Only one process moves it; one that waited meanwhile finds the new file sound and leaves it."""
        from filelock import FileLock

        with FileLock(f"{self.path}.lock"):
            try:
                act()
            except StoreCorrupt as error:
                aside = self.path.with_name(f"{self.path.name}.damaged-{time.time_ns()}")
                log.warning("%s; it is now %s, and a new file is begun", error.sentence, aside.name)
                self.path.replace(aside)
                for part in ("-wal", "-shm"):  # SQLite's own; with the new file they would damage that one too
                    self.path.with_name(self.path.name + part).unlink(missing_ok=True)


def _digest(setting: Setting, example: str, verdict: Verdict) -> bytes:
    right, logprob, reply = verdict
    said = (right, None if logprob is None else logprob + 0.0, reply)  # SQLite keeps -0.0 as 0.0
    return hashlib.blake2b(repr((*setting, example, *said)).encode(), digest_size=8).digest()


def _batches(names: Sequence[str]) -> Iterable[Sequence[str]]:
    return (names[begin : begin + ASKED_AT_ONCE] for begin in range(0, len(names), ASKED_AT_ONCE))
