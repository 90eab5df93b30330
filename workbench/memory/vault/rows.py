"""Which columns are sealed, and how rows go from one vault to another.

    batch ──► carried(row, before, after) ──► store            before, after: any two vaults; one vault with itself
                                                               seals with its newest data key

Every place is written here as the rooms that read and write those columns write it: "table.column:row". It opens no
transaction and decides nothing about keys.

>>> sorted(sealed.table.name for sealed in SEALED)
['feedback', 'memories', 'sessions', 'turns']
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, bindparam, false, func, or_, select, update

from workbench.memory.tables import feedback, memories, sessions, turns
from workbench.memory.vault.plain import Vault

BATCH = 200  # rows read and written at a time: a writer elsewhere waits for one batch at most

Row = dict[str, Any]


class Sealed(NamedTuple):
    """A table with sealed texts: each sealed column, and the column whose value ends its place."""

    table: Table
    texts: Mapping[str, str]


SEALED = (
    Sealed(sessions, {"name": "id", "summary": "id"}),
    Sealed(turns, {"question": "id", "answer": "id", "record": "id"}),
    Sealed(feedback, {"correction": "turn_id"}),
    Sealed(memories, {"text": "id", "speaker": "id"}),
)


def batch(connection: Connection, sealed: Sealed, last: Any, only: ColumnElement[bool] | None = None) -> list[Row]:
    """The next rows, with all that their places need.

    Args:
        last: the id they follow; `None` begins.
        only: a condition, such as `needing`.
    """
    table = sealed.table
    names = {"id", *sealed.texts, *sealed.texts.values(), *(("vector",) if table is memories else ())}
    query = select(*(table.c[name] for name in names)).order_by(table.c.id).limit(BATCH)
    if last is not None:
        query = query.where(table.c.id > last)
    if only is not None:
        query = query.where(only)
    return [dict(row) for row in connection.execute(query).mappings()]


def carried(sealed: Sealed, row: Row, before: Vault, after: Vault) -> Row:
    """The row's sealed columns as the other vault would have written them."""
    values = {"id": row["id"]}
    for name, owner in sealed.texts.items():
        place = f"{sealed.table.name}.{name}:{row[owner]}"
        values[name] = None if row[name] is None else after.seal(before.open(row[name], place), place)
    if sealed.table is memories:
        place = f"memories.vector:{row['id']}"
        values["vector"] = after.seal_vector(before.open_vector(row["vector"], place), place)
        if after is not before:  # a rotation leaves the key of fingerprints as it is
            values["fingerprint"] = after.fingerprint(before.open(row["text"], f"memories.text:{row['id']}"))
    return values


def store(connection: Connection, sealed: Sealed, values: Sequence[Row]) -> None:
    """Write what `carried` made."""
    if values:
        columns: dict[str, Any] = {name: bindparam(f"new {name}") for name in values[0] if name != "id"}
        query = update(sealed.table).where(sealed.table.c.id == bindparam("new id")).values(columns)
        connection.execute(query, [{f"new {name}": value for name, value in row.items()} for row in values])


def needing(sealed: Sealed, headers: Sequence[str]) -> ColumnElement[bool]:
    """The rows with a text or a vector that begins with one of these headers."""
    table = sealed.table
    found = [table.c[name].startswith(header) for name in sealed.texts for header in headers]
    if table is memories:
        found += [func.substr(table.c.vector, 1, len(header)) == header.encode() for header in headers]
    return or_(false(), *found)


def count(connection: Connection, sealed: Sealed, only: ColumnElement[bool] | None = None) -> int:
    """How many rows there are, or fulfil the condition."""
    query = select(func.count()).select_from(sealed.table)
    return int(connection.execute(query if only is None else query.where(only)).scalar_one())
