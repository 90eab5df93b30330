"""Sessions and memories as one file: to keep, to read elsewhere, to take to another machine.

    {"workbench_export": 1, "app": "0.2.0", "schema": "0003", "exported_at": …, "records": [
    {"type": "session", "id": …, "name": …, "created_at": …, "learning": true},
    {"type": "turn", "number": 1, "record": {the whole turn}, "feedback": [{"kind": "up", …}]},
    {"type": "memory", every column but vector and fingerprint}
    ], "counts": {"sessions": 1, "turns": 1, "feedback": 1, "memories": 1}}

A JSON document with one record a line, so that a long one is written and read line by line; the counts at its end tell
a whole file from a torn one. Sessions come before their turns, turns before memories. Vectors, fingerprints, summaries
and the journal are left out: importing makes them anew. All of it is one consistent state of the store, in plain text
even where the store is encrypted: the file is readable by its owner alone. `importing.py` reads it back,
`markdown.py` writes the form for people. It embeds nothing.

>>> save_export(database, Path("backup.json"))  # doctest: +SKIP
Exported(sessions=3, turns=12, feedback=1, memories=7)
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Connection, select

from workbench import disk
from workbench.core.errors import NotStored, StoreError
from workbench.memory.failures import translated
from workbench.memory.memories import StoredMemory
from workbench.memory.migrate import HEAD
from workbench.memory.tables import feedback, memories, sessions, turns

if TYPE_CHECKING:
    from workbench.memory.database import Database
    from workbench.memory.vault.plain import Vault

Format = Literal["json", "markdown"]
VERSION = 1  # of the file's form
TURNS_AT_ONCE = 20  # one may hold a megabyte
MEMORIES_AT_ONCE = 500
FEEDBACK_FIELDS = ("kind", "correction", "given_at")
MEMORY_FIELDS = tuple(name for name in StoredMemory.__dataclass_fields__ if name != "embedder")


@dataclass(frozen=True, slots=True)
class Exported:
    """How much an export holds."""

    sessions: int
    turns: int
    feedback: int
    memories: int


def save_export(database: Database, path: Path, *, session_id: str | None = None, form: Format = "json") -> Exported:
    """Write an export to a new file that its owner alone can read; it appears under its name when it is whole.

    Args:
        session_id: one session with what was stated in it; None is all.
    Raises:
        StoreError: the file exists already or cannot be written.
        NotStored: no session has that id.
    """
    if path.exists():
        raise StoreError(f"{path} exists already; choose another name, or remove it first")
    if not path.absolute().parent.is_dir():
        raise StoreError(f"There is no folder {path.absolute().parent}; make it, or choose another")
    counts: Counter[str] = Counter()
    with translated(str(path)), disk.replacing(path) as file:
        file.writelines(exported(database, session_id=session_id, form=form, counts=counts))
    return Exported(**{field: counts[field] for field in Exported.__dataclass_fields__})


def exported(
    database: Database,
    *,
    session_id: str | None = None,
    form: Format = "json",
    counts: Counter[str] | None = None,
) -> Iterator[str]:
    """The export piece by piece, as a stream; `counts` is filled on the way.

    Raises:
        NotStored: no session has that id.
    """
    from workbench.memory.exchange.markdown import as_markdown

    counts = Counter() if counts is None else counts
    with database.read() as connection:
        contents = Contents(connection, database.vault, session_id)
        yield from as_markdown(contents, counts) if form == "markdown" else as_json(contents, counts)


def as_json(contents: Contents, counts: Counter[str]) -> Iterator[str]:
    """The lines of the JSON document."""
    head = {
        "workbench_export": VERSION,
        "app": version("self-learning-agent-workbench"),
        "schema": HEAD,
        "exported_at": time.time(),
    }
    yield json.dumps(head)[:-1] + ', "records": ['
    comma = "\n"
    for record in contents.records():
        counts[PLURALS[record["type"]]] += 1
        counts["feedback"] += len(record.get("feedback", ()))
        yield comma + line_of(record)
        comma = ",\n"
    told = {name: counts[name] for name in Exported.__dataclass_fields__}
    yield f'\n], "counts": {json.dumps(told)}}}\n'


PLURALS = {"session": "sessions", "turn": "turns", "memory": "memories"}


def line_of(record: dict[str, Any]) -> str:
    """A record as one line; what UTF-8 cannot hold is written as `\\\\uXXXX`."""
    text = json.dumps(record, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(record)
    return text


@dataclass(frozen=True, slots=True)
class Contents:
    """What an export holds, read a few rows at a time inside one transaction."""

    connection: Connection
    vault: Vault
    session_id: str | None

    def records(self) -> Iterator[dict[str, Any]]:
        """Every record, in the order of the file."""
        every = list(self.sessions())
        yield from every
        for session in every:
            yield from self.turns(session["id"])
        yield from self.memories()

    def sessions(self) -> Iterator[dict[str, Any]]:
        columns = (sessions.c.id, sessions.c.name, sessions.c.created_at, sessions.c.learning)
        query = select(*columns).order_by(sessions.c.created_at, sessions.c.id)
        if self.session_id is not None:
            query = query.where(sessions.c.id == self.session_id)
        rows = self.connection.execute(query).mappings().all()
        if self.session_id is not None and not rows:
            raise NotStored(f"No session has the id {self.session_id!r}; list them with: workbench sessions")
        for row in rows:
            name = self.vault.open(row["name"], f"sessions.name:{row['id']}")
            yield {"type": "session", **row, "name": name}

    def turns(self, session_id: str) -> Iterator[dict[str, Any]]:
        last = 0
        while True:
            query = select(turns.c.id, turns.c.number, turns.c.record).where(turns.c.session_id == session_id)
            later = query.where(turns.c.number > last).order_by(turns.c.number).limit(TURNS_AT_ONCE)
            rows = self.connection.execute(later).all()
            said = self._feedback([row.id for row in rows])
            for row in rows:
                record = json.loads(self.vault.open(row.record, f"turns.record:{row.id}"))
                yield {"type": "turn", "number": row.number, "record": record, "feedback": said.get(row.id, [])}
            if len(rows) < TURNS_AT_ONCE:
                return
            last = rows[-1].number

    def memories(self, *, turn_id: str | None = None) -> Iterator[dict[str, Any]]:
        """Memory by memory: all, those of the session, or those stated in one turn."""
        last = ""
        columns = [memories.c[name] for name in MEMORY_FIELDS]
        query = select(*columns).order_by(memories.c.id).limit(MEMORIES_AT_ONCE)
        if turn_id is not None:
            query = query.where(memories.c.turn_id == turn_id)
        elif self.session_id is not None:
            query = query.where(memories.c.session_id == self.session_id)
        while True:
            rows = self.connection.execute(query.where(memories.c.id > last)).mappings().all()
            yield from (self._memory(dict(row)) for row in rows)
            if len(rows) < MEMORIES_AT_ONCE:
                return
            last = rows[-1]["id"]

    def _memory(self, row: dict[str, Any]) -> dict[str, Any]:
        row["text"] = self.vault.open(row["text"], f"memories.text:{row['id']}")
        if row["speaker"] is not None:
            row["speaker"] = self.vault.open(row["speaker"], f"memories.speaker:{row['id']}")
        return {"type": "memory", **row, "parts": json.loads(row["parts"])}

    def _feedback(self, turn_ids: list[str]) -> dict[str, list[dict[str, Any]]]:
        columns = (feedback.c.turn_id, *(feedback.c[name] for name in FEEDBACK_FIELDS))
        query = select(*columns).where(feedback.c.turn_id.in_(turn_ids)).order_by(feedback.c.id)
        said: dict[str, list[dict[str, Any]]] = {}
        for row in self.connection.execute(query).mappings():
            kept = {name: row[name] for name in FEEDBACK_FIELDS}
            if kept["correction"] is not None:
                kept["correction"] = self.vault.open(kept["correction"], f"feedback.correction:{row['turn_id']}")
            said.setdefault(row["turn_id"], []).append(kept)
        return said
