"""The tables: what is kept, and how the rows hang together.

    sessions 1 ──► n turns 1 ──► n feedback
        │              │
        └──► n memories ◄──┘          outbox: memory ids that the vector index has still to hear about

Times are seconds since the epoch (UTC). Vectors are little-endian float32, L2-normalised. The columns are portable:
nothing here is SQLite's alone. Any change here needs a new file in `migrations/versions`; a test compares the two.
It does not open connections.

>>> sorted(metadata.tables)
['feedback', 'memories', 'outbox', 'sessions', 'turns']
"""

from __future__ import annotations

from sqlalchemy import Column, Double, ForeignKey, Index, Integer, LargeBinary, MetaData, String, Table, Text
from sqlalchemy import UniqueConstraint as Unique

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMING)

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("created_at", Double, nullable=False),
)

turns = Table(
    "turns",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("session_id", ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),  # 1, 2, … within its session: clocks may step back, this does not
    Column("asked_at", Double, nullable=False),
    Column("question", Text, nullable=False),
    Column("answer", Text),
    Column("record", Text, nullable=False),  # the whole Turn as JSON, a model's own thinking included
    Unique("session_id", "number"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("turn_id", ForeignKey("turns.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("correction", Text),
    Column("given_at", Double, nullable=False),
)

memories = Table(
    "memories",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("session_id", ForeignKey("sessions.id", ondelete="SET NULL")),
    Column("turn_id", ForeignKey("turns.id", ondelete="SET NULL")),
    Column("text", Text, nullable=False),
    Column("fingerprint", String(64), nullable=False, unique=True),  # case and space folded: nothing is kept twice
    Column("kind", String(32), nullable=False, server_default="fact"),
    Column("said_at", Double, nullable=False),
    Column("vector", LargeBinary, nullable=False),
    Column("embedder", String(128), nullable=False),  # vectors of two embedders cannot be compared
    Index(None, "embedder", "session_id"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("memory_id", String(64), nullable=False),
    Column("op", String(8), nullable=False),  # upsert, delete
    sqlite_autoincrement=True,  # an id is never used again, so "up to this id" stays true after rows are removed
)
