"""The rows of memory: what was stated, its vector, what became of it, and the journal that tells the indexes.

    add / edit / pin / forget / … ──one transaction──► memories  +  changes ──► vector index, roster (whoever has read
                                                                                up to number n asks for what came after)

SQL is the truth: a text and its vector are here before any index hears of them. Texts go through the vault. It does
not rank, embed, weigh or choose.

>>> memories.count(state="active")  # doctest: +SKIP
42
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Connection, RowMapping, Select, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from workbench.core.errors import NotStored, StoreCorrupt, StoreError
from workbench.core.records import new_id
from workbench.memory.database import Database
from workbench.memory.tables import changes, memories
from workbench.memory.text import storable
from workbench.memory.vault.plain import Vault

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Tier = Literal["short", "long"]
State = Literal["active", "superseded", "merged", "expired", "doubted"]
Kind = Literal["fact", "event", "preference", "procedure", "document"]
FETCH_ROWS = 500  # ids in one IN (…)

# Asked at every write or recall: built once, since building a statement costs more than SQLite needs to run it.
JOURNAL = select(changes.c.seq, changes.c.memory_id, changes.c.what)
NEWS = JOURNAL.where(changes.c.seq > bindparam("seq")).order_by(changes.c.seq)
KNOWN = select(memories.c.id, memories.c.fingerprint, memories.c.state, memories.c.said_at).where(
    memories.c.fingerprint.in_(bindparam("prints", expanding=True))
)
DOUBTED = select(memories.c.id, memories.c.fingerprint).where(memories.c.state == "doubted")
LAST_PLACE = select(func.coalesce(func.max(memories.c.place), 0)).where(memories.c.session_id == bindparam("session"))


@dataclass(frozen=True, slots=True)
class NewMemory:
    """A statement about to be stored."""

    text: str
    vector: bytes  # little-endian float32, L2-normalised
    embedder: str
    kind: Kind = "fact"
    speaker: str | None = None  # None is the person at the keyboard
    said_at: float | None = None  # None: when the turn was asked
    event_at: float | None = None
    tier: Tier = "short"
    importance: float = 0.0
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoredMemory:
    """A memory as it is stored, without its vector."""

    id: str
    text: str
    said_at: float
    session_id: str | None
    turn_id: str | None
    place: int  # 1, 2, … within its session; 0 outside any
    speaker: str | None
    kind: Kind
    event_at: float | None
    tier: Tier
    state: State
    replaced_by: str | None
    importance: float  # 0..1
    parts: Mapping[str, float]  # importance part -> 0..1
    pinned: bool
    recall_count: int
    recalled_at: float | None
    embedder: str


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened to a memory."""

    seq: int
    memory_id: str
    what: str
    why: str | None
    at: float


@dataclass(frozen=True, slots=True)
class News:
    """Part of the journal: its last number, the memories it names, and those of them that were forgotten."""

    last_seq: int
    ids: tuple[str, ...]
    forgotten: frozenset[str]


@dataclass(frozen=True, slots=True)
class Vectors:
    """Ids and their vectors, row by row: `matrix` has shape (N, D)."""

    ids: tuple[str, ...]
    matrix: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What `add` writes: new rows, known ones with the time they were said again, and every statement's id."""

    rows: tuple[Mapping[str, object], ...]
    repeats: tuple[tuple[RowMapping, float], ...]
    every: tuple[str, ...]

    @property
    def new(self) -> tuple[str, ...]:
        """The ids of the new memories, in order."""
        return tuple(str(row["id"]) for row in self.rows)


class Memories:
    """Memory rows in one database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def count(
        self,
        *,
        embedder: str | None = None,
        tier: Tier | None = None,
        state: State | None = None,
    ) -> int:
        """How many memories there are, of one embedder, tier or state, or in all."""
        query = _narrowed(select(func.count()).select_from(memories), embedder=embedder, tier=tier, state=state)
        with self.database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def fetch(self, ids: Sequence[str]) -> dict[str, StoredMemory]:
        """The memories with those ids; ids that are not stored are left out."""
        found: dict[str, StoredMemory] = {}
        with self.database.read() as connection:
            for some in batches(ids):
                for row in connection.execute(_stored().where(memories.c.id.in_(some))).mappings():
                    found[row["id"]] = _opened(row, self.database.vault)
        return found

    def get(self, reference: str) -> StoredMemory:
        """The memory with that id, or the only one whose id begins so.

        Raises:
            NotStored: none fits, or several do.
        """
        reference = storable(reference).strip()
        query = select(memories.c.id).where(memories.c.id.startswith(reference, autoescape=True)).limit(2)
        with self.database.read() as connection:
            fitting = connection.execute(query).scalars().all() if reference else []
        if len(fitting) != 1:
            problem = "Several memories have ids that begin with" if fitting else "No memory has the id"
            raise NotStored(f"{problem} {reference!r}; copy one from: workbench memory list")
        return self.fetch(fitting)[fitting[0]]

    def list(
        self,
        *,
        kind: Kind | None = None,
        tier: Tier | None = None,
        state: State | None = None,
        session_id: str | None = None,
        limit: int | None = None,
    ) -> tuple[StoredMemory, ...]:
        """The memories that fit every filter given, the latest said first."""
        query = _narrowed(_stored(), kind=kind, tier=tier, state=state, session_id=session_id)
        query = query.order_by(memories.c.said_at.desc(), memories.c.place.desc(), memories.c.id).limit(limit)
        with self.database.read() as connection:
            rows = connection.execute(query).mappings().all()
        return tuple(_opened(row, self.database.vault) for row in rows)

    def active(self) -> Iterator[StoredMemory]:
        """Every active memory, in the order they were stored in their sessions."""
        order = (memories.c.session_id, memories.c.place, memories.c.said_at, memories.c.id)
        with self.database.read() as connection:
            rows = connection.execute(_stored().where(memories.c.state == "active").order_by(*order)).mappings()
            for row in rows:
                yield _opened(row, self.database.vault)

    def ids(self, embedder: str, *, tier: Tier | None = None) -> frozenset[str]:
        """Every active id with a vector of that embedder."""
        query = _narrowed(select(memories.c.id), embedder=embedder, tier=tier, state="active")
        with self.database.read() as connection:
            return frozenset(connection.execute(query).scalars())

    def vectors(self, embedder: str, *, ids: Sequence[str] | None = None, tier: Tier | None = None) -> Vectors:
        """The vectors of one embedder's active memories: all, those of a tier, or those with the given ids."""
        query = select(memories.c.id, memories.c.vector)
        query = _narrowed(query, embedder=embedder, tier=tier, state="active")
        with self.database.read() as connection:
            if ids is None:
                rows = connection.execute(query).all()
            else:
                chunks = (query.where(memories.c.id.in_(some)) for some in batches(ids))
                rows = [row for chunk in chunks for row in connection.execute(chunk)]
        return _matrix([(row.id, row.vector) for row in rows], self.database.vault)

    def last_change(self) -> int:
        """The number of the latest entry of the journal; 0 when nothing has happened."""
        with self.database.read() as connection:
            return int(connection.execute(select(func.coalesce(func.max(changes.c.seq), 0))).scalar_one())

    def changed_since(self, seq: int, *, most: int | None = None) -> News:
        """What the journal says after `seq`, at most so many entries of it."""
        with self.database.read() as connection:
            rows = connection.execute(NEWS if most is None else NEWS.limit(most), {"seq": seq}).all()
        last = rows[-1].seq if rows else seq
        gone = frozenset(row.memory_id for row in rows if row.what == "forgotten")
        return News(last, tuple(dict.fromkeys(row.memory_id for row in rows)), gone)

    def history(self, memory_id: str | None = None, *, since: float = 0.0) -> tuple[Change, ...]:
        """What happened, to one memory or to all, oldest first."""
        query = select(changes).where(changes.c.at >= since).order_by(changes.c.seq)
        if memory_id is not None:
            query = query.where(changes.c.memory_id == memory_id)
        with self.database.read() as connection:
            return tuple(Change(**row) for row in connection.execute(query).mappings())

    def touch(self, recalls: Mapping[str, int], now: float) -> None:
        """Add to how often each memory was recalled."""
        known = update(memories).where(memories.c.id == bindparam("name"))
        counting = known.values(recall_count=memories.c.recall_count + bindparam("times"), recalled_at=now)
        with self.database.write() as connection:
            connection.execute(counting, [{"name": name, "times": times} for name, times in recalls.items()])

    def pin(self, memory_id: str, *, pinned: bool = True) -> None:
        """Keep a memory from expiring, and before the others in every conversation; or no longer.

        Raises:
            NotStored: no memory has that id.
        """
        with self.database.write() as connection:
            change(connection, memory_id, "pinned" if pinned else "unpinned", pinned=pinned)

    def doubt(self, texts: Collection[str], why: str) -> None:
        """Recall none of those that say this, and again what was doubted and says something else."""
        with self.database.write() as connection:
            prints = {self.database.vault.fingerprint(text) for text in texts}
            for name in (row["id"] for row in _known(connection, sorted(prints)).values() if row["state"] == "active"):
                change(connection, name, "doubted", why=why, state="doubted")
            for row in connection.execute(DOUBTED).all():
                if row.fingerprint not in prints:
                    change(connection, row.id, "restored", why="no longer doubted", state="active")

    def edit(self, memory_id: str, text: str, vector: bytes, embedder: str) -> None:
        """Give a memory another text, with its vector.

        Raises:
            NotStored: no memory has that id.
            StoreError: another memory says the same.
        """
        with self.database.write() as connection:  # sealed inside: the key may change until the transaction begins
            vault = self.database.vault
            values: dict[str, Any] = {
                "text": vault.seal(storable(text), f"memories.text:{memory_id}"),
                "fingerprint": vault.fingerprint(text),
                "vector": vault.seal_vector(vector, f"memories.vector:{memory_id}"),
                "embedder": embedder,
            }
            try:
                change(connection, memory_id, "edited", **values)
            except IntegrityError as error:
                raise StoreError("Another memory says exactly that; forget one of the two") from error
        self.database.scrub()


def prepared(
    connection: Connection,
    vault: Vault,
    statements: Sequence[NewMemory],
    *,
    session_id: str | None,
    turn_id: str | None,
    said_at: float,
) -> Prepared:
    """What `add` will write for these statements, inside the caller's transaction; one stored already is dated anew.

    A statement that had been superseded, merged or expired is active again: the person says so once more.
    """
    prints = [vault.fingerprint(statement.text) for statement in statements]
    known = _known(connection, prints)
    place = _last_place(connection, session_id) if len(known) < len(prints) else 0
    rows: dict[str, dict[str, object]] = {}
    repeats: list[tuple[RowMapping, float]] = []
    for key, statement in zip(prints, statements, strict=True):
        when = said_at if statement.said_at is None else statement.said_at
        if key in known:
            repeats.append((known[key], when))
        elif key not in rows:
            place += session_id is not None
            here = {"session_id": session_id, "turn_id": turn_id, "place": place, "said_at": when}
            rows[key] = _row(vault, key, statement) | here
    ids = {key: str(row["id"]) for key, row in rows.items()} | {key: row["id"] for key, row in known.items()}
    return Prepared(tuple(rows.values()), tuple(repeats), tuple(ids[key] for key in prints))


def add(connection: Connection, what: Prepared) -> None:
    """Write what was prepared, in the same transaction, and say so in the journal."""
    for row, when in what.repeats:
        _said_again(connection, row, when)
    if what.rows:
        connection.execute(insert(memories), list(what.rows))
        enter(connection, what.new, "remembered")


def change(connection: Connection, memory_id: str, what: str, *, why: str | None = None, **values: Any) -> None:
    """Set columns of one memory and say so in the journal, inside the caller's transaction.

    Raises:
        NotStored: no memory has that id.
    """
    if not connection.execute(update(memories).where(memories.c.id == memory_id).values(**values)).rowcount:
        raise NotStored(f"No memory has the id {memory_id!r}; copy one from: workbench memory list")
    enter(connection, [memory_id], what, why=why)


def enter(connection: Connection, ids: Iterable[str], what: str, *, why: str | None = None) -> None:
    """Write into the journal what happened to these memories."""
    now = time.time()
    rows = [{"memory_id": memory_id, "what": what, "why": why, "at": now} for memory_id in ids]
    if rows:
        connection.execute(insert(changes), rows)


def forget(connection: Connection, ids: Sequence[str]) -> None:
    """Remove memories inside the caller's transaction; the journal keeps only that they are gone."""
    for some in batches(ids):
        removed = connection.execute(delete(memories).where(memories.c.id.in_(some))).rowcount
        if removed < len(set(some)):
            raise NotStored(f"No memory has the id {some[0]!r}; copy one from: workbench memory list")
        connection.execute(delete(changes).where(changes.c.memory_id.in_(some)))
        enter(connection, some, "forgotten")


def batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Ids in portions that fit one statement."""
    return (ids[start : start + FETCH_ROWS] for start in range(0, len(ids), FETCH_ROWS))


def _known(connection: Connection, prints: Sequence[str]) -> dict[str, RowMapping]:
    found: dict[str, RowMapping] = {}
    for some in batches(list(dict.fromkeys(prints))):
        rows = connection.execute(KNOWN, {"prints": some}).mappings()
        found.update({row["fingerprint"]: row for row in rows})
    return found


def _said_again(connection: Connection, row: RowMapping, when: float) -> None:
    what = "repeated" if row["state"] == "active" else "restored"
    values = {"said_at": max(when, row["said_at"]), "state": "active", "replaced_by": None}
    change(connection, row["id"], what, why="said again", **values)


def _last_place(connection: Connection, session_id: str | None) -> int:
    if session_id is None:
        return 0
    return int(connection.execute(LAST_PLACE, {"session": session_id}).scalar_one())


def _row(vault: Vault, key: str, new: NewMemory) -> dict[str, object]:
    name = new_id()
    speaker = None if new.speaker is None else vault.seal(storable(new.speaker), f"memories.speaker:{name}")
    return {
        "id": name,
        "text": vault.seal(storable(new.text), f"memories.text:{name}"),
        "speaker": speaker,
        "fingerprint": key,
        "kind": new.kind,
        "event_at": new.event_at,
        "tier": new.tier,
        "importance": new.importance,
        "parts": json.dumps(dict(new.parts)),
        "vector": vault.seal_vector(new.vector, f"memories.vector:{name}"),
        "embedder": new.embedder,
    }


def _stored() -> Select[Any]:
    return select(*(memories.c[name] for name in StoredMemory.__dataclass_fields__))


def _opened(row: RowMapping, vault: Vault) -> StoredMemory:
    values = dict(row)
    values["text"] = vault.open(row["text"], f"memories.text:{row['id']}")
    if row["speaker"] is not None:
        values["speaker"] = vault.open(row["speaker"], f"memories.speaker:{row['id']}")
    values["parts"] = json.loads(row["parts"])
    return StoredMemory(**values)


def _narrowed(query: Select[Any], **wanted: str | None) -> Select[Any]:
    for name, value in wanted.items():
        if value is not None:
            query = query.where(memories.c[name] == value)
    return query


def _matrix(rows: Sequence[tuple[str, bytes]], vault: Vault) -> Vectors:
    import numpy as np

    opened = [vault.open_vector(vector, f"memories.vector:{name}") for name, vector in rows]
    if len({len(vector) for vector in opened}) > 1:
        raise StoreCorrupt("Some vectors of this memory are damaged; run: workbench memory rebuild --embed")
    flat = np.frombuffer(b"".join(opened), "<f4")
    return Vectors(tuple(name for name, _ in rows), flat.reshape(len(rows), -1) if rows else flat.reshape(0, 0))
