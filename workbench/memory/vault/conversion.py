"""A whole store from plain to encrypted, back, or on to another key.

    encrypt   one transaction: every sealed column through the new vault, and the rows of `keys`; then clean
    decrypt   one transaction: the other way
    rotate    rewrap all data keys, add a fresh one ──► re-seal older rows, batch by batch ──► drop old keys ──► clean
              └ one transaction; from here on the old            └ a transaction each; others read
                person's key opens nothing                         and write meanwhile

    clean     write the database file anew (VACUUM) and empty its log, so that no byte of former rows is left

What was begun and not finished stands in the store itself (data keys in use `open`, a run without an end), so a killed
process leaves a readable store and the next opening goes on. On a database server there is no file to clean, and
`encrypt` and `decrypt` want every other workbench closed. It does not know where keys come from.

>>> rotate(database, new_key_file(Path("memory.key.new")), on_progress=print)  # doctest: +SKIP
500 1204
"""

from __future__ import annotations

import json
import logging
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, delete, insert, select, update

from workbench.core.errors import StoreLocked, StoreSealed
from workbench.core.records import new_id
from workbench.memory.failures import translated
from workbench.memory.tables import keys, runs
from workbench.memory.vault import rows
from workbench.memory.vault.keys import FileKey, KeySource, PersonKey, first_key, new_key_file, read_key_file, staged
from workbench.memory.vault.plain import PlainVault, Vault
from workbench.memory.vault.rows import SEALED, Sealed
from workbench.memory.vault.sealing import Ring, SealingVault, key_rows, unlocked
from workbench.memory.vault.wrapping import DataKey, KeyRow, Use, unwrapped, wrapped

if TYPE_CHECKING:
    from workbench.memory.database import Database

log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]  # rows done, rows in all
WAIT_S = 5.0  # for another process that changes the encryption
KIND = "seal"  # of the rows in `runs`


def encrypt(
    database: Database, source: KeySource, *, vectors: bool = False, on_progress: Progress | None = None
) -> None:
    """Encrypt a plain store, or the vectors of one whose texts are encrypted; one that is so already is left alone.

    Args:
        source: its first key encrypts a plain store; a key of it opens an encrypted one.
        vectors: the vectors too; afterwards `remove_index` the one on disk.
    Raises:
        StoreSealed: no key, or not that of the store.
        StoreLocked: another process changes the encryption, or still reads the plain store: it is encrypted then, and
            cleaned when it is next opened.
    """
    with _alone(database):
        with database.bare(write=True) as connection:
            before: Vault = PlainVault()
            if stored := key_rows(connection):
                before = unlocked(stored, source, database.place)
            if before.seals and (before.seals_vectors or not vectors):
                database.vault = before
                return
            after = _encrypting(connection, before, source, database.place, vectors)
            _carry_all(connection, before, after, on_progress)
            _begin_run(connection, "vectors encrypted" if before.seals else "encrypted")
        database.vault = after
        clean(database)


def decrypt(database: Database, *, on_progress: Progress | None = None) -> None:
    """Make an encrypted store plain; a plain one is left alone.

    Raises:
        StoreLocked: another process changes the encryption.
    """
    with _alone(database):
        if not database.vault.seals:
            return
        with database.write() as connection:
            _carry_all(connection, database.vault, PlainVault(), on_progress)
            connection.execute(delete(keys))
        database.vault = PlainVault()


def rotate(database: Database, source: KeySource, *, on_progress: Progress | None = None) -> None:
    """Exchange the person's key and the data key of an encrypted store, while others go on using it.

    Args:
        source: its first key is the new one.
    Raises:
        StoreSealed: the store is not encrypted, or there is no new key.
        StoreLocked: another process changes the encryption; or it was exchanged, but another process reads an older
            state and the file is cleaned when it is next opened.
    """
    if not isinstance(vault := database.vault, SealingVault):
        raise _not_encrypted(database)
    key = first_key(source, "The key is to be exchanged")
    with _alone(database):
        _exchange(database, vault, key, source, on_progress=on_progress)


def rotate_key_file(database: Database, path: Path, *, on_progress: Progress | None = None) -> PersonKey:
    """Exchange the key in a key file for a fresh one, such that a crash at any instant loses neither.

    The new key waits in `staged(path)`, where `FileKey` looks too, until it opens the store; then it takes the place
    of the old one, which opens nothing any more but older backups.

    Returns:
        the new key.
    """
    if not isinstance(vault := database.vault, SealingVault):
        raise _not_encrypted(database)
    with _alone(database):
        _settle(database, path)
        key = new_key_file(staged(path))

        def replace() -> None:
            with translated(str(path)):
                staged(path).replace(path)

        _exchange(database, vault, key, FileKey(path), on_progress=on_progress, on_exchanged=replace)
    return PersonKey(key.text, f"the file {path}")


def finish(database: Database) -> None:
    """Go on with what a killed process left: rows under an old data key, a file not yet cleaned.

    Another process that is at it goes on alone; a file that others read is cleaned another time.
    """
    with database.read() as connection:
        old = connection.execute(select(keys.c.id).where(keys.c.use == "open")).first()
        owed = connection.execute(select(runs.c.id).where(_unfinished())).first()
    if not (old or owed):
        return
    log.info("A change of the encryption of %s was cut short; it is finished now", database.place)
    try:
        with _alone(database, wait_s=0.0):
            if old and isinstance(database.vault, SealingVault):
                _reseal(database, database.vault, None)
            clean(database)
    except _AnotherIsAtIt as error:
        log.info("%s", error)
    except StoreLocked as error:
        log.warning("%s", error)


def clean(database: Database) -> None:
    """Leave no byte of former rows in the database's files, and note that a change of encryption is complete.

    Raises:
        StoreLocked: another process reads an older state.
    """
    database.compact()
    with database.write() as connection:
        connection.execute(update(runs).where(_unfinished()).values(finished_at=time.time()))


def remove_index(folder: Path) -> None:
    """Delete the vector index on disk, whose vectors anybody can read; none there is fine.

    Args:
        folder: where `chroma` and its lock lie.
    Raises:
        StoreLocked: another process has it open.
    """
    from filelock import FileLock, Timeout

    if not (folder / "chroma").exists():
        return
    with translated(str(folder)):
        try:
            with FileLock(folder / "chroma.lock", timeout=0):
                shutil.rmtree(folder / "chroma")
        except Timeout as error:  # an OSError too, which is not to be taken for one
            raise StoreLocked(
                f"Another workbench uses the index in {folder}, whose vectors are readable; close it, then try again"
            ) from error


def _encrypting(connection: Connection, before: Vault, source: KeySource, place: str, vectors: bool) -> SealingVault:
    """The vault to come, its rows written: fresh data keys, or those of before with the vectors added."""
    if isinstance(before, SealingVault):
        stored = key_rows(connection)
        key = next(key for key in source.candidates() if _fits(stored, key))
        ring = Ring(before.ring.held, before.ring.uses, vectors)
    else:
        key = first_key(source, f"{place} is to be encrypted")
        fresh: dict[Use, DataKey] = {"seal": DataKey.fresh(), "match": DataKey.fresh()}
        ring = Ring({one.id: one for one in fresh.values()}, {one.id: use for use, one in fresh.items()}, vectors)
    _replace_rows(connection, wrapped(_by_use(ring), key, vectors=vectors))
    return SealingVault(ring, source, place)


def _fits(stored: list[KeyRow], key: PersonKey) -> bool:
    try:
        return bool(unwrapped(stored, key, ""))
    except StoreSealed:
        return False


def _exchange(
    database: Database,
    vault: SealingVault,
    key: PersonKey,
    source: KeySource,
    *,
    on_progress: Progress | None,
    on_exchanged: Callable[[], None] = lambda: None,
) -> None:
    """What `rotate` does; `on_exchanged` is called once the new key, and it alone, opens the store."""
    with database.write() as connection:
        ring = _with_fresh_key(vault.ring)
        _replace_rows(connection, wrapped(_by_use(ring), key, vectors=ring.vectors))
        _begin_run(connection, "rotated")
        vault.hold(ring.held)  # before the commit: other threads follow at once
    vault.source = source
    on_exchanged()
    _reseal(database, vault, on_progress)
    clean(database)


def _not_encrypted(database: Database) -> StoreSealed:
    return StoreSealed(f"{database.place} is not encrypted and has no key to exchange; set memory.encrypt_memory")


def _with_fresh_key(ring: Ring) -> Ring:
    """What sealed before only opens from now on."""
    fresh = DataKey.fresh()
    uses: dict[str, Use] = {name: "open" if use == "seal" else use for name, use in ring.uses.items()}
    return Ring({**ring.held, fresh.id: fresh}, {**uses, fresh.id: "seal"}, ring.vectors)


def _by_use(ring: Ring) -> dict[DataKey, Use]:
    return {ring.held[name]: use for name, use in ring.uses.items()}


def _replace_rows(connection: Connection, stored: list[KeyRow]) -> None:
    connection.execute(delete(keys))
    columns = ("id", "wrapped", "use", "vectors", "created_at")
    connection.execute(insert(keys), [{name: getattr(row, name) for name in columns} for row in stored])


def _carry_all(connection: Connection, before: Vault, after: Vault, on_progress: Progress | None) -> None:
    """Every row from one vault to the other, inside the caller's transaction."""
    total, done = sum(rows.count(connection, sealed) for sealed in SEALED), 0
    for sealed in SEALED:
        last: Any = None
        while some := rows.batch(connection, sealed, last):
            rows.store(connection, sealed, [rows.carried(sealed, row, before, after) for row in some])
            last, done = some[-1]["id"], done + len(some)
            _say(on_progress, done, total)


def _reseal(database: Database, vault: SealingVault, on_progress: Progress | None) -> None:
    """Seal older rows with the newest data key, a batch to a transaction, then drop the older data keys."""
    with database.read() as connection:
        older = vault.headers("open")
        total, done = sum(rows.count(connection, sealed, rows.needing(sealed, older)) for sealed in SEALED), 0
    while not _dropped(database, older):
        for sealed in SEALED:
            for number in _resealed(database, vault, sealed, older):
                done += number
                _say(on_progress, min(done, total), total)


def _resealed(database: Database, vault: SealingVault, sealed: Sealed, older: Sequence[str]) -> Iterator[int]:
    """How many rows of a table each transaction has sealed anew."""
    last: Any = None
    while True:
        with database.write() as connection:
            some = rows.batch(connection, sealed, last, rows.needing(sealed, older))
            rows.store(connection, sealed, [rows.carried(sealed, row, vault, vault) for row in some])
        if not some:
            return
        last = some[-1]["id"]
        yield len(some)


def _dropped(database: Database, older: Sequence[str]) -> bool:
    """Drop the older data keys, unless a row still needs one; no writer has one in use meanwhile."""
    with database.write() as connection:
        if any(rows.count(connection, sealed, rows.needing(sealed, older)) for sealed in SEALED):
            return False
        connection.execute(delete(keys).where(keys.c.use == "open"))
        return True


def _say(on_progress: Progress | None, done: int, total: int) -> None:
    if on_progress is not None:
        on_progress(done, total)


def _begin_run(connection: Connection, what: str) -> None:
    row = {"id": new_id(), "kind": KIND, "started_at": time.time(), "counts": json.dumps({"what": what})}
    connection.execute(insert(runs), [row])


def _unfinished() -> Any:
    return (runs.c.kind == KIND) & runs.c.finished_at.is_(None)


def _settle(database: Database, path: Path) -> None:
    """A key that an earlier exchange left waiting takes its place if it opens the store; else it goes."""
    waiting = staged(path)
    if (text := read_key_file(waiting)) is None:
        return
    with database.read() as connection:
        stored = key_rows(connection)
    with translated(str(path)):
        if _fits(stored, PersonKey(text, f"the file {waiting}")):
            waiting.replace(path)
        else:
            waiting.unlink()


class _AnotherIsAtIt(StoreLocked):
    """Another process changes the encryption at this moment."""


@contextmanager
def _alone(database: Database, *, wait_s: float | None = None) -> Iterator[None]:
    """No other process changes the encryption meanwhile; the system ends the lock of a killed one."""
    from filelock import FileLock, Timeout

    if database.file is None:
        yield
        return
    lock = FileLock(f"{database.file}.sealing", timeout=WAIT_S if wait_s is None else wait_s)
    with translated(database.place):
        try:
            lock.acquire()
        except Timeout as error:  # an OSError too, which is not to be taken for one
            raise _AnotherIsAtIt(
                f"Another process changes the encryption of {database.place}; let it finish, then try again"
            ) from error
    try:
        yield
    finally:
        lock.release()
