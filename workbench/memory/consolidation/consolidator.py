"""Consolidation of a store: makes the plan, keeps it, applies it in short transactions, and can take it back.

    memories, vectors, feedback, journal ──► plan ──► runs (kind "consolidate") ──► 100 decisions a transaction ──► done
                                      killed anywhere ──► the next run goes on with the plan that was kept

A decision checks in its own transaction that it still fits: a memory that somebody edited, pinned, restored or forgot
since the plan was made is left alone. One process at a time; a second one is told so. What is kept of a plan are ids,
figures and names of rules, never a text. What should be done is decided in `plan.py`; this file does it.

>>> Consolidator(memories, sessions, "all-minilm-l6-v2-int8", importance, consolidation).run().counts  # doctest: +SKIP
{'merged': 2, 'promoted': 5}
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, func, insert, select, update

from workbench.core.errors import StoreError, StoreLocked
from workbench.core.records import new_id
from workbench.memory.consolidation.applying import applied, count_recalls
from workbench.memory.consolidation.plan import HOUR_S, RULES, Decision, Plan, plan
from workbench.memory.failures import translated
from workbench.memory.memories import change
from workbench.memory.tables import changes, feedback, memories, runs
from workbench.memory.weighing.importance import PARTS, feedback_balance

if TYPE_CHECKING:
    from workbench.core.schema import ConsolidationSettings, ImportanceSettings
    from workbench.memory.memories import Memories
    from workbench.memory.sessions.sessions import Sessions

KIND = "consolidate"
BATCH = 100  # decisions of one transaction: other writers wait some milliseconds
BY_HAND = "by hand"


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did."""

    run_id: str
    counts: dict[str, int] = field(default_factory=dict)  # what -> how many memories
    skipped: int = 0  # changed by somebody since the plan was made
    resumed: bool = False  # it went on with a plan that was cut short
    duration_s: float = 0.0


class Consolidator:
    """Plans and applies consolidations of one store; every method may be called from any thread."""

    def __init__(
        self,
        memories: Memories,
        sessions: Sessions,
        embedder_name: str,
        importance_dials: ImportanceSettings,
        consolidation_dials: ConsolidationSettings,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._memories = memories
        self._sessions = sessions
        self._embedder_name = embedder_name
        self._scoring = importance_dials
        self._dials = consolidation_dials
        self._clock = clock
        self._database = memories.database

    def preview(self, now: float | None = None) -> Plan:
        """What a run would change, and why; nothing is changed."""
        with self._database.read() as connection:
            left_at, restored = _left_at(connection), _restored(connection)
        return plan(
            self._memories.list(),
            self._memories.vectors(self._embedder_name),
            self._feedback(),
            self._clock() if now is None else now,
            self._scoring,
            self._dials,
            left_at=left_at,
            restored=restored,
        )

    def due(self, now: float | None = None) -> bool:
        """Whether the schedule asks for a run: one was cut short, or the last is `every_hours` old."""
        if not self._dials.every_hours or not self._memories.count():
            return False
        with self._database.read() as connection:
            last = connection.execute(
                select(runs.c.started_at, runs.c.finished_at)
                .where(runs.c.kind == KIND)
                .order_by(runs.c.started_at.desc())
                .limit(1)
            ).first()
        now = self._clock() if now is None else now
        return last is None or last.finished_at is None or now - last.started_at >= self._dials.every_hours * HOUR_S

    def run(self, on_progress: Callable[[int, int], None] | None = None) -> Report:
        """Make a plan and apply it, or go on with the one that was cut short.

        Args:
            on_progress: called after each transaction with the number of decisions done and of all.
        Raises:
            StoreLocked: another process consolidates this store.
            StoreError: the database could not be written; what was done stays, the next run goes on.
        """
        started = time.perf_counter()
        with self._alone():
            kept = self._unfinished()
            run = kept or self._begin(self.preview())
            done, skipped = self._apply(run, on_progress)
            self._finish(run.id, done)
        counts: dict[str, int] = {what: done[what] for what in RULES if done[what]}
        return Report(run.id, counts, skipped, kept is not None, time.perf_counter() - started)

    def undo(self, memory_id: str) -> None:
        """Make a memory active again that is not; no later run touches it but for want of room.

        Args:
            memory_id: its id, or the beginning of it.
        Raises:
            NotStored: no memory has that id.
            StoreError: it is active.
        """
        stored = self._memories.get(memory_id)
        if stored.state == "active":
            raise StoreError(f"The memory {stored.id[:8]} is active already; nothing was changed")
        with self._database.write() as connection:
            if stored.state == "merged" and stored.replaced_by:
                count_recalls(connection, stored.replaced_by, -stored.recall_count)
            change(connection, stored.id, "restored", why=BY_HAND, state="active", replaced_by=None)

    def _feedback(self) -> dict[str, float]:
        """id -> balance of what people said last about each turn that stated or used the memory."""
        with self._database.read() as connection:
            said = connection.execute(select(feedback.c.turn_id, feedback.c.kind).order_by(feedback.c.id)).all()
            last = {row.turn_id: row.kind for row in said}
            stated = connection.execute(
                select(memories.c.id, memories.c.turn_id).where(memories.c.turn_id.is_not(None))
            )
            touched = [(row.id, row.turn_id) for row in stated if row.turn_id in last]
        touched += [(found.memory_id, turn_id) for turn_id in last for found in self._sessions.turn(turn_id).recalled]
        kinds: dict[str, dict[str, str]] = {}
        for memory_id, turn_id in touched:
            kinds.setdefault(memory_id, {})[turn_id] = last[turn_id]
        return {memory_id: feedback_balance(given.values()) for memory_id, given in kinds.items()}

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No other process consolidates meanwhile; the system ends the lock of a killed one.

        On a database server there is no file to lock; two runs at once then only repeat each other's work, since each
        decision looks at the row in its own transaction.
        """
        from filelock import FileLock, Timeout

        if self._database.file is None:
            yield
            return
        lock = FileLock(f"{self._database.file}.consolidating", timeout=0)
        with translated(self._database.place):
            try:
                lock.acquire()
            except Timeout as error:  # an OSError too, which is not to be taken for one
                raise StoreLocked(
                    "Another process consolidates these memories; let it finish, then try again"
                ) from error
        try:
            yield
        finally:
            lock.release()

    def _unfinished(self) -> _Run | None:
        query = select(runs.c.id, runs.c.counts).where((runs.c.kind == KIND) & runs.c.finished_at.is_(None))
        with self._database.read() as connection:
            row = connection.execute(query.order_by(runs.c.started_at).limit(1)).first()
        return None if row is None else _Run.from_json(row.id, row.counts)

    def _begin(self, made: Plan) -> _Run:
        run = _Run(new_id(), self._memories.last_change(), made.decisions)
        row = {"id": run.id, "kind": KIND, "started_at": self._clock(), "counts": run.to_json()}
        with self._database.write() as connection:
            connection.execute(insert(runs), [row])
        return run

    def _apply(self, run: _Run, on_progress: Callable[[int, int], None] | None) -> tuple[Counter[str], int]:
        done: Counter[str] = Counter()
        for start in range(0, len(run.decisions), BATCH):
            some = run.decisions[start : start + BATCH]
            with self._database.write() as connection:
                done.update(applied(connection, some, run.seq))
            if on_progress:
                on_progress(start + len(some), len(run.decisions))
        if done["purged"]:
            self._database.scrub()
        return done, len(run.decisions) - done.total()

    def _finish(self, run_id: str, done: Counter[str]) -> None:
        values = {"finished_at": self._clock(), "counts": json.dumps(dict(done))}
        with self._database.write() as connection:
            connection.execute(update(runs).where(runs.c.id == run_id).values(values))


@dataclass(frozen=True, slots=True)
class _Run:
    """A plan that is being applied: its decisions, and the last entry of the journal that it knows."""

    id: str
    seq: int
    decisions: Sequence[Decision]

    def to_json(self) -> str:
        return json.dumps({"seq": self.seq, "decisions": [_row(decision) for decision in self.decisions]})

    @classmethod
    def from_json(cls, run_id: str, text: str) -> _Run:
        kept = json.loads(text)
        return cls(run_id, kept["seq"], [_decision(row) for row in kept["decisions"]])


def _row(decision: Decision) -> list[object]:
    parts = [decision.parts[name] for name in PARTS] if decision.parts else None
    return [decision.memory_id, decision.what, decision.why, decision.importance, parts, decision.by]


def _decision(row: list[Any]) -> Decision:
    memory_id, what, why, importance, parts, by = row
    return Decision(memory_id, what, why, importance, dict(zip(PARTS, parts, strict=True)) if parts else {}, by)


def _left_at(connection: Connection) -> dict[str, float]:
    """id -> when a memory was last merged or expired."""
    left = changes.c.what.in_(("merged", "expired"))
    query = select(changes.c.memory_id, func.max(changes.c.at).label("at")).where(left).group_by(changes.c.memory_id)
    return {row.memory_id: row.at for row in connection.execute(query)}


def _restored(connection: Connection) -> frozenset[str]:
    by_hand = (changes.c.what == "restored") & (changes.c.why == BY_HAND)
    return frozenset(connection.execute(select(changes.c.memory_id).where(by_hand)).scalars())
