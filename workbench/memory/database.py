"""One open database: short transactions, our errors, tables up to date.

    open_database(path or URL) ──► Database ──┬─ read()   a consistent view; never waits for a writer
                                              └─ write()  begins by taking the write lock; all of it or nothing

SQLite by default: WAL, synchronous=FULL (a commit that returned survives a power cut), foreign keys on. Any other
SQLAlchemy URL works with its driver installed. It does not know what the rows mean.

>>> database = open_database("/tmp/memory.sqlite")  # doctest: +SKIP
>>> with database.write() as connection:  # doctest: +SKIP
...     connection.execute(insert(sessions).values(id="1", name="first", created_at=0.0))
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from workbench.core.errors import Cancelled, StoreError
from workbench.memory.failures import translated
from workbench.memory.migrate import HEAD, revision_of, upgrade
from workbench.memory.vault import PlainVault, Vault

BUSY_TIMEOUT_S = 5.0
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON")


class Database:
    """An engine and its name for people; made by `open_database`."""

    def __init__(self, engine: Engine, place: str) -> None:
        self.place = place
        self.vault: Vault = PlainVault()
        self._engine = engine
        self._writer = engine.execution_options(takes_write_lock=True)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads."""
        with translated(self.place), self._engine.begin() as connection:
            self.vault.check(connection)
            yield connection

    @contextmanager
    def write(self, *, stop: threading.Event | None = None) -> Iterator[Connection]:
        """A transaction that is kept whole when the block ends, or not at all when it raises.

        Args:
            stop: if set by the time the block ends, the transaction is undone.
        Raises:
            StoreError: StoreFull, StoreLocked, StoreReadOnly, StoreCorrupt and their parent.
            Cancelled: `stop` was set.
        """
        with translated(self.place), self._writer.begin() as connection:
            self.vault.check(connection)
            yield connection
            if stop is not None and stop.is_set():
                raise Cancelled("The turn was stopped before it was stored; nothing of it was kept, so ask again")

    @contextmanager
    def bare(self, *, write: bool = False) -> Iterator[Connection]:
        """A transaction that does not ask the vault: for migrations, and for the vault itself."""
        with translated(self.place), (self._writer if write else self._engine).begin() as connection:
            yield connection

    def scrub(self) -> None:
        """Fold SQLite's log into its file and empty it, so that what was deleted is in neither.

        Deleted rows are overwritten with zeros as they go (`secure_delete`). While another process reads an older
        state the log cannot be emptied; the next scrub, or whoever closes the database last, does it.
        """
        if self._engine.dialect.name == "sqlite":
            with translated(self.place), self._engine.connect() as connection:
                raw = connection.connection.dbapi_connection
                assert raw is not None
                raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close every connection; the last one folds SQLite's log into its file."""
        self._engine.dispose()


def open_database(where: str | Path, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Database:
    """Open a database, creating or upgrading its tables where needed.

    Args:
        where: a file path, or any SQLAlchemy URL.
        busy_timeout_s: how long SQLite waits for another process's write before StoreLocked.
    Raises:
        StoreError: it cannot be opened, or a newer workbench wrote it.
    """
    url = _url_of(where)
    place = url.database if _is_sqlite(url) else url.render_as_string(hide_password=True)
    assert place is not None
    database = Database(_engine_for(url, place, busy_timeout_s), place)
    try:
        _bring_up_to_date(database)
    except BaseException:
        database.close()
        raise
    return database


def _bring_up_to_date(database: Database) -> None:
    with database.bare() as connection:
        found = revision_of(connection)
    if found != HEAD:
        with database.bare(write=True) as connection:
            upgrade(connection, database.place)


def _url_of(where: str | Path) -> URL:
    if "://" not in str(where):
        return URL.create("sqlite", database=str(Path(where).expanduser().absolute()))
    try:
        url = make_url(str(where))
    except ArgumentError as error:
        raise StoreError("memory.database_url is not a SQLAlchemy URL; write it as sqlite:////folder/file") from error
    if _is_sqlite(url) and url.database in (None, "", ":memory:"):
        raise StoreError("memory.database_url names no file, so all would be forgotten; write sqlite:////folder/file")
    return url


def _is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def _engine_for(url: URL, place: str, busy_timeout_s: float) -> Engine:
    try:
        if not _is_sqlite(url):
            return create_engine(url, pool_pre_ping=True)
        with translated(place):
            Path(place).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(url, connect_args={"timeout": busy_timeout_s})
    except (NoSuchModuleError, ImportError) as error:
        raise StoreError(
            f"The driver for {url.drivername} is missing ({error}); install it with pip, or unset memory.database_url"
        ) from error
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # Python's own transactions leave DDL outside; `_begin_sqlite` begins ours
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes the lock first: a reader that turns writer half-way would fail instead of waiting."""
    takes_lock = connection.get_execution_options().get("takes_write_lock", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if takes_lock else "BEGIN")
