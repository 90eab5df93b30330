"""The rows of memory: what was stated, its vector, and the outbox that tells the index.

    add / forget ──one transaction──► memories  +  outbox ──drain──► vector index

SQL is the truth: a text and its vector are here before any index hears of them. It does not rank, embed or choose.

>>> memories.count("all-minilm-l6-v2-int8")  # doctest: +SKIP
42
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, func, insert, select

from workbench.core.errors import NotStored
from workbench.core.records import Turn, new_id
from workbench.memory.database import Database
from workbench.memory.tables import memories, outbox
from workbench.memory.text import fingerprint, storable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FETCH_ROWS = 500  # ids in one IN (…)


@dataclass(frozen=True, slots=True)
class NewMemory:
    """A statement about to be stored."""

    text: str
    vector: bytes  # little-endian float32, L2-normalised
    embedder: str
    kind: str = "fact"


@dataclass(frozen=True, slots=True)
class StoredMemory:
    """A statement as it is stored, without its vector."""

    id: str
    text: str
    said_at: float
    session_id: str | None
    turn_id: str | None
    kind: str


@dataclass(frozen=True, slots=True)
class Vectors:
    """Ids and their vectors, row by row: `matrix` has shape (N, D)."""

    ids: tuple[str, ...]
    matrix: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Letters:
    """A batch of the outbox: what the index must take in and drop, and the last outbox id it answers."""

    last_id: int
    upserts: Vectors
    deletes: tuple[str, ...]


class Memories:
    """Memory rows in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def count(self, embedder: str, *, session_id: str | None = None) -> int:
        """How many memories have vectors of that embedder, in one session or in all."""
        query = select(func.count()).select_from(memories).where(memories.c.embedder == embedder)
        if session_id is not None:
            query = query.where(memories.c.session_id == session_id)
        with self._database.read() as connection:
            return connection.execute(query).scalar_one()

    def fetch(self, ids: Sequence[str]) -> dict[str, StoredMemory]:
        """The memories with those ids; ids that are not stored are left out."""
        columns = [memories.c[name] for name in StoredMemory.__dataclass_fields__]
        found: dict[str, StoredMemory] = {}
        with self._database.read() as connection:
            for start in range(0, len(ids), FETCH_ROWS):
                chunk = ids[start : start + FETCH_ROWS]
                for row in connection.execute(select(*columns).where(memories.c.id.in_(chunk))):
                    found[row.id] = StoredMemory(**row._mapping)
        return found

    def ids(self, embedder: str) -> frozenset[str]:
        """Every id with a vector of that embedder."""
        with self._database.read() as connection:
            return frozenset(connection.execute(select(memories.c.id).where(memories.c.embedder == embedder)).scalars())

    def vectors(self, embedder: str, *, ids: Sequence[str] | None = None) -> Vectors:
        """The vectors of one embedder: all of them, or those with the given ids."""
        with self._database.read() as connection:
            return _vectors(connection, embedder, ids)

    def forget(self, memory_id: str) -> None:
        """Remove one memory for good.

        Raises:
            NotStored: no memory has that id.
        """
        with self._database.write() as connection:
            removed = connection.execute(delete(memories).where(memories.c.id == memory_id)).rowcount
            if not removed:
                raise NotStored(f"No memory has the id {memory_id!r}; recall something and copy the id it shows")
            connection.execute(insert(outbox), [{"memory_id": memory_id, "op": "delete"}])

    def letters(self, embedder: str, *, most: int) -> Letters | None:
        """The oldest part of the outbox, or `None` when it is empty.

        The tables as they are now decide, not the order of the letters: an id that is stored goes in, one that is not
        goes out. So a batch may be delivered twice without harm.
        """
        query = select(outbox.c.id, outbox.c.memory_id).order_by(outbox.c.id).limit(most)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
            if not rows:
                return None
            named = tuple(dict.fromkeys(row.memory_id for row in rows))
            upserts = _vectors(connection, embedder, named)
        gone = frozenset(named).difference(upserts.ids)
        return Letters(rows[-1].id, upserts, tuple(name for name in named if name in gone))

    def delivered(self, letters: Letters) -> None:
        """Take delivered letters off the outbox."""
        with self._database.write() as connection:
            connection.execute(delete(outbox).where(outbox.c.id <= letters.last_id))


def add(connection: Connection, turn: Turn, statements: Sequence[NewMemory]) -> tuple[str, ...]:
    """Store the statements that are not stored yet, and a letter for each, inside the caller's transaction.

    Returns:
        the ids of the new memories, in order.
    """
    by_print = {fingerprint(statement.text): statement for statement in reversed(statements)}
    known = connection.execute(select(memories.c.fingerprint).where(memories.c.fingerprint.in_(by_print))).scalars()
    for seen in known.all():
        del by_print[seen]
    rows = [_row(turn, key, statement) for key, statement in reversed(by_print.items())]
    if rows:
        connection.execute(insert(memories), rows)
        connection.execute(insert(outbox), [{"memory_id": row["id"], "op": "upsert"} for row in rows])
    return tuple(str(row["id"]) for row in rows)


def _row(turn: Turn, key: str, statement: NewMemory) -> dict[str, object]:
    return {
        "id": new_id(),
        "session_id": turn.session_id,
        "turn_id": turn.id,
        "text": storable(statement.text),
        "fingerprint": key,
        "kind": statement.kind,
        "said_at": turn.asked_at,
        "vector": statement.vector,
        "embedder": statement.embedder,
    }


def _vectors(connection: Connection, embedder: str, ids: Sequence[str] | None) -> Vectors:
    import numpy as np

    query = select(memories.c.id, memories.c.vector).where(memories.c.embedder == embedder)
    if ids is not None:
        query = query.where(memories.c.id.in_(ids))
    rows = connection.execute(query).all()
    flat = np.frombuffer(b"".join(row.vector for row in rows), "<f4")
    return Vectors(tuple(row.id for row in rows), flat.reshape(len(rows), -1) if rows else flat.reshape(0, 0))
