"""After the embedder was changed: every memory gets a vector of the new one.

    ids whose `embedder` is another one ──32 at a time──► read texts ──► embed (no transaction is open) ──► one write:
        those whose text is still the same get vector + embedder, and the journal says `embedded`

What is left to do is what the rows themselves say, so a run that was stopped or killed goes on where it was, two runs
at once do no harm, and other processes write meanwhile. Active memories come first, the latest said of them before the
others: until all are done, recall finds the rest by their words. It does not choose the embedder or tell anybody.

>>> reembed(memories, open_embedder("multilingual-e5-small"))  # doctest: +SKIP
1204
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import case, func, select, update

from workbench.memory.memories import enter
from workbench.memory.tables import memories as table

if TYPE_CHECKING:
    from workbench.memory.embedders import Embedder
    from workbench.memory.memories import Memories

BATCH = 32  # vectors in one write: less than a second of embedding is lost to kill -9
ACTIVE_FIRST = case((table.c.state == "active", 0), else_=1)


class Progress(NamedTuple):
    """How far a run is: memories with their new vector, and those there were to do when it began."""

    done: int
    of: int


class _Row(NamedTuple):
    id: str
    sealed: str  # the column as it was read: any edit meanwhile changes it
    text: str


def pending(memories: Memories, embedder_name: str) -> int:
    """How many memories, active or not, have a vector of another embedder."""
    query = select(func.count()).select_from(table).where(table.c.embedder != embedder_name)
    with memories.database.read() as connection:
        return int(connection.execute(query).scalar_one())


def reembed(
    memories: Memories,
    embedder: Embedder,
    on_progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
) -> int:
    """Give a vector of `embedder` to every memory that has none.

    Args:
        on_progress: called after each batch, from this thread.
        stop: once set, it returns after the batch it is at; the next run goes on there.
    Returns:
        how many memories got one.
    Raises:
        ModelError: the embedder could not be loaded, or failed; what was done before stays.
        StoreError: the database could not be read or written.
    """
    total, done = pending(memories, embedder.name), 0
    for ids in _portions(memories, embedder.name):
        if stop is not None and stop.is_set():
            break
        done += _embed(memories, embedder, ids)
        if on_progress is not None:
            on_progress(Progress(done, max(total, done)))
    return done


def _portions(memories: Memories, embedder_name: str) -> Iterator[Sequence[str]]:
    """What is pending, portion by portion, and then what has come up meanwhile, until nothing is."""
    query = select(table.c.id).where(table.c.embedder != embedder_name)
    query = query.order_by(ACTIVE_FIRST, table.c.said_at.desc(), table.c.id)
    while True:
        with memories.database.read() as connection:
            ids = connection.execute(query).scalars().all()
        if not ids:
            return
        yield from (ids[start : start + BATCH] for start in range(0, len(ids), BATCH))


def _embed(memories: Memories, embedder: Embedder, ids: Sequence[str]) -> int:
    rows = _read(memories, embedder.name, ids)
    if not rows:
        return 0  # another run was faster
    vectors = embedder.embed([row.text for row in rows]).astype("<f4")
    return _store(memories, embedder.name, rows, [vector.tobytes() for vector in vectors])


def _read(memories: Memories, embedder_name: str, ids: Sequence[str]) -> list[_Row]:
    vault = memories.database.vault
    query = select(table.c.id, table.c.text).where(table.c.id.in_(ids), table.c.embedder != embedder_name)
    with memories.database.read() as connection:
        found = {row.id: row.text for row in connection.execute(query)}
    return [_Row(name, found[name], vault.open(found[name], f"memories.text:{name}")) for name in ids if name in found]


def _store(memories: Memories, embedder_name: str, rows: Sequence[_Row], vectors: Sequence[bytes]) -> int:
    """Write the vectors; a memory that was edited, forgotten or done by another run meanwhile is passed over.

    An edited one has a vector of its new text, or is pending still and comes again.
    """
    vault, changed = memories.database.vault, []
    with memories.database.write() as connection:
        for row, vector in zip(rows, vectors, strict=True):
            same = (table.c.id == row.id) & (table.c.text == row.sealed) & (table.c.embedder != embedder_name)
            values = {"vector": vault.seal_vector(vector, f"memories.vector:{row.id}"), "embedder": embedder_name}
            if connection.execute(update(table).where(same).values(values)).rowcount:
                changed.append(row.id)
        enter(connection, changed, "embedded", why=embedder_name)
    return len(changed)
