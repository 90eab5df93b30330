"""Conversations and what people said about them: sessions, turns, feedback.

    session "2026-11-03 14:05 3fa2"
    ├── turn 1   question, answer, the whole record
    │   └── feedback: up
    └── turn 2   …
        └── feedback: correct, "The answer is 42"

Every method is one short transaction. Ids and names may be given by their beginning when only one fits. It does not
embed, rank or think; `store.py` hands it the statements to keep with a turn, `conversation.py` reads a session for a
model, `forgetting.py` removes one.

>>> session = sessions.create("holiday")  # doctest: +SKIP
>>> sessions.history(session.id, last_n=4)  # doctest: +SKIP
(Message(role='user', content='…'), Message(role='assistant', content='…'))
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar

from sqlalchemy import Connection, RowMapping, Select, bindparam, func, insert, select, update

from workbench.core.errors import NotStored, StoreError
from workbench.core.records import Feedback, Message, Session, Turn, begun_session, new_id
from workbench.memory import memories as memory_rows
from workbench.memory.database import Database
from workbench.memory.failures import Clash
from workbench.memory.memories import NewMemory
from workbench.memory.sessions import tracing
from workbench.memory.sessions.forgetting import (
    Forgotten,
    forget_memories,
    forget_session,
    forget_turn,
    without_what_was_forgotten,
)
from workbench.memory.sessions.names import checked_name, free_name
from workbench.memory.sessions.turn_json import turn_from_json, turn_to_json
from workbench.memory.tables import feedback, memories, sessions, turns
from workbench.memory.text import storable
from workbench.memory.vault.plain import Vault

Found = TypeVar("Found")

# Asked at every write: built once.
ITS_ROW = select(sessions.c.id).where(sessions.c.id == bindparam("session")).with_for_update()
LAST_NUMBER = select(func.max(turns.c.number)).where(turns.c.session_id == bindparam("session"))

CLASHES = 3  # writers on a database server may meet; SQLite lets in one at a time


class Sessions:
    """Sessions, turns and feedback in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, name: str | None = None) -> Session:
        """Begin a session; without a name it is called by date, time and the start of its id.

        Raises:
            StoreError: the name is no name, or another session has it.
        """
        session = begun_session(None if name is None else checked_name(name))
        with self._database.write() as connection:
            self._refuse_taken(connection, session)
            _insert_session(connection, self._vault, session)
        return session

    def rename(self, reference: str, name: str) -> Session:
        """Give a session another name.

        Raises:
            NotStored: no session fits the reference, or several do.
            StoreError: the name is no name, or another session has it.
        """
        name = checked_name(name)
        with self._database.write() as connection:
            renamed = replace(_fitting(self._all(connection), reference), name=name)
            self._refuse_taken(connection, renamed)
            sealed = self._vault.seal(name, f"sessions.name:{renamed.id}")
            connection.execute(update(sessions).where(sessions.c.id == renamed.id).values(name=sealed))
        self._database.scrub()  # the old name may have told something
        return renamed

    def set_learning(self, reference: str, learns: bool) -> Session:
        """Say whether the turns of a session may become training examples.

        Raises:
            NotStored: no session fits the reference, or several do.
        """
        with self._database.write() as connection:
            found = replace(_fitting(self._all(connection), reference), learns=learns)
            connection.execute(update(sessions).where(sessions.c.id == found.id).values(learning=learns))
        return found

    def forget(self, reference: str, *, keep_memories: bool = False) -> Forgotten:
        """Remove a session for good: turns, feedback, summary, and the memories stated in it with every copy.

        Args:
            keep_memories: what was stated stays remembered, without its source.
        Raises:
            NotStored: no session fits the reference, or several do.
        """
        return forget_session(self._database, self.get(reference).id, keep_memories=keep_memories)

    def forget_turn(self, reference: str) -> Forgotten:
        """Remove a turn for good, with the feedback on it and what was stated in it; see `forgetting.forget_turn`.

        Raises:
            NotStored: no turn fits the reference, or several do.
        """
        return forget_turn(self._database, self.turn(reference).id)

    def turns_with(
        self, *, memory_ids: Sequence[str] = (), session: str | None = None, turn: str | None = None, **options: bool
    ) -> frozenset[str]:
        """Ids of the turns that say what is to be forgotten: what was learned from them is concerned.

        Args:
            options: `keep_memories`, as in `forget`.
        Raises:
            NotStored: there is no such memory, session or turn.
        """
        found = tracing.turns_with_memories(self._database, memory_ids)
        if session is not None:
            found |= tracing.turns_with_session(self._database, self.get(session).id, **options)
        if turn is not None:
            found |= tracing.turns_with_turn(self._database, self.turn(turn).id)
        return found

    def forget_memories(self, ids: Sequence[str]) -> Forgotten:
        """Remove memories for good, with the duplicates merged into them and their text in every turn.

        Raises:
            NotStored: no memory has one of these ids; then nothing is forgotten.
        """
        return forget_memories(self._database, ids)

    def get(self, reference: str) -> Session:
        """The session with that id or name, or the only one whose id or name begins so.

        Raises:
            NotStored: none fits, or several do.
        """
        return _fitting(self.list(), reference)

    def latest(self) -> Session | None:
        """The session that was last asked something (or created); `None` in a fresh home."""
        return next(iter(self.list()), None)

    def list(self) -> tuple[Session, ...]:
        """All sessions, the most recently used first."""
        with self._database.read() as connection:
            return self._all(connection)

    def turn(self, reference: str) -> Turn:
        """The turn with that id, or the only one whose id begins so.

        Raises:
            NotStored: none fits, or several do.
        """
        with self._database.read() as connection:
            row = _only_turn(connection, reference)
        return turn_from_json(self._vault.open(row.record, f"turns.record:{row.id}"))

    def turns(self, session_id: str) -> tuple[Turn, ...]:
        """The turns of a session, in the order they were asked."""
        query = select(turns.c.id, turns.c.record).where(turns.c.session_id == session_id).order_by(turns.c.number)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return tuple(turn_from_json(self._vault.open(row.record, f"turns.record:{row.id}")) for row in rows)

    def history(self, session_id: str, last_n: int) -> tuple[Message, ...]:
        """The last answered turns of a session as the messages a model reads, oldest first."""
        answered = (turns.c.session_id == session_id) & turns.c.answer.is_not(None)
        query = select(turns.c.id, turns.c.question, turns.c.answer).where(answered).order_by(turns.c.number.desc())
        with self._database.read() as connection:
            rows = connection.execute(query.limit(max(last_n, 0))).all()
        return tuple(message for row in reversed(rows) for message in self._messages(row))

    def _messages(self, row: Any) -> tuple[Message, Message]:
        question = self._vault.open(row.question, f"turns.question:{row.id}")
        return Message("user", question), Message("assistant", self._vault.open(row.answer, f"turns.answer:{row.id}"))

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
        continued = turn.session_id is not None and any(message.role == "user" for message in turn.history)
        turn = replace(turn, session_id=turn.session_id or new_id())
        with self._database.write(stop=stop) as connection:
            self._ensure_session(connection, turn, continued=continued)
            turn = _without_what_was_forgotten(connection, turn)
            stated = memory_rows.prepared(
                connection,
                self._vault,
                statements,
                session_id=turn.session_id,
                turn_id=turn.id,
                said_at=turn.asked_at,
            )
            turn = replace(turn, memory_ids=stated.new)
            _insert_turn(connection, self._vault, turn)  # before its memories, which point at it
            memory_rows.add(connection, stated)
        return turn

    def note(self, statements: Sequence[NewMemory], session: Session | None, *, said_at: float) -> tuple[str, ...]:
        """Store statements that belong to no turn, and their session if that is new: all of it or nothing.

        Returns:
            the id of each statement's memory, known ones included.
        """
        with self._database.write() as connection:
            if session is not None and not _is_stored(connection, session.id):
                self._begin(connection, session)
            name = session.id if session else None
            stated = memory_rows.prepared(
                connection, self._vault, statements, session_id=name, turn_id=None, said_at=said_at
            )
            memory_rows.add(connection, stated)
        return stated.every

    def add_feedback(
        self, given: Feedback, statement: NewMemory | None = None, *, instead_of: Sequence[str] = ()
    ) -> Feedback:
        """Store what a person said about a turn; `turn_id` may be the beginning of one.

        Args:
            statement: what a correction states, a memory of the turn from the same transaction on.
            instead_of: what earlier corrections of the turn stated; those memories are superseded.
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
            kept = replace(given, turn_id=_only_turn(connection, given.turn_id).id, correction=correction)
            row = {name: getattr(kept, name) for name in FEEDBACK_FIELDS}
            if correction is not None:
                row["correction"] = self._vault.seal(correction, f"feedback.correction:{kept.turn_id}")
            connection.execute(insert(feedback), [row])
            if statement is not None:
                self._state(connection, kept, statement, instead_of)
        return kept

    def _state(self, connection: Connection, given: Feedback, statement: NewMemory, instead_of: Sequence[str]) -> None:
        """A correction as a memory, in place of what the turn's earlier corrections said."""
        session_id = connection.execute(select(turns.c.session_id).where(turns.c.id == given.turn_id)).scalar_one()
        stated = memory_rows.prepared(
            connection,
            self._vault,
            [statement],
            session_id=session_id,
            turn_id=given.turn_id,
            said_at=given.given_at,
        )
        memory_rows.add(connection, stated)
        [name] = stated.every
        prints = [self._vault.fingerprint(text) for text in instead_of]
        old = (memories.c.turn_id == given.turn_id) & memories.c.fingerprint.in_(prints) & (memories.c.id != name)
        recalled = memories.c.state.in_(("active", "doubted"))
        for earlier in connection.execute(select(memories.c.id).where(old, recalled)).scalars().all():
            values = {"state": "superseded", "replaced_by": name}
            memory_rows.change(connection, earlier, "superseded", why="corrected again", **values)

    def feedback(self, turn_id: str) -> tuple[Feedback, ...]:
        """Everything said about a turn, in the order it was said; the last word counts."""
        query = select(*(feedback.c[name] for name in FEEDBACK_FIELDS)).where(feedback.c.turn_id == turn_id)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(feedback.c.id)).mappings().all()
        return tuple(Feedback(**self._corrected(row)) for row in rows)

    @property
    def _vault(self) -> Vault:
        return self._database.vault

    def _refuse_taken(self, connection: Connection, named: Session) -> None:
        others = (other for other in self._all(connection) if other.id != named.id)
        if any(named.name in (other.name, other.id) for other in others):
            raise StoreError(f"A session named {named.name!r} exists already; continue it or choose another name")

    def _ensure_session(self, connection: Connection, turn: Turn, *, continued: bool) -> None:
        """The session exists and its row is ours until the commit, so that its turns are numbered one after another.

        Args:
            continued: the turn has read earlier ones, so the session did exist.
        Raises:
            StoreError: it was forgotten while the turn was answered.
        """
        assert turn.session_id is not None
        if _is_stored(connection, turn.session_id):
            return
        if continued:
            raise StoreError("The session was forgotten while this was answered, and the turn with it; ask once more")
        self._begin(connection, begun_session(turn.session_name, turn.session_id))

    def _begin(self, connection: Connection, session: Session) -> None:
        """Store a new session; two processes may have begun one of the same name, and the second gets a number."""
        name = free_name(session.name, self._taken(connection, session.name))
        _insert_session(connection, self._vault, replace(session, name=name))

    def _taken(self, connection: Connection, name: str) -> set[str]:
        """The names in use; none where the database itself can say that this one is free."""
        held = select(sessions.c.id, sessions.c.name)
        if not self._vault.seals and not connection.execute(held.where(sessions.c.name == name)).first():
            return set()
        return {self._name_of(row) for row in connection.execute(held).mappings()}

    def _all(self, connection: Connection) -> tuple[Session, ...]:
        used = func.coalesce(func.max(turns.c.asked_at), sessions.c.created_at)
        rows = connection.execute(_sessions().order_by(used.desc(), sessions.c.id)).mappings()
        return tuple(Session(**{**row, "name": self._name_of(row)}) for row in rows)

    def _name_of(self, row: RowMapping) -> str:
        return self._vault.open(row["name"], f"sessions.name:{row['id']}")

    def _corrected(self, row: RowMapping) -> dict[str, Any]:
        sealed = row["correction"]
        place = f"feedback.correction:{row['turn_id']}"
        return {**row, "correction": None if sealed is None else self._vault.open(sealed, place)}


FEEDBACK_FIELDS = ("turn_id", "kind", "correction", "given_at")


def _fitting(every: Sequence[Session], reference: str) -> Session:
    reference = storable(reference)
    fitting = [one for one in every if reference in (one.id, one.name)]
    if reference and not fitting:
        fitting = [one for one in every if one.id.startswith(reference) or one.name.startswith(reference)]
    return _only(fitting, reference, "session")


def _without_what_was_forgotten(connection: Connection, turn: Turn) -> Turn:
    record = without_what_was_forgotten(connection, turn)
    return turn if record is None else turn_from_json(json.dumps(record))


def _sessions() -> Select[tuple[str, str, float, bool, int]]:
    columns = (sessions.c.id, sessions.c.name, sessions.c.created_at, sessions.c.learning.label("learns"))
    joined = sessions.outerjoin(turns, turns.c.session_id == sessions.c.id)
    return select(*columns, func.count(turns.c.id).label("turn_count")).select_from(joined).group_by(*columns)


def _only_turn(connection: Connection, reference: str) -> Any:
    """The one turn whose id equals `reference`, or else begins with it."""
    reference = storable(reference)
    query = select(turns.c.id, turns.c.record).where(turns.c.id.startswith(reference, autoescape=True)).limit(3)
    rows = connection.execute(query).all() if reference else []
    return _only([row for row in rows if row.id == reference] or rows, reference, "turn")


def _only(fitting: Sequence[Found], reference: str, what: str) -> Found:
    if len(fitting) != 1:
        problem = "Several fit" if fitting else "None fits"
        listing = "workbench sessions" if what == "session" else "workbench sessions SESSION"
        raise NotStored(f"{problem} the {what} {reference!r}; list them with: {listing}")
    return fitting[0]


def _is_stored(connection: Connection, session_id: str) -> bool:
    """Whether the session exists; its row is the caller's until the commit."""
    return connection.execute(ITS_ROW, {"session": session_id}).first() is not None


def _insert_session(connection: Connection, vault: Vault, session: Session) -> None:
    name = vault.seal(session.name, f"sessions.name:{session.id}")
    connection.execute(insert(sessions), [{"id": session.id, "name": name, "created_at": session.created_at}])


def _insert_turn(connection: Connection, vault: Vault, turn: Turn) -> None:
    last = connection.execute(LAST_NUMBER, {"session": turn.session_id}).scalar()
    row = {
        "id": turn.id,
        "session_id": turn.session_id,
        "number": (last or 0) + 1,
        "asked_at": turn.asked_at,
        "question": vault.seal(storable(turn.question), f"turns.question:{turn.id}"),
        "answer": None if turn.answer is None else vault.seal(storable(turn.answer), f"turns.answer:{turn.id}"),
        "record": vault.seal(turn_to_json(turn), f"turns.record:{turn.id}"),
    }
    connection.execute(insert(turns), [row])
