"""Decisions of a consolidation become rows, inside the caller's transaction, where they still fit.

    not there yet, still fitting     applied: state, tier or importance, and a line in the journal
    there already                    counted: an earlier attempt was killed after it
    changed by somebody since        left alone: edited, pinned, restored, said again, forgotten

A merge moves the recalls of the one that goes to the one that stays, in the same transaction. It decides nothing.

>>> Counter(applied(connection, decisions, seq))  # doctest: +SKIP
Counter({'merged': 2})
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, select, update

from workbench.memory.consolidation.plan import LEAVING, Decision
from workbench.memory.memories import change, forget
from workbench.memory.tables import changes, memories

OURS = ("promoted", *LEAVING)


def applied(connection: Connection, decisions: Sequence[Decision], seq: int) -> Iterator[str]:
    """Apply what still fits; yields the kind of each decision that is in force now.

    Args:
        seq: the last entry of the journal that the plan knew.
    """
    names = [name for decision in decisions for name in (decision.memory_id, decision.by) if name]
    rows = _rows(connection, names)
    touched = _touched(connection, names, seq)
    for decision in decisions:
        row, by = rows.get(decision.memory_id), rows.get(decision.by or "")
        if _is_done(decision, row):
            yield decision.what
        elif not touched.intersection((decision.memory_id, decision.by)) and _fits(decision, row, by):
            _apply_one(connection, decision, row)
            yield decision.what


def _rows(connection: Connection, names: Collection[str]) -> dict[str, Any]:
    columns = ("id", "state", "tier", "pinned", "replaced_by", "recall_count")
    query = select(*(memories.c[name] for name in columns)).where(memories.c.id.in_(set(names))).with_for_update()
    return {row.id: row for row in connection.execute(query)}


def _touched(connection: Connection, names: Collection[str], seq: int) -> set[str]:
    """Which of them somebody changed since the plan was made."""
    named = changes.c.memory_id.in_(set(names)) & (changes.c.seq > seq) & changes.c.what.not_in(OURS)
    return set(connection.execute(select(changes.c.memory_id).where(named)).scalars())


def _is_done(decision: Decision, row: Any) -> bool:
    """Whether an earlier attempt applied it."""
    if decision.what == "purged":
        return row is None
    if row is None:
        return False
    if decision.what == "promoted":
        return bool(row.state == "active" and row.tier == "long")
    return bool(row.state == decision.what) and bool(row.replaced_by == decision.by)


def _fits(decision: Decision, row: Any, by: Any) -> bool:
    if row is None:
        return False
    if decision.what == "purged":
        return row.state in ("merged", "expired")
    if decision.what in LEAVING and row.pinned:
        return False
    return bool(row.state == "active") and (decision.by is None or by is not None)


def _apply_one(connection: Connection, decision: Decision, row: Any) -> None:
    name, why = decision.memory_id, decision.why
    scored = {"importance": decision.importance, "parts": json.dumps(dict(decision.parts))}
    if decision.what == "purged":
        forget(connection, [name])
    elif decision.what == "rescored":  # neither found otherwise nor told in the journal
        connection.execute(update(memories).where(memories.c.id == name).values(scored))
    elif decision.what == "promoted":
        change(connection, name, "promoted", why=why, tier="long", **scored)
    else:
        change(connection, name, decision.what, why=why, state=decision.what, replaced_by=decision.by)
        if decision.what == "merged" and decision.by:
            count_recalls(connection, decision.by, row.recall_count)


def count_recalls(connection: Connection, name: str, more: int) -> None:
    """The one that stays takes over the recalls of the one merged into it; an undo gives them back."""
    count = connection.execute(select(memories.c.recall_count).where(memories.c.id == name)).scalar()
    if count is not None and more:
        values = {"recall_count": max(count + more, 0)}
        connection.execute(update(memories).where(memories.c.id == name).values(values))
