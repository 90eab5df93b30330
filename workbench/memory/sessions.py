"""Conversations and what people said about them: sessions, turns, feedback.

    session "2026-11-03 14:05 3fa2"
    ├── turn 1   question, answer, the whole record
    │   └── feedback: up
    └── turn 2   …
        └── feedback: correct, "The answer is 42"

Every method is one short transaction. Ids and names may be given by their beginning when only one fits. It does not
embed, rank or think; `store.py` hands it the statements to keep with a turn.

>>> session = sessions.create("holiday")  # doctest: +SKIP
>>> sessions.history(session.id, last_n=4)  # doctest: +SKIP
(Message(role='user', content='…'), Message(role='assistant', content='…'))
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from sqlalchemy import Column, Connection, RowMapping, Select, func, insert, or_, select

from workbench.core.errors import NotStored, StoreError
from workbench.core.records import Feedback, Message, Session, Turn, begun_session, new_id
from workbench.memory import memories as memory_rows
from workbench.memory.database import Database
from workbench.memory.failures import Clash
from workbench.memory.memories import NewMemory
from workbench.memory.tables import feedback, sessions, turns
from workbench.memory.text import storable
from workbench.memory.turn_json import turn_from_json, turn_to_json

CLASHES = 3  # writers on a database server may meet; SQLite lets in one at a time


class Sessions:
    """Sessions, turns and feedback in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, name: str | None = None) -> Session:
        """Begin a session; without a name it is called by date, time and the start of its id.

        Raises:
            StoreError: another session has that name already.
        """
        session = begun_session(None if name is None else storable(name).strip())
        with self._database.write() as connection:
            if connection.execute(select(sessions.c.id).where(sessions.c.name == session.name)).first():
                raise StoreError(f"A session named {session.name!r} exists already; continue it or choose another name")
            _insert_session(connection, session)
        return session

    def get(self, reference: str) -> Session:
        """The session with that id or name, or the only one whose id or name begins so.

        Raises:
            NotStored: none fits, or several do.
        """
        with self._database.read() as connection:
            found = _only(connection, reference, _sessions(), (sessions.c.id, sessions.c.name), "session")
        return Session(**found)

    def latest(self) -> Session | None:
        """The session that was last asked something (or created); `None` in a fresh home."""
        return next(iter(self.list()), None)

    def list(self) -> tuple[Session, ...]:
        """All sessions, the most recently used first."""
        used = func.coalesce(func.max(turns.c.asked_at), sessions.c.created_at)
        with self._database.read() as connection:
            rows = connection.execute(_sessions().order_by(used.desc(), sessions.c.id)).mappings()
            return tuple(Session(**row) for row in rows)

    def turn(self, reference: str) -> Turn:
        """The turn with that id, or the only one whose id begins so.

        Raises:
            NotStored: none fits, or several do.
        """
        with self._database.read() as connection:
            return turn_from_json(_only(connection, reference, select(turns), (turns.c.id,), "turn")["record"])

    def turns(self, session_id: str) -> tuple[Turn, ...]:
        """The turns of a session, in the order they were asked."""
        query = select(turns.c.record).where(turns.c.session_id == session_id).order_by(turns.c.number)
        with self._database.read() as connection:
            return tuple(turn_from_json(record) for record in connection.execute(query).scalars())

    def history(self, session_id: str, last_n: int) -> tuple[Message, ...]:
        """The last answered turns of a session as the messages a model reads, oldest first."""
        answered = (turns.c.session_id == session_id) & turns.c.answer.is_not(None)
        query = select(turns.c.question, turns.c.answer).where(answered).order_by(turns.c.number.desc())
        with self._database.read() as connection:
            rows = connection.execute(query.limit(max(last_n, 0))).all()
        pairs = ((Message("user", row.question), Message("assistant", row.answer)) for row in reversed(rows))
        return tuple(message for pair in pairs for message in pair)

    def save(self, turn: Turn, statements: Sequence[NewMemory] = (), *, stop: threading.Event | None = None) -> Turn:
        """Store a turn, its session if that is new, and the statements made in it: all of it or nothing.

        Args:
            stop: set by whoever cancels; as long as the commit has not begun, nothing is kept.
        Returns:
            the turn with `session_id` and `memory_ids` filled.
        Raises:
            StoreError: it could not be stored, or a turn with that id is stored already.
        """
        for _ in range(CLASHES):
            with suppress(Clash):  # another process stated the same just now: look again
                return self._save_once(turn, statements, stop)
        return self._save_once(turn, statements, stop)

    def _save_once(self, turn: Turn, statements: Sequence[NewMemory], stop: threading.Event | None) -> Turn:
        turn = replace(turn, session_id=turn.session_id or new_id())
        with self._database.write(stop=stop) as connection:
            _ensure_session(connection, turn)
            _insert_turn(connection, turn)
            turn = replace(turn, memory_ids=memory_rows.add(connection, turn, statements))
            connection.execute(turns.update().where(turns.c.id == turn.id).values(record=turn_to_json(turn)))
        return turn

    def add_feedback(self, given: Feedback) -> Feedback:
        """Store what a person said about a turn; `turn_id` may be the beginning of one.

        Returns:
            the feedback with the whole turn id.
        Raises:
            NotStored: no turn fits, or several do.
            StoreError: a correction without the right answer.
        """
        if given.kind == "correct" and not (given.correction or "").strip():
            raise StoreError("A correction needs the right answer; write it after the turn's id")
        correction = None if given.correction is None else storable(given.correction)
        with self._database.write() as connection:
            found = _only(connection, given.turn_id, select(turns.c.id), (turns.c.id,), "turn")
            kept = replace(given, turn_id=found["id"], correction=correction)
            connection.execute(insert(feedback), [{name: getattr(kept, name) for name in FEEDBACK_FIELDS}])
        return kept

    def feedback(self, turn_id: str) -> tuple[Feedback, ...]:
        """Everything said about a turn, in the order it was said; the last word counts."""
        query = select(*(feedback.c[name] for name in FEEDBACK_FIELDS)).where(feedback.c.turn_id == turn_id)
        with self._database.read() as connection:
            return tuple(Feedback(**row) for row in connection.execute(query.order_by(feedback.c.id)).mappings())


FEEDBACK_FIELDS = ("turn_id", "kind", "correction", "given_at")


def _sessions() -> Select[tuple[str, str, float, int]]:
    columns = (sessions.c.id, sessions.c.name, sessions.c.created_at)
    joined = sessions.outerjoin(turns, turns.c.session_id == sessions.c.id)
    return select(*columns, func.count(turns.c.id).label("turn_count")).select_from(joined).group_by(*columns)


def _only(
    connection: Connection,
    reference: str,
    query: Select[*tuple[object, ...]],
    columns: Sequence[Column[str]],
    what: str,
) -> RowMapping:
    """The one row whose column equals `reference`, or else begins with it."""
    reference = storable(reference)
    equal = or_(*(column == reference for column in columns))
    begins = or_(*(column.startswith(reference, autoescape=True) for column in columns))
    rows = connection.execute(query.where(equal)).mappings().all() if reference else []
    if reference and not rows:
        rows = connection.execute(query.where(begins).limit(3)).mappings().all()
    if len(rows) != 1:
        problem = "Several fit" if rows else "None fits"
        listing = "workbench sessions" if what == "session" else "workbench sessions SESSION"
        raise NotStored(f"{problem} the {what} {reference!r}; list them with: {listing}")
    return rows[0]


def _ensure_session(connection: Connection, turn: Turn) -> None:
    """The session exists and its row is ours until the commit, so that its turns are numbered one after another."""
    assert turn.session_id is not None
    query = select(sessions.c.id).where(sessions.c.id == turn.session_id).with_for_update()
    if not connection.execute(query).first():
        _insert_session(connection, begun_session(turn.session_name, turn.session_id))


def _insert_session(connection: Connection, session: Session) -> None:
    row = {"id": session.id, "name": session.name, "created_at": session.created_at}
    connection.execute(insert(sessions), [row])


def _insert_turn(connection: Connection, turn: Turn) -> None:
    last = connection.execute(select(func.max(turns.c.number)).where(turns.c.session_id == turn.session_id)).scalar()
    row = {
        "id": turn.id,
        "session_id": turn.session_id,
        "number": (last or 0) + 1,
        "asked_at": turn.asked_at,
        "question": storable(turn.question),
        "answer": None if turn.answer is None else storable(turn.answer),
        "record": "",  # written below, once the ids of its memories are known
    }
    connection.execute(insert(turns), [row])
