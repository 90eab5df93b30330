"""Forgetting for good: a memory with every copy of its text, or a session with all that was said in it.

    forget_memories(ids)   memory rows, duplicates merged into them, journal ─┐
                           their text in turns, feedback, summaries ──────────┤ one transaction ──► scrub: no file holds
    forget_session(id)     turns, feedback, summary; the memories stated in ──┘                     it any longer
                           it as above, or kept without their source

Any turn may hold a statement: the one it was said in, later ones that read it, one that says it again. All are
searched, those stored so far before the write lock is taken, so that other processes wait for the changes only. It does
not know the vector indexes: they hear of it from the journal.

>>> forget_memories(database, ["9f…"])  # doctest: +SKIP
Forgotten(turns=0, feedback=0, memories=1, redacted=3)
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, delete, func, select, update

from workbench.core.errors import NotStored
from workbench.memory import memories as memory_rows
from workbench.memory.memories import batches
from workbench.memory.sessions.redaction import Trace
from workbench.memory.tables import changes, feedback, memories, sessions, turns
from workbench.memory.text import storable
from workbench.memory.weighing.memorable import memorable

if TYPE_CHECKING:
    from workbench.core.records import Turn
    from workbench.memory.database import Database
    from workbench.memory.vault.plain import Vault

ROWS_AT_ONCE = 20
LATEST_CHANGES = 5_000  # of the journal, looked through for what was forgotten during a turn


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What is gone: turns and feedback of a session, memories; and how many other turns held a copy."""

    turns: int = 0
    feedback: int = 0
    memories: int = 0
    redacted: int = 0


def forget_memories(database: Database, ids: Sequence[str]) -> Forgotten:
    """Remove memories, the duplicates merged into them, and their text wherever a turn or a summary holds it.

    Raises:
        NotStored: no memory has one of these ids; then nothing is forgotten.
    """
    scan = _Scan(database)
    scan.look(list(ids))
    with database.write() as connection:
        trace = scan.finish(connection, list(ids))
        redacted = _redact(connection, database.vault, trace, scan.holding)
        memory_rows.forget(connection, sorted(trace.ids))
    database.scrub()
    return Forgotten(memories=len(trace.ids), redacted=redacted)


def forget_session(database: Database, session_id: str, *, keep_memories: bool = False) -> Forgotten:
    """Remove a session: its turns, the feedback on them, its summary, and what was stated in it.

    Args:
        keep_memories: what was stated stays remembered, without its source.
    Raises:
        NotStored: no session has that id.
    """
    scan = _Scan(database)
    if not keep_memories:
        with database.read() as connection:
            stated = _stated_in(connection, session_id)
        scan.look(stated)
    with database.write() as connection:
        counted = _counted(connection, session_id)
        stated = [] if keep_memories else _stated_in(connection, session_id)
        trace = scan.finish(connection, stated)
        own = set(connection.execute(select(turns.c.id).where(turns.c.session_id == session_id)).scalars())
        redacted = _redact(connection, database.vault, trace, [held for held in scan.holding if held not in own])
        memory_rows.forget(connection, sorted(trace.ids))
        if keep_memories:
            memory_rows.enter(connection, _stated_in(connection, session_id), "unsourced", why="its session is gone")
        if not connection.execute(delete(sessions).where(sessions.c.id == session_id)).rowcount:
            raise NotStored(f"No session has the id {session_id!r}; list them with: workbench sessions")
    database.scrub()
    return Forgotten(*counted, memories=len(trace.ids), redacted=redacted)


def without_what_was_forgotten(connection: Connection, turn: Turn) -> dict[str, Any] | None:
    """The record of a turn that was answered while something was forgotten; None where nothing was.

    It had read the store before: memories that are gone leave it with their text, and so does the conversation that
    it read, in which the text may stand in any words.
    """
    if not turn.recalled and not turn.history:
        return None
    query = select(changes.c.memory_id).where(changes.c.what == "forgotten", changes.c.at >= turn.asked_at)
    last = select(func.coalesce(func.max(changes.c.seq), 0) - LATEST_CHANGES).scalar_subquery()
    gone = set(connection.execute(query.where(changes.c.seq > last)).scalars())
    if not gone:
        return None
    trace = Trace.of({one.memory_id: one.text for one in turn.recalled if one.memory_id in gone})
    record = {**turn.to_dict(), "history": []}
    return trace.in_turn(record) or record


class _Scan:
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
        for name, record in _records(connection, self._database.vault, new):
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
    records = _records(connection, vault, sorted(sources))
    return _Said(texts, tuple(text for _, record in records for text in _no_longer_known(connection, vault, record)))


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


def _stated_in(connection: Connection, session_id: str) -> list[str]:
    own = select(turns.c.id).where(turns.c.session_id == session_id)
    stated = (memories.c.session_id == session_id) | memories.c.turn_id.in_(own)
    return list(connection.execute(select(memories.c.id).where(stated).order_by(memories.c.id)).scalars())


def _counted(connection: Connection, session_id: str) -> tuple[int, int]:
    """How many turns the session has, and how much feedback on them."""
    own = select(turns.c.id).where(turns.c.session_id == session_id)
    said = select(func.count()).select_from(feedback).where(feedback.c.turn_id.in_(own))
    count = select(func.count()).select_from(turns).where(turns.c.session_id == session_id)
    return connection.execute(count).scalar_one(), connection.execute(said).scalar_one()


def _records(connection: Connection, vault: Vault, ids: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The records of turns, a few at a time: one may hold a megabyte."""
    for start in range(0, len(ids), ROWS_AT_ONCE):
        some = ids[start : start + ROWS_AT_ONCE]
        for row in connection.execute(select(turns.c.id, turns.c.record).where(turns.c.id.in_(some))):
            yield row.id, json.loads(vault.open(row.record, f"turns.record:{row.id}"))


def _redact(connection: Connection, vault: Vault, trace: Trace, holding: Sequence[str]) -> int:
    """Take the trace out of these turns, of all corrections, and reset the summaries that may hold it."""
    if not trace.ids:
        return 0
    for name, record in _records(connection, vault, holding):
        clean = trace.in_turn(record)
        if clean is not None:  # unless another process has forgotten the same meanwhile
            connection.execute(update(turns).where(turns.c.id == name).values(turn_columns(vault, clean)))
    _redact_corrections(connection, vault, trace)
    _reset_summaries(connection, vault, trace, holding)
    return len(holding)


def turn_columns(vault: Vault, record: dict[str, Any]) -> dict[str, Any]:
    """The sealed columns of a turn that hold text, from its record."""
    name, answer = record["id"], record.get("answer")
    return {
        "question": vault.seal(storable(record["question"]), f"turns.question:{name}"),
        "answer": None if answer is None else vault.seal(storable(answer), f"turns.answer:{name}"),
        "record": vault.seal(record_to_json(record), f"turns.record:{name}"),
    }


def record_to_json(record: dict[str, Any]) -> str:
    """The record of a turn as one line of JSON; what UTF-8 cannot hold is written as `\\uXXXX`."""
    text = json.dumps(record, ensure_ascii=False)
    return text if storable(text) == text else json.dumps(record)


def _redact_corrections(connection: Connection, vault: Vault, trace: Trace) -> None:
    columns = (feedback.c.id, feedback.c.turn_id, feedback.c.correction)
    for row in connection.execute(select(*columns).where(feedback.c.correction.is_not(None))).all():
        place = f"feedback.correction:{row.turn_id}"
        said = vault.open(row.correction, place)
        clean = trace.redacted(said)
        if clean != said:
            sealed = vault.seal(clean, place)
            connection.execute(update(feedback).where(feedback.c.id == row.id).values(correction=sealed))


def _reset_summaries(connection: Connection, vault: Vault, trace: Trace, holding: Sequence[str]) -> None:
    """A summary of a turn that held the trace is made anew from what is left, and so is one that says it."""
    concerned: set[str] = set()
    for some in batches(holding):
        concerned.update(connection.execute(select(turns.c.session_id).where(turns.c.id.in_(some))).scalars())
    for row in connection.execute(select(sessions.c.id, sessions.c.summary).where(sessions.c.summary.is_not(None))):
        if row.id in concerned or trace.holds(vault.open(row.summary, f"sessions.summary:{row.id}")):
            concerned.add(row.id)
    for some in batches(sorted(concerned)):
        reset = update(sessions).where(sessions.c.id.in_(some)).values(summary=None, summary_upto=0)
        connection.execute(reset)
