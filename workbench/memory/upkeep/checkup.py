"""Whether a store is whole, and the way back where its index is not.

    check     file     SQLite's own checks, read-only: a torn file gives a sentence
              rows     texts open, vectors are vectors, the journal knows each          `row_checks.py`
              index    holds the ids of SQL, nothing left by a process that died        `index/probe.py`
    rebuild   drop the index, fill a fresh one from the vectors in SQL: nothing is embedded

A check changes nothing but what opening does anyway: older tables are brought up to date. An index that is behind the
journal is not wrong, since whoever opens it next delivers the rest; only what the journal does not explain is found.

>>> [finding.sentence for finding in check(settings, "all-minilm-l6-v2-int8")]  # doctest: +SKIP
[]
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from workbench.core.errors import StoreError, StoreLocked
from workbench.memory.failures import translated
from workbench.memory.index.chroma_server import Delivering
from workbench.memory.upkeep.finding import REBUILD, RESTORE, Finding, counted
from workbench.memory.upkeep.row_checks import Progress, row_findings

if TYPE_CHECKING:
    from workbench.core.schema import Settings
    from workbench.memory.database import Database
    from workbench.memory.index.chroma import ChromaIndex
    from workbench.memory.index.probe import Held
    from workbench.memory.memories import Memories

MOST_FAULTS = 5  # of SQLite's own that are quoted
SAME_ERROR = 1e-3  # of a vector in the index from the one in SQL, in any number


def check(settings: Settings, embedder: str, *, on_progress: Progress | None = None) -> list[Finding]:
    """Everything that is wrong with a store; none is a sound one.

    Args:
        settings: where it lies and how it is opened.
        embedder: the name of the one in use.
        on_progress: called with rows read and rows in all.
    """
    from workbench.memory.database import open_database
    from workbench.memory.vault.keys import keys_from

    folder = settings.home / "memory"
    where = settings.memory.database_url or str(folder / "memory.sqlite")
    found = list(_file_findings(_file_of(where), folder))
    if any(one.place == "database" for one in found) or ("://" not in where and not Path(where).exists()):
        return found
    try:
        database = open_database(where, keys=keys_from(settings))
    except StoreError as error:
        return [Finding("bad", "database", _bare(error))]
    with closing(database):
        try:
            found.extend(row_findings(database, embedder, on_progress=on_progress))
            found.extend(_index_findings(database, settings, embedder))
        except StoreError as error:
            found.append(Finding("bad", "database", _bare(error)))
    return found


def rebuild(
    memories: Memories,
    folder: Path,
    embedder: str,
    *,
    chroma_url: str | None = None,
    on_progress: Progress | None = None,
) -> int:
    """Drop the index and fill a fresh one from the vectors in SQL; say how many it holds.

    Where vectors are encrypted no index may lie on disk: then it is only dropped.

    Args:
        folder: `home/memory`.
        on_progress: called with vectors delivered and vectors in all.
    Raises:
        StoreLocked: another process owns the index.
        StoreError: the server does not answer, or the folder cannot be written.
    """
    from workbench.memory.index.keeper import deliver, reconcile
    from workbench.memory.vault.conversion import remove_index

    if memories.database.vault.seals_vectors:
        remove_index(folder)
        return 0
    index = _fresh_index(memories, folder, embedder, chroma_url)
    try:
        heard = memories.last_change()  # before the vectors: what comes between is delivered twice, not lost
        reconcile(memories, index, embedder, on_progress=on_progress)
        index.delivered = heard
        deliver(memories, index, embedder)
        return index.count()
    except BaseException:
        index.drop()
        raise
    finally:
        index.close()


def holder_of(lock: Path) -> str:
    """Who holds a lock file, as a sentence begins: the process where the system tells, else "Another process"."""
    import psutil

    table = Path("/proc/locks")
    try:
        inode = f":{lock.stat().st_ino}"
        lines = [line.split() for line in table.read_text().splitlines()]
        pid = next(int(line[4]) for line in lines if len(line) > 5 and line[5].endswith(inode) and line[1] == "FLOCK")
        command = " ".join(" ".join(psutil.Process(pid).cmdline()).split())
    except (OSError, ValueError, StopIteration, psutil.Error):
        return "Another process"
    return f"Process {pid} ({command[:60] or 'unnamed'})"


def _file_of(where: str) -> Path | None:
    """The SQLite file of an address; None for a database on a server."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    if "://" not in where:
        return Path(where)
    try:
        url = make_url(where)
    except ArgumentError:
        return None  # opening it says what is wrong
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def _file_findings(path: Path | None, folder: Path) -> Iterator[Finding]:
    """What SQLite itself says of its file, which is opened for reading only."""
    if path is None:
        return
    if not path.exists() or not path.stat().st_size:
        if heard := _most_heard(folder):
            said = f"{path} is empty, though the index beside it has heard of {heard:,} changes"
            yield Finding("bad", "database", said, RESTORE)
        return
    try:
        with translated(str(path)), closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as raw:
            faults = [row[0] for row in raw.execute(f"PRAGMA integrity_check({MOST_FAULTS})")]
            loose = raw.execute("PRAGMA foreign_key_check").fetchall()
    except StoreError as error:
        yield Finding("bad", "database", _bare(error))
        return
    if faults != ["ok"]:
        said = f"SQLite finds {path} damaged ({'; '.join(faults[:MOST_FAULTS])})"
        yield Finding("bad", "database", said.replace("\n", " "), RESTORE)
    if loose:
        tables = ", ".join(sorted({str(row[0]) for row in loose}))
        said = f"{counted(len(loose), 'row refers', 'rows refer')} to another that does not exist, in {tables}"
        yield Finding("bad", "rows", said, RESTORE)


def _most_heard(folder: Path) -> int:
    cursors = [*folder.glob("chroma/*.delivered"), *folder.glob("chroma_server/*.delivered")]
    texts = (path.read_text().strip() for path in cursors)
    return max((int(text) for text in texts if text.isdecimal()), default=0)


def _index_findings(database: Database, settings: Settings, embedder: str) -> Iterator[Finding]:
    from workbench.memory.memories import Memories

    folder, memories = settings.home / "memory", Memories(database)
    on_disk = (folder / "chroma").exists()
    if database.vault.seals_vectors and on_disk:
        said = "Vectors are encrypted, but an index on disk holds them readable"
        yield Finding("bad", "index", said, REBUILD)
    elif settings.memory.index == "exact":
        return
    elif settings.memory.chroma_url is not None:
        yield from _on_server(memories, settings.memory.chroma_url, folder, embedder)
    elif on_disk:
        yield from _on_disk(memories, folder, embedder)


def _on_server(memories: Memories, url: str, folder: Path, embedder: str) -> Iterator[Finding]:
    from workbench.memory.index.chroma_server import open_chroma_server

    try:
        with closing(open_chroma_server(url, folder, embedder, place=memories.database.place)) as index:
            heard = index.delivered
            yield from _compared(memories, index.ids(), heard, embedder)
    except Delivering:
        yield Finding("note", "index", f"Another process fills the index on {url}, so it was not looked into")
    except StoreError as error:
        yield Finding("note", "index", f"{_bare(error)}; exact search answers meanwhile")


def _on_disk(memories: Memories, folder: Path, embedder: str) -> Iterator[Finding]:
    from workbench.memory.index.chroma import delivered_at, latest_place, owned
    from workbench.memory.index.probe import look

    try:
        with owned(folder):
            left = list(_left_behind(folder))
    except StoreLocked:
        who = holder_of(folder / "chroma.lock")
        said = f"{who} uses the index in {folder}, so it was not looked into"
        yield Finding("note", "index", said, "to be sure, close it and check again")
        return
    yield from left
    if any(one.severity == "bad" for one in left):
        return
    heard = delivered_at(latest_place(folder / "chroma"))
    try:
        held = look(folder, embedder)
    except StoreError as error:
        yield Finding("bad", "index", _bare(error), REBUILD)
        return
    yield from _compared(memories, held.ids, heard, embedder)
    yield from _sampled(memories, held, heard, embedder)


def _left_behind(folder: Path) -> Iterator[Finding]:
    """What a process that died, or forgot, left beside the index; its lock is ours while we look."""
    if (folder / "chroma.opening").exists():
        said = f"The process that last opened the index in {folder} died of it"
        yield Finding("bad", "index", said, REBUILD)
    if (folder / "chroma.forgotten").exists():
        said = (
            "The index on disk may still hold bytes of vectors that were forgotten; whoever opens it next removes them"
        )
        yield Finding("note", "index", said, REBUILD)


def _compared(memories: Memories, held: Collection[str], heard: int, embedder: str) -> Iterator[Finding]:
    """Ids that the index lacks or should not have, but for those that the journal has still to deliver."""
    last = memories.last_change()
    if heard > last:
        said = f"The index has heard {heard:,} changes, but the database knows {last:,}: an older one was put in place"
        yield Finding("bad", "index", said, REBUILD)
        return
    underway = set(memories.changed_since(heard).ids)
    stored = memories.ids(embedder, tier="long")
    if lacking := stored - set(held) - underway:
        number = counted(len(lacking), "long-term memory", "long-term memories")
        yield Finding("bad", "index", f"The index lacks {number}", REBUILD)
    if strays := set(held) - stored - underway:
        number = counted(len(strays), "memory", "memories")
        yield Finding("bad", "index", f"The index holds {number} that the database does not recall", REBUILD)


def _sampled(memories: Memories, held: Held, heard: int, embedder: str) -> Iterator[Finding]:
    """A few vectors of the index: are they those of SQL, and does the index find them?"""
    import numpy as np

    if held.lost:
        number = counted(len(held.lost), "of a few vectors", "of a few vectors")
        yield Finding("bad", "index", f"The index does not find {number} that it holds", REBUILD)
    underway = set(memories.changed_since(heard).ids)
    stored = memories.vectors(embedder, ids=[name for name in held.samples if name not in underway])
    pairs = zip(stored.ids, stored.matrix, strict=True)
    if any(not np.allclose(row, np.asarray(held.samples[name]), atol=SAME_ERROR) for name, row in pairs):
        yield Finding("bad", "index", "The index holds other vectors than the database", REBUILD)


def _fresh_index(memories: Memories, folder: Path, embedder: str, chroma_url: str | None) -> ChromaIndex:
    from workbench.memory.index.chroma import open_chroma
    from workbench.memory.index.chroma_server import open_chroma_server

    if chroma_url is None:
        return open_chroma(folder, embedder, fresh=True)
    place = memories.database.place
    open_chroma_server(chroma_url, folder, embedder, place=place).drop()
    return open_chroma_server(chroma_url, folder, embedder, place=place)


def _bare(error: StoreError) -> str:
    return error.sentence.rstrip(".")
