"""Forgetting for good: a memory with every copy of its text, a turn, or a session with all that was said in it.

    forget_memories(ids)   memory rows, duplicates merged into them, journal ─┐
                           their text in turns, feedback, summaries ──────────┤ one transaction ──► scrub: no file holds
    forget_session(id)     turns, feedback, summary; the memories stated in ──┤                     it any longer
                           it as above, or kept without their source          │
    forget_turn(id)        the same of one turn; what later turns read of it ─┘

Any turn may hold a statement: the one it was said in, later ones that read it, one that says it again. All are
searched, those stored so far before the write lock is taken, so that other processes wait for the changes only. It does
not know the vector indexes: they hear of it from the journal.

>>> forget_memories(database, ["9f…"])  # doctest: +SKIP
Forgotten(turns=0, feedback=0, memories=1, redacted=3)
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, delete, func, select, update

from workbench.core.errors import NotStored
from workbench.memory import memories as memory_rows
from workbench.memory.memories import batches
from workbench.memory.sessions.redaction import Trace
from workbench.memory.sessions.tracing import Scan, later, records, stated_by, stated_in
from workbench.memory.tables import changes, feedback, sessions, turns
from workbench.memory.text import storable

if TYPE_CHECKING:
    from workbench.core.records import Turn
    from workbench.memory.database import Database
    from workbench.memory.vault.plain import Vault

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
    scan = Scan(database)
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
    scan = Scan(database)
    if not keep_memories:
        with database.read() as connection:
            stated = stated_in(connection, session_id)
        scan.look(stated)
    with database.write() as connection:
        counted = _counted(connection, session_id)
        stated = [] if keep_memories else stated_in(connection, session_id)
        trace = scan.finish(connection, stated)
        own = set(connection.execute(select(turns.c.id).where(turns.c.session_id == session_id)).scalars())
        redacted = _redact(connection, database.vault, trace, [held for held in scan.holding if held not in own])
        memory_rows.forget(connection, sorted(trace.ids))
        if keep_memories:
            memory_rows.enter(connection, stated_in(connection, session_id), "unsourced", why="its session is gone")
        if not connection.execute(delete(sessions).where(sessions.c.id == session_id)).rowcount:
            raise NotStored(f"No session has the id {session_id!r}; list them with: workbench sessions")
    database.scrub()
    return Forgotten(*counted, memories=len(trace.ids), redacted=redacted)


def forget_turn(database: Database, turn_id: str) -> Forgotten:
    """Remove a turn, the feedback on it, and what was stated in it; later turns of its session lose what they read.

    Their answers stay, whatever they say of it.

    Raises:
        NotStored: no turn has that id.
    """
    scan = Scan(database)
    with database.read() as connection:
        stated = stated_by(connection, turn_id)
    scan.look(stated)
    with database.write() as connection:
        row = connection.execute(select(turns.c.session_id, turns.c.number).where(turns.c.id == turn_id)).first()
        if row is None:
            raise NotStored(f"No turn has the id {turn_id!r}; list them with: workbench sessions SESSION")
        trace = scan.finish(connection, stated_by(connection, turn_id))
        redacted = _redact(connection, database.vault, trace, [held for held in scan.holding if held != turn_id])
        memory_rows.forget(connection, sorted(trace.ids))
        _unread(connection, database.vault, later(connection, row.session_id, row.number))
        reset = update(sessions).where(sessions.c.id == row.session_id).values(summary=None, summary_upto=0)
        connection.execute(reset)
        said = connection.execute(delete(feedback).where(feedback.c.turn_id == turn_id)).rowcount
        connection.execute(delete(turns).where(turns.c.id == turn_id))
        memory_rows.enter(connection, [turn_id], "forgotten", why="a turn")  # for what is being answered meanwhile
    database.scrub()
    return Forgotten(turns=1, feedback=said, memories=len(trace.ids), redacted=redacted)


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


def _unread(connection: Connection, vault: Vault, names: Sequence[str]) -> None:
    """Take the conversation that these turns read out of their records: what is forgotten may stand in any words."""
    for name, record in records(connection, vault, names):
        if record.get("history"):
            values = turn_columns(vault, {**record, "history": []})
            connection.execute(update(turns).where(turns.c.id == name).values(values))


def _counted(connection: Connection, session_id: str) -> tuple[int, int]:
    """How many turns the session has, and how much feedback on them."""
    own = select(turns.c.id).where(turns.c.session_id == session_id)
    said = select(func.count()).select_from(feedback).where(feedback.c.turn_id.in_(own))
    count = select(func.count()).select_from(turns).where(turns.c.session_id == session_id)
    return connection.execute(count).scalar_one(), connection.execute(said).scalar_one()


def _redact(connection: Connection, vault: Vault, trace: Trace, holding: Sequence[str]) -> int:
    """Take the trace out of these turns, of all corrections, and reset the summaries that may hold it."""
    if not trace.ids:
        return 0
    for name, record in records(connection, vault, holding):
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
