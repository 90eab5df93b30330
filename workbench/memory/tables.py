"""The tables: what is kept, and how the rows hang together.

    sessions 1 ──► n turns 1 ──► n feedback        changes: the journal, one row for each thing that happened
        │              │                           to a memory; never rewritten but by forgetting
        └──► n memories ◄──┘──► replaced_by a memory
                                                   keys: data keys of an encrypted store, each wrapped
                                                   runs: consolidations, finished or to be resumed

Times are seconds since the epoch (UTC). Vectors are little-endian float32, L2-normalised. A column marked `sealed`
holds what `vault` made of the text: the text itself, or its encryption. The columns are portable: nothing here is
SQLite's alone. Any change here needs a new file in `migrations/versions`; a test compares the two. It does not open
connections.

>>> sorted(metadata.tables)
['changes', 'feedback', 'keys', 'memories', 'runs', 'sessions', 'turns']
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    false,
    text,
    true,
)
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
    Column("name", Text, nullable=False),  # sealed
    Column("created_at", Double, nullable=False),
    Column("summary", Text),  # sealed; of the turns up to `summary_upto`
    Column("summary_upto", Integer, nullable=False, server_default=text("0")),
    Column("learning", Boolean, nullable=False, server_default=true()),  # whether its turns may become examples
)

turns = Table(
    "turns",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("session_id", ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),  # 1, 2, … within its session: clocks may step back, this does not
    Column("asked_at", Double, nullable=False),
    Column("question", Text, nullable=False),  # sealed
    Column("answer", Text),  # sealed
    Column("record", Text, nullable=False),  # sealed; the whole Turn as JSON, a model's own thinking included
    Unique("session_id", "number"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("turn_id", ForeignKey("turns.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("correction", Text),  # sealed
    Column("given_at", Double, nullable=False),
)

memories = Table(
    "memories",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("session_id", ForeignKey("sessions.id", ondelete="SET NULL")),
    Column("turn_id", ForeignKey("turns.id", ondelete="SET NULL")),
    Column("place", Integer, nullable=False, server_default=text("0")),  # 1, 2, … within its session: neighbours
    Column("speaker", Text),  # sealed; None is the person at the keyboard
    Column("text", Text, nullable=False),  # sealed
    Column("fingerprint", String(64), nullable=False, unique=True),  # case and space folded: nothing is kept twice
    Column("kind", String(32), nullable=False, server_default="fact"),
    Column("said_at", Double, nullable=False),
    Column("event_at", Double),  # when it happens or happened, if the text says so
    Column("tier", String(8), nullable=False, server_default="short"),  # short, long
    Column("state", String(12), nullable=False, server_default="active"),  # or superseded, merged, expired, doubted
    Column("replaced_by", ForeignKey("memories.id", ondelete="SET NULL")),  # of a superseded or merged one
    Column("importance", Double, nullable=False, server_default=text("0")),
    Column("parts", Text, nullable=False, server_default="{}"),  # JSON: importance part -> 0..1
    Column("pinned", Boolean, nullable=False, server_default=false()),
    Column("recall_count", Integer, nullable=False, server_default=text("0")),
    Column("recalled_at", Double),
    Column("vector", LargeBinary, nullable=False),  # sealed where vectors are encrypted too
    Column("embedder", String(128), nullable=False),  # vectors of two embedders cannot be compared
    Index(None, "embedder", "session_id"),
    Index(None, "session_id", "place"),
    Index(None, "turn_id"),
    Index(None, "replaced_by"),
)

changes = Table(
    "changes",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("memory_id", String(64), nullable=False, index=True),  # no foreign key: a forgotten one is named too
    Column("what", String(16), nullable=False),  # remembered, promoted, merged, superseded, expired, forgotten, …
    Column("why", Text),  # never content: figures, ids, names of rules
    Column("at", Double, nullable=False),
    sqlite_autoincrement=True,  # a number is never used again, so "all after this one" stays true
)

keys = Table(
    "keys",
    metadata,
    Column("id", String(16), primary_key=True),  # of the data key, the start of every text it sealed
    Column("wrapped", Text, nullable=False),  # the data key, encrypted with the person's key
    Column("use", String(16), nullable=False),  # seal: for new rows; open: older rows have it; match: for fingerprints
    Column("vectors", Boolean, nullable=False, server_default=false()),  # vectors are sealed too
    Column("created_at", Double, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),  # consolidate, seal
    Column("started_at", Double, nullable=False),
    Column("finished_at", Double),
    Column("counts", Text, nullable=False, server_default="{}"),  # JSON: what was done so far
)
