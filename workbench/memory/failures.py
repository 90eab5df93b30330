"""What a database library says, in our words: one sentence that ends in the next action.

    SQLITE_FULL ──► StoreFull        SQLITE_BUSY, _LOCKED    ──► StoreLocked      the rest ──► StoreError
    READONLY, CANTOPEN ──► StoreReadOnly     CORRUPT, NOTADB ──► StoreCorrupt

The only place that reads a driver's error codes. It does not know what was being written.

>>> with translated("/tmp/notes.txt"):  # doctest: +SKIP
...     connection.execute(text("SELECT 1"))
workbench.core.errors.StoreCorrupt: /tmp/notes.txt cannot be read as a database (file is not a database); …
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from workbench import disk
from workbench.core.errors import StoreCorrupt, StoreError, StoreFull, StoreLocked, StoreReadOnly

NEARLY_FULL_BYTES = 1 << 20  # with less than this free, an unexplained I/O error is the disk being full
LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
UNREADABLE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
UNWRITABLE = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM)


class Clash(StoreError):
    """Two writers stored the same key at once; whoever comes second may try again."""


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Errors of SQLAlchemy, sqlite3 and the file system that leave this block are ours.

    Args:
        place: the database as the person knows it: a path, or a URL without its password.
    """
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise in_our_words(error, place) from error
    except OSError as error:
        raise _of_the_file_system(error, place) from error


def in_our_words(error: SQLAlchemyError | sqlite3.Error, place: str) -> StoreError:
    """The StoreError that says what `error` means for the person."""
    cause = getattr(error, "orig", None) or error
    said = (str(cause).splitlines() or [type(cause).__name__])[0]
    if isinstance(error, IntegrityError | sqlite3.IntegrityError):
        return Clash(f"{place} already holds a row with that key ({said}); run the command once more")
    code = getattr(cause, "sqlite_errorcode", None)
    if code is None:
        return StoreError(f"The database {place} could not do that ({said}); check memory.database_url and its server")
    return _of_sqlite(code & 0xFF, said, place)


def _of_sqlite(code: int, said: str, place: str) -> StoreError:
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and _nearly_full(place)):
        return _full(place)
    if code in LOCKED:
        return StoreLocked(f"Another process holds {place}; let it finish or close it, then try again")
    if code in UNWRITABLE:
        return _read_only(place, said)
    if code in UNREADABLE:
        return StoreCorrupt(
            f"{place} cannot be read as a database ({said}); move it away to start anew, or restore a backup of it"
        )
    return StoreError(f"The database {place} could not do that ({said}); check the disk it lies on, then try again")


def _of_the_file_system(error: OSError, place: str) -> StoreError:
    if disk.has_no_room(error):
        return _full(place)
    if disk.is_forbidden(error):
        return _read_only(place, error.strerror or "no permission")
    return StoreError(f"{place} cannot be reached ({error.strerror}); choose another folder with WORKBENCH_HOME")


def _full(place: str) -> StoreFull:
    return StoreFull(f"No space is left for {place} and nothing was half-written; free some space, then try again")


def _read_only(place: str, said: str) -> StoreReadOnly:
    return StoreReadOnly(
        f"{place} cannot be written ({said}); make the file and its folder writable, or set WORKBENCH_HOME elsewhere"
    )


def _nearly_full(place: str) -> bool:
    folder = Path(place).parent
    return folder.is_dir() and shutil.disk_usage(folder).free < NEARLY_FULL_BYTES
