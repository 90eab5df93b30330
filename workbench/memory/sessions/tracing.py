"""Which turns hold what is to be forgotten, and which were told it: searched before anything is changed.

    memories ──► their texts, those of duplicates, what edited ones said first ──► turns that hold a trace of it
    turn     ──► the later ones that read it in their conversation

It changes nothing; `forgetting.py` does.

>>> turns_with_memories(database, ["9f…"])  # doctest: +SKIP
frozenset({'3fa2…'})
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from workbench.core.errors import NotStored
from workbench.memory.memories import batches
from workbench.memory.sessions.redaction import Trace
from workbench.memory.sessions.summary import CUT
from workbench.memory.tables import changes, feedback, memories, turns
from workbench.memory.weighing.memorable import memorable

if TYPE_CHECKING:
    from workbench.memory.database import Database
    from workbench.memory.vault.plain import Vault

ROWS_AT_ONCE = 20
SAID = ("question", "answer", "history")  # parts of a turn's record that an example is made of


class Scan:
    """Which turns hold a trace: read without the lock first, then only what came since."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._said: _Said | None = None
        self._trace = Trace.of({})
        self._seen: set[str] = set()
        self.holding: list[str] = []

    def look(self, ids: list[str]) -> None:
        with self._database.read() as connection:
            self.finish(connection, ids)

    def finish(self, connection: Connection, ids: list[str]) -> Trace:
        """The trace as it is now, and all turns that hold it in `holding`."""
        said = _said(connection, self._database.vault, ids)
        if said != self._said:  # the first time, or merged, edited or stated meanwhile
            self._said, self._trace = said, Trace.of(said.texts, others=said.others)
            self._seen, self.holding = set(), []
        if self._trace.ids:
            self._search(connection)
        return self._trace

    def _search(self, connection: Connection) -> None:
        every = connection.execute(select(turns.c.id).order_by(turns.c.id)).scalars().all()
        new = [name for name in every if name not in self._seen]
        for name, record in records(connection, self._database.vault, new):
            if self._trace.in_turn(record) is not None:
                self.holding.append(name)
        self._seen.update(new)


@dataclass(frozen=True, slots=True)
class _Said:
    """The texts to forget: of memories by id, and what edited ones said first."""

    texts: dict[str, str]
    others: tuple[str, ...]


def _said(connection: Connection, vault: Vault, ids: list[str]) -> _Said:
    """What these memories say, and all that were merged into them."""
    rows = _with_merged(connection, ids)
    texts = {row.id: vault.open(row.text, f"memories.text:{row.id}") for row in rows}
    sources = {row.turn_id for row in rows if row.turn_id is not None and _was_edited(connection, row.id)}
    said = records(connection, vault, sorted(sources))
    return _Said(texts, tuple(text for _, record in said for text in _no_longer_known(connection, vault, record)))


def _with_merged(connection: Connection, ids: list[str]) -> list[Any]:
    columns = (memories.c.id, memories.c.text, memories.c.turn_id)
    found: dict[str, Any] = {}
    for some in batches(ids):
        found |= {row.id: row for row in connection.execute(select(*columns).where(memories.c.id.in_(some)))}
    missing = [name for name in ids if name not in found]
    if missing:
        raise NotStored(f"No memory has the id {missing[0]!r}; copy one from: workbench memory list")
    newest = list(found)
    while newest:
        merged = select(*columns).where(memories.c.state == "merged")
        rows = [
            row
            for some in batches(newest)
            for row in connection.execute(merged.where(memories.c.replaced_by.in_(some)))
        ]
        newest = [row.id for row in rows if row.id not in found]
        found |= {row.id: row for row in rows}
    return list(found.values())


def _was_edited(connection: Connection, memory_id: str) -> bool:
    query = select(changes.c.seq).where(changes.c.memory_id == memory_id, changes.c.what == "edited").limit(1)
    return connection.execute(query).first() is not None


def _no_longer_known(connection: Connection, vault: Vault, record: dict[str, Any]) -> list[str]:
    """The statements of a turn that no memory says any more: one of them is what an edited memory said first."""
    stated = {vault.fingerprint(text): text for text in memorable(record["question"])}
    query = select(memories.c.fingerprint).where(memories.c.fingerprint.in_(stated))
    known = set(connection.execute(query).scalars())
    return [text for key, text in stated.items() if key not in known]


def stated_in(connection: Connection, session_id: str) -> list[str]:
    own = select(turns.c.id).where(turns.c.session_id == session_id)
    stated = (memories.c.session_id == session_id) | memories.c.turn_id.in_(own)
    return list(connection.execute(select(memories.c.id).where(stated).order_by(memories.c.id)).scalars())


def stated_by(connection: Connection, turn_id: str) -> list[str]:
    query = select(memories.c.id).where(memories.c.turn_id == turn_id).order_by(memories.c.id)
    return list(connection.execute(query).scalars())


def later(connection: Connection, session_id: str, number: int) -> list[str]:
    later = (turns.c.session_id == session_id) & (turns.c.number > number)
    return list(connection.execute(select(turns.c.id).where(later).order_by(turns.c.number)).scalars())


def _corrected(connection: Connection, vault: Vault, trace: Trace) -> list[str]:
    """Turns with a correction that says it."""
    rows = connection.execute(
        select(feedback.c.turn_id, feedback.c.correction).where(feedback.c.correction.is_not(None))
    )
    return [
        row.turn_id for row in rows if trace.holds(vault.open(row.correction, f"feedback.correction:{row.turn_id}"))
    ]


def records(connection: Connection, vault: Vault, ids: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The records of turns, a few at a time: one may hold a megabyte."""
    for start in range(0, len(ids), ROWS_AT_ONCE):
        some = ids[start : start + ROWS_AT_ONCE]
        for row in connection.execute(select(turns.c.id, turns.c.record).where(turns.c.id.in_(some))):
            yield row.id, json.loads(vault.open(row.record, f"turns.record:{row.id}"))


def turns_with_memories(database: Database, ids: Sequence[str]) -> frozenset[str]:
    """Turns in which these memories were stated, or whose question, answer, correction or conversation says them.

    Raises:
        NotStored: no memory has one of these ids.
    """
    scan = Scan(database)
    with database.read() as connection:
        trace = scan.finish(connection, list(ids))
        names = sorted(trace.ids)
        stated = [
            name
            for some in batches(names)
            for name in connection.execute(select(memories.c.turn_id).where(memories.c.id.in_(some))).scalars()
        ]
        said = [
            name
            for name, record in records(connection, database.vault, scan.holding)
            if trace.in_turn({part: record.get(part) for part in SAID}) is not None
        ]
        return frozenset(name for name in (*stated, *said, *_corrected(connection, database.vault, trace)) if name)


def turns_with_session(database: Database, session_id: str, *, keep_memories: bool = False) -> frozenset[str]:
    """Turns that go with a session, and those elsewhere that say what was stated in it."""
    with database.read() as connection:
        own = connection.execute(select(turns.c.id).where(turns.c.session_id == session_id)).scalars().all()
        stated = [] if keep_memories else stated_in(connection, session_id)
    return frozenset(own) | turns_with_memories(database, stated)


def turns_with_turn(database: Database, turn_id: str) -> frozenset[str]:
    """A turn, later ones that read it in their conversation, and those that say what was stated in it."""
    with database.read() as connection:
        row = connection.execute(select(turns).where(turns.c.id == turn_id)).one()
        stated = stated_by(connection, turn_id)
        said = {database.vault.open(row.question, f"turns.question:{turn_id}")}
        if row.answer is not None:
            said.add(database.vault.open(row.answer, f"turns.answer:{turn_id}"))
        readers = [
            name
            for name, record in records(connection, database.vault, later(connection, row.session_id, row.number))
            if any(message["content"] in said or CUT in message["content"] for message in record.get("history") or ())
        ]
    return frozenset((turn_id, *readers)) | turns_with_memories(database, stated)
