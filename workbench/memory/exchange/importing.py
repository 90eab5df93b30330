"""An export comes back: the file is read twice, first to find fault with all of it, then to store it.

    file ──every line sound? counts right?──► nothing to refuse ──batches──► sessions, turns, feedback, memories
          └─ no: one sentence that names the line, and nothing is stored

Ids stay. What is here already, by id or (a memory) by what it says, is passed over and counted, so an import that was
interrupted is completed by running it again, and running it twice changes nothing. A session whose name is taken gets
a number; a turn whose place in its session is taken goes to the end. Vectors are made anew, outside of transactions,
which stay short. `reading.py` reads and judges the file.

>>> import_file(database, Path("backup.json"), MiniLM())  # doctest: +SKIP
Imported(sessions=3, turns=12, feedback=1, memories=7, known=0, renamed=())
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, func, insert, select, update

from workbench.core.errors import StoreError
from workbench.memory import memories as memory_rows
from workbench.memory.exchange.exporting import FEEDBACK_FIELDS, PLURALS, Exported
from workbench.memory.exchange.reading import Entry, check_all, entries
from workbench.memory.memories import batches
from workbench.memory.sessions.forgetting import turn_columns
from workbench.memory.sessions.names import free_name
from workbench.memory.tables import feedback, memories, sessions, turns
from workbench.memory.text import storable

if TYPE_CHECKING:
    from workbench.memory.database import Database
    from workbench.memory.embedders import Embedder

BATCH_RECORDS = 200
BATCH_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Imported:
    """What was stored, what was known already, and the sessions that got another name: (in the file, here)."""

    sessions: int
    turns: int
    feedback: int
    memories: int
    known: int
    renamed: tuple[tuple[str, str], ...]


def import_file(
    database: Database,
    path: Path,
    embedder: Embedder,
    *,
    on_progress: Callable[[int], None] | None = None,
) -> Imported:
    """Store what an export holds and this store does not.

    Args:
        on_progress: called with the bytes stored so far, of `path.stat().st_size`.
    Raises:
        StoreError: the file is not a whole export, or a newer workbench wrote it; nothing was imported.
        ModelError: the embedder cannot be used; what was imported before stays, and so does it with StoreFull.
    """
    if not path.is_file():
        raise StoreError(f"There is no file {path}; name one that was written with: workbench sessions export")
    check_all(path)
    importer = _Importer(database, embedder)
    for batch in _batches(path):
        importer.store([entry.data for entry in batch])
        if on_progress is not None:
            on_progress(batch[-1].bytes_read)
    importer.tie()
    return importer.imported


def _batches(path: Path) -> Iterator[list[Entry]]:
    """Records of one type each, a few hundred or a few megabytes at a time."""
    batch: list[Entry] = []
    began = 0
    for entry in entries(path):
        full = len(batch) == BATCH_RECORDS or entry.bytes_read - began > BATCH_BYTES
        if batch and (full or entry.data["type"] != batch[0].data["type"]):
            yield batch
            batch, began = [], entry.bytes_read
        batch.append(entry)
    if batch:
        yield batch


class _Importer:
    """Stores batches; every one is a transaction that another run would find done."""

    def __init__(self, database: Database, embedder: Embedder) -> None:
        self._database = database
        self._embedder = embedder
        self._counts: Counter[str] = Counter()
        self._renamed: list[tuple[str, str]] = []
        self._ties: list[tuple[str, str]] = []  # a memory and the one that replaced it
        self._same: dict[str, str] = {}  # the file's id of a memory ──► the id it has here

    @property
    def imported(self) -> Imported:
        counted = {name: self._counts[name] for name in (*Exported.__dataclass_fields__, "known")}
        return Imported(**counted, renamed=tuple(self._renamed))

    def store(self, batch: Sequence[dict[str, Any]]) -> None:
        kind = batch[0]["type"]
        act = {"session": self._sessions, "turn": self._turns, "memory": self._memories}[kind]
        before = self._counts[PLURALS[kind]]
        act(batch)
        self._counts["known"] += len(batch) - (self._counts[PLURALS[kind]] - before)

    def tie(self) -> None:
        """Say of each memory which one replaced it, now that all are here."""
        for start in range(0, len(self._ties), BATCH_RECORDS):
            with self._database.write() as connection:
                for name, by in self._ties[start : start + BATCH_RECORDS]:
                    _tie(connection, self._same.get(name, name), self._same.get(by, by))

    def _sessions(self, batch: Sequence[dict[str, Any]]) -> None:
        vault = self._database.vault
        with self._database.write() as connection:
            rows = connection.execute(select(sessions.c.id, sessions.c.name)).all()
            known = {row.id for row in rows}
            taken = {vault.open(row.name, f"sessions.name:{row.id}") for row in rows}
            new = [data for data in batch if data["id"] not in known]
            for data in new:
                name = free_name(storable(data["name"]), taken)
                taken.add(name)
                sealed = vault.seal(name, f"sessions.name:{data['id']}")
                learning = data.get("learning", True)  # an older workbench did not say
                row = {"id": data["id"], "name": sealed, "created_at": data["created_at"], "learning": learning}
                connection.execute(insert(sessions), [row])
                if name != data["name"]:
                    self._renamed.append((data["name"], name))
        self._counts["sessions"] += len(new)

    def _turns(self, batch: Sequence[dict[str, Any]]) -> None:
        with self._database.write() as connection:
            known = _known(connection, turns.c.id, [data["record"]["id"] for data in batch])
            new = [data for data in batch if data["record"]["id"] not in known]
            for data in new:
                self._turn(connection, data)
        self._counts["turns"] += len(new)
        self._counts["feedback"] += sum(len(data["feedback"]) for data in new)

    def _turn(self, connection: Connection, data: dict[str, Any]) -> None:
        record, vault = data["record"], self._database.vault
        row = {
            "id": record["id"],
            "session_id": record["session_id"],
            "number": _free_number(connection, record["session_id"], data["number"]),
            "asked_at": record["asked_at"],
            **turn_columns(vault, record),
        }
        connection.execute(insert(turns), [row])
        for said in data["feedback"]:
            kept = {"turn_id": record["id"], **{name: said[name] for name in FEEDBACK_FIELDS}}
            if said["correction"] is not None:
                place = f"feedback.correction:{record['id']}"
                kept["correction"] = vault.seal(storable(said["correction"]), place)
            connection.execute(insert(feedback), [kept])

    def _memories(self, batch: Sequence[dict[str, Any]]) -> None:
        with self._database.read() as connection:
            unknown = [data for data in batch if not self._is_known(connection, data)]
        vectors = self._embedder.embed([data["text"] for data in unknown]).astype("<f4") if unknown else ()
        with self._database.write() as connection:
            for data, vector in zip(unknown, vectors, strict=True):
                if not self._is_known(connection, data):  # another process may have stored it meanwhile
                    self._memory(connection, data, vector.tobytes())
        self._ties += [(data["id"], data["replaced_by"]) for data in batch if data["replaced_by"] is not None]

    def _is_known(self, connection: Connection, data: dict[str, Any]) -> bool:
        same = (memories.c.id == data["id"]) | (
            memories.c.fingerprint == self._database.vault.fingerprint(data["text"])
        )
        found = connection.execute(select(memories.c.id).where(same)).scalars().all()
        if found and data["id"] not in found:
            self._same[data["id"]] = found[0]
        return bool(found)

    def _memory(self, connection: Connection, data: dict[str, Any], vector: bytes) -> None:
        vault, name = self._database.vault, data["id"]
        speaker = data["speaker"]
        row = {column: value for column, value in data.items() if column in memories.c} | {
            "text": vault.seal(storable(data["text"]), f"memories.text:{name}"),
            "speaker": None if speaker is None else vault.seal(storable(speaker), f"memories.speaker:{name}"),
            "fingerprint": vault.fingerprint(data["text"]),
            "replaced_by": None,  # tied at the end: it may not be here yet
            "parts": json.dumps(data["parts"]),
            "vector": vault.seal_vector(vector, f"memories.vector:{name}"),
            "embedder": self._embedder.name,
        }
        connection.execute(insert(memories), [row])
        memory_rows.enter(connection, [name], "remembered", why="imported")
        self._counts["memories"] += 1


def _known(connection: Connection, column: Any, ids: Sequence[str]) -> set[str]:
    return {
        name for some in batches(ids) for name in connection.execute(select(column).where(column.in_(some))).scalars()
    }


def _free_number(connection: Connection, session_id: str, number: int) -> int:
    """The turn's own place in its session, or the one after the last where another turn has it."""
    own = turns.c.session_id == session_id
    if not connection.execute(select(turns.c.id).where(own, turns.c.number == number)).first():
        return number
    return int(connection.execute(select(func.max(turns.c.number)).where(own)).scalar_one()) + 1


def _tie(connection: Connection, name: str, by: str) -> None:
    if name == by or not connection.execute(select(memories.c.id).where(memories.c.id == by)).first():
        return
    loose = (memories.c.id == name) & memories.c.replaced_by.is_(None) & (memories.c.state != "active")
    connection.execute(update(memories).where(loose).values(replaced_by=by))
