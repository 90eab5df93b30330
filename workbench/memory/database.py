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
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, select
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from workbench.core.errors import Cancelled, StoreError, StoreLocked
from workbench.memory.failures import translated
from workbench.memory.migrate import HEAD, revision_of, upgrade
from workbench.memory.tables import keys as key_table
from workbench.memory.vault.plain import PlainVault, Vault

if TYPE_CHECKING:
    from workbench.memory.vault.keys import KeySource

BUSY_TIMEOUT_S = 5.0
CHECKPOINTS = 4  # tries to empty the log, each as long as that, where others read without a pause
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

    @property
    def file(self) -> Path | None:
        """The database's file; `None` for one on a server."""
        return Path(self.place) if self._engine.dialect.name == "sqlite" else None

    def compact(self) -> None:
        """Write the file anew from its rows alone and empty its log: no byte of former rows is left in either.

        Raises:
            StoreLocked: another process reads an older state, which is in the log.
        """
        if self.file is None:
            return
        with translated(self.place), self._engine.connect() as connection:
            raw = connection.connection.dbapi_connection
            assert raw is not None
            cursor = raw.cursor()
            cursor.execute("VACUUM")
            for _ in range(CHECKPOINTS):
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                if not next(iter(cursor.fetchone() or (0,))):
                    return
        raise StoreLocked(f"Another process still reads former rows of {self.place}; close it, then open it again")

    def close(self) -> None:
        """Close every connection; the last one folds SQLite's log into its file."""
        self._engine.dispose()


def open_database(
    where: str | Path,
    *,
    busy_timeout_s: float = BUSY_TIMEOUT_S,
    keys: KeySource | None = None,
    encrypt: bool = False,
    encrypt_vectors: bool = False,
) -> Database:
    """Open a database, creating or upgrading its tables where needed; an encrypted one is opened with its key.

    Args:
        where: a file path, or any SQLAlchemy URL.
        busy_timeout_s: how long SQLite waits for another process's write before StoreLocked.
        keys: where the person's key may be; asked only where one is needed.
        encrypt: a plain store is encrypted now; an encrypted one stays so whatever this says.
        encrypt_vectors: the vectors too; whoever keeps an index on disk removes it (`conversion.remove_index`).
    Raises:
        StoreSealed: it is encrypted or is to be, and the key is missing, wrong or not allowed; nothing was touched.
        StoreError: it cannot be opened, or a newer workbench wrote it.
    """
    if encrypt:
        from workbench.memory.vault.keys import first_key

        first_key(keys, "Memory is to be encrypted")
    url = _url_of(where)
    place = url.database if _is_sqlite(url) else url.render_as_string(hide_password=True)
    assert place is not None
    database = Database(_engine_for(url, place, busy_timeout_s), place)
    try:
        _unlock(database, keys)
        _bring_up_to_date(database)
        if encrypt or database.vault.seals:
            _encrypt(database, keys, encrypt=encrypt, vectors=encrypt_vectors)
    except BaseException:
        database.close()
        raise
    return database


def _unlock(database: Database, source: KeySource | None) -> None:
    """Give an encrypted database its vault, before anything is written to it."""
    with database.bare() as connection:
        if not inspect(connection).has_table("keys") or not connection.execute(select(key_table.c.id).limit(1)).first():
            return
        from workbench.memory.vault.sealing import key_rows, unlocked

        database.vault = unlocked(key_rows(connection), source, database.place)


def _bring_up_to_date(database: Database) -> None:
    with database.bare() as connection:
        found = revision_of(connection)
    if found != HEAD:
        with database.bare(write=True) as connection:
            upgrade(connection, database.place)


def _encrypt(database: Database, source: KeySource | None, *, encrypt: bool, vectors: bool) -> None:
    """What is plain and should not be is encrypted, and what a killed process began is finished."""
    from workbench.memory.vault import conversion

    wanted = (encrypt and not database.vault.seals) or (vectors and not database.vault.seals_vectors)
    if wanted and source is not None:
        conversion.encrypt(database, source, vectors=vectors)
    conversion.finish(database)


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
