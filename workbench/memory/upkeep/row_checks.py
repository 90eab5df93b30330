"""Whether the rows of a store are what they should be: every text opens, every vector is one, the journal knows each.

    sessions, turns, feedback, memories ──vault──► text       memories ──► vector: as long as its embedder's, length 1
    memories ◄──► journal                                     memories ──► what replaced them

It reads in portions and holds no transaction for long, since others write meanwhile. It mends nothing but vectors,
which `set_aside` marks to be embedded anew.

>>> list(row_findings(database, "all-minilm-l6-v2-int8"))  # doctest: +SKIP
[]
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import RowMapping, func, select, update

from workbench.core.errors import StoreSealed
from workbench.memory.memories import batches, enter
from workbench.memory.sessions.turn_json import turn_from_json
from workbench.memory.tables import changes, memories, turns
from workbench.memory.upkeep.finding import EMBED, REBUILD, RESTORE, Finding, counted
from workbench.memory.vault import rows as sealed_rows

if TYPE_CHECKING:
    from workbench.memory.database import Database
    from workbench.memory.vault.plain import Vault

BATCH = 500
FLOAT_BYTES = 4
LENGTH_ERROR = 1e-3  # of a vector's length from 1, after rounding to float32
UNUSABLE = "unusable"  # embedder of a vector that is none: nothing compares with it, and re-embedding replaces it
COLUMNS = ("id", "text", "fingerprint", "vector", "embedder", "state", "replaced_by")
Progress = Callable[[int, int], None]  # rows read, rows in all


def row_findings(database: Database, embedder: str, *, on_progress: Progress | None = None) -> Iterator[Finding]:
    """What is wrong with the rows.

    Args:
        embedder: the one that settings name; memories of others wait for re-embedding.
    """
    found = _Sweep(database, on_progress)
    found.read()
    yield from _texts(found)
    yield from _vectors(found, embedder)
    yield from _journal(database, found)
    yield from _history(found)


def unusable(database: Database) -> list[str]:
    """The ids of memories whose vector is none: of a length that its embedder does not make, or not of length 1."""
    found = _Sweep(database, None)
    found.read_memories()
    return sorted(found.misshapen())


def set_aside(database: Database, ids: Sequence[str]) -> None:
    """Mark vectors as unusable, so that re-embedding replaces them."""
    with database.write() as connection:
        for some in batches(ids):
            connection.execute(update(memories).where(memories.c.id.in_(some)).values(embedder=UNUSABLE))
            enter(connection, some, "set aside", why="its vector is damaged")


class _Sweep:
    """One pass over all rows: what could not be read, and what later questions need."""

    def __init__(self, database: Database, on_progress: Progress | None) -> None:
        self._database = database
        self._on_progress = on_progress
        self._done = self._total = 0
        self.sealed: dict[str, list[str]] = defaultdict(list)  # table -> ids whose text does not open
        self.unread: list[str] = []  # turns whose record is no record
        self.altered: list[str] = []  # memories whose text is not the one they were stored with
        self.shapes: dict[str, Counter[int]] = defaultdict(Counter)  # embedder -> bytes of a vector -> how many
        self.sizes: dict[str, tuple[str, int, float]] = {}  # id -> embedder, bytes, length
        self.states: dict[str, tuple[str, str | None]] = {}  # id -> state, replaced by

    def read(self) -> None:
        with self._database.read() as connection:
            tables = [one.table for one in sealed_rows.SEALED]
            counts = [connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables]
        self._total = sum(counts)
        for sealed in sealed_rows.SEALED:
            if sealed.table is not memories:
                self._read_texts(sealed)
        self.read_memories()

    def read_memories(self) -> None:
        last = ""
        query = select(*(memories.c[name] for name in COLUMNS)).order_by(memories.c.id).limit(BATCH)
        while True:
            with self._database.read() as connection:
                rows = connection.execute(query.where(memories.c.id > last)).mappings().all()
            if not rows:
                return
            for row in rows:
                self._look_at(row, self._database.vault)
            last = rows[-1]["id"]
            self._step(len(rows))

    def misshapen(self) -> list[str]:
        """Ids of vectors that are not of the length that most of their embedder have, or not of length 1."""
        usual = {name: max(shapes, key=lambda size: (shapes[size], size)) for name, shapes in self.shapes.items()}
        return [
            name
            for name, (embedder, size, length) in self.sizes.items()
            if embedder != UNUSABLE and (size != usual[embedder] or abs(length - 1) > LENGTH_ERROR)
        ]

    def _read_texts(self, sealed: sealed_rows.Sealed) -> None:
        last: Any = None
        while True:
            with self._database.read() as connection:
                rows = sealed_rows.batch(connection, sealed, last)
            if not rows:
                return
            for row in rows:
                self._open_texts(sealed, row)
            last = rows[-1]["id"]
            self._step(len(rows))

    def _open_texts(self, sealed: sealed_rows.Sealed, row: Mapping[str, Any]) -> None:
        vault, table = self._database.vault, sealed.table.name
        try:
            places = {name: f"{table}.{name}:{row[owner]}" for name, owner in sealed.texts.items()}
            texts = {name: vault.open(row[name], place) for name, place in places.items() if row[name] is not None}
        except StoreSealed:
            self.sealed[table].append(str(row["id"]))
            return
        if sealed.table is turns and not _is_a_turn(texts["record"]):
            self.unread.append(row["id"])

    def _look_at(self, row: RowMapping, vault: Vault) -> None:
        self.states[row["id"]] = row["state"], row["replaced_by"]
        try:
            text = vault.open(row["text"], f"memories.text:{row['id']}")
            vector = vault.open_vector(row["vector"], f"memories.vector:{row['id']}")
        except StoreSealed:
            self.sealed["memories"].append(row["id"])
            return
        if vault.fingerprint(text) != row["fingerprint"]:
            self.altered.append(row["id"])
        self.shapes[row["embedder"]][len(vector)] += 1
        self.sizes[row["id"]] = row["embedder"], len(vector), _length(vector)

    def _step(self, rows: int) -> None:
        self._done += rows
        if self._on_progress is not None and self._total:
            self._on_progress(min(self._done, self._total), self._total)


def _is_a_turn(text: str) -> bool:
    try:
        turn_from_json(text)
    except (ValueError, TypeError, KeyError, AssertionError):
        return False
    return True


def _length(vector: bytes) -> float:
    """The Euclidean length; NaN, which nothing equals, for bytes that are no numbers."""
    import numpy as np

    if not vector or len(vector) % FLOAT_BYTES:
        return float("inf")
    length = float(np.linalg.norm(np.frombuffer(vector, "<f4").astype(np.float64)))
    return length if np.isfinite(length) else float("inf")


def _texts(found: _Sweep) -> Iterator[Finding]:
    for table, ids in found.sealed.items():
        said = f"{counted(len(ids), 'row', 'rows')} of {table} cannot be opened with the key (the first: {ids[0]})"
        yield Finding("bad", "texts", said, RESTORE)
    if found.unread:
        said = f"{counted(len(found.unread), 'turn', 'turns')} cannot be read (the first: {found.unread[0]})"
        yield Finding("bad", "texts", said, RESTORE)
    if found.altered:
        number = counted(len(found.altered), "memory is not the text it was", "memories are not the texts they were")
        said = f"{number} stored as, so repetitions of it are not recognised (the first: {found.altered[0]})"
        yield Finding("bad", "texts", said, "write it again: workbench memory edit ID TEXT")


def _vectors(found: _Sweep, embedder: str) -> Iterator[Finding]:
    if broken := found.misshapen():
        number = counted(len(broken), "memory has", "memories have")
        yield Finding("bad", "vectors", f"{number} a vector that cannot be compared (the first: {broken[0]})", EMBED)
    for name, shapes in sorted(found.shapes.items()):
        if name != embedder:
            number = counted(shapes.total(), "memory has", "memories have")
            said = f"{number} a vector of {name!r} instead of {embedder!r}, and can be found by words only"
            yield Finding("note", "vectors", said, EMBED)


def _journal(database: Database, found: _Sweep) -> Iterator[Finding]:
    with database.read() as connection:
        last = connection.execute(select(func.coalesce(func.max(changes.c.seq), 0))).scalar_one()
        named = set(connection.execute(select(changes.c.memory_id).distinct()).scalars())
        gone = select(changes.c.memory_id).where(changes.c.what == "forgotten").distinct()
        forgotten = set(connection.execute(gone).scalars())
        stored = set(connection.execute(select(memories.c.id)).scalars())  # in one state with the journal
        issued = last
        if database.file is not None:
            query = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'changes'"
            issued = connection.exec_driver_sql(query).scalar_one()
    if unnamed := stored - named:
        number, them = counted(len(unnamed), "memory is", "memories are"), "it" if len(unnamed) == 1 else "them"
        yield Finding("bad", "journal", f"{number} not in the journal, so indexes have not heard of {them}", REBUILD)
    if vanished := named - forgotten - stored:
        number = counted(len(vanished), "memory has", "memories have")
        yield Finding("bad", "journal", f"{number} vanished from the database without being forgotten", RESTORE)
    if issued < last:
        said = f"The journal is at {last:,} but would count on from {issued:,}, so indexes would miss what comes"
        yield Finding("bad", "journal", said, RESTORE)


def _history(found: _Sweep) -> Iterator[Finding]:
    replaced = {name: by for name, (state, by) in found.states.items() if state in ("superseded", "merged")}
    if lone := [name for name, by in replaced.items() if by is None]:
        number = counted(len(lone), "memory was replaced by one", "memories were replaced by others")
        remedy = "say it again to bring it back, or: workbench memory forget ID"
        said = f"{number} that no longer exist{'s' if len(lone) == 1 else ''} (the first: {lone[0]})"
        yield Finding("note", "history", said, remedy)
    if circular := [name for name in replaced if _ends_nowhere(name, found.states)]:
        number = counted(len(circular), "memory is replaced by itself", "memories are replaced by each other")
        yield Finding("bad", "history", f"{number}, so none is recalled (the first: {circular[0]})", "say it again")
    if revived := [name for name, (state, by) in found.states.items() if state == "active" and by is not None]:
        number = counted(len(revived), "active memory is", "active memories are")
        yield Finding("bad", "history", f"{number} marked as replaced (the first: {revived[0]})", "say it again")


def _ends_nowhere(name: str, states: Mapping[str, tuple[str, str | None]]) -> bool:
    seen: set[str] = set()
    at: str | None = name
    while at is not None and at in states:
        if at in seen:
            return True
        seen.add(at)
        at = states[at][1]
    return False
