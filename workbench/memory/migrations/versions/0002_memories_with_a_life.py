"""Memories get importance, tiers, states; the outbox becomes a journal; an encrypted store gets keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what memory learned; every stored memory keeps its text and vector, and begins in short-term."""
    op.add_column("sessions", sa.Column("summary", sa.Text()))
    op.add_column("sessions", sa.Column("summary_upto", sa.Integer(), nullable=False, server_default=sa.text("0")))
    _widen_memories()
    _number_memories()
    _create_journal()
    _create_keys_and_runs()


def _widen_memories() -> None:
    """The one table that is built anew, for its foreign key.

    SQLite counts dropping the old one as deleting its rows: no table may point at `memories` by then with a cascade.
    """
    with op.batch_alter_table("memories") as memories:
        memories.add_column(sa.Column("place", sa.Integer(), nullable=False, server_default=sa.text("0")))
        memories.add_column(sa.Column("speaker", sa.Text()))
        memories.add_column(sa.Column("event_at", sa.Double()))
        memories.add_column(sa.Column("tier", sa.String(8), nullable=False, server_default="short"))
        memories.add_column(sa.Column("state", sa.String(12), nullable=False, server_default="active"))
        memories.add_column(sa.Column("replaced_by", sa.String(64)))
        memories.add_column(sa.Column("importance", sa.Double(), nullable=False, server_default=sa.text("0")))
        memories.add_column(sa.Column("parts", sa.Text(), nullable=False, server_default="{}"))
        memories.add_column(sa.Column("pinned", sa.Boolean(), nullable=False, server_default=sa.false()))
        memories.add_column(sa.Column("recall_count", sa.Integer(), nullable=False, server_default=sa.text("0")))
        memories.add_column(sa.Column("recalled_at", sa.Double()))
        memories.create_foreign_key("fk_memories_replaced_by", "memories", ["replaced_by"], ["id"], ondelete="SET NULL")
    op.create_index("ix_memories_session_id_place", "memories", ["session_id", "place"])
    op.create_index("ix_memories_turn_id", "memories", ["turn_id"])
    op.create_index("ix_memories_replaced_by", "memories", ["replaced_by"])


def _number_memories() -> None:
    """1, 2, … within each session, in the order they were said."""
    op.execute(
        "UPDATE memories SET place = (SELECT COUNT(*) FROM memories AS earlier WHERE earlier.session_id ="
        " memories.session_id AND (earlier.said_at < memories.said_at OR (earlier.said_at = memories.said_at"
        " AND earlier.id <= memories.id)))"
    )


def _create_journal() -> None:
    op.create_table(
        "changes",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("memory_id", sa.String(64), nullable=False),
        sa.Column("what", sa.String(16), nullable=False),
        sa.Column("why", sa.Text()),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_changes"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_changes_memory_id", "changes", ["memory_id"])
    op.execute(
        "INSERT INTO changes (memory_id, what, at) SELECT id, 'remembered', said_at FROM memories ORDER BY said_at, id"
    )
    op.drop_table("outbox")


def _create_keys_and_runs() -> None:
    op.create_table(
        "keys",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("wrapped", sa.Text(), nullable=False),
        sa.Column("use", sa.String(16), nullable=False),
        sa.Column("vectors", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_keys"),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("finished_at", sa.Double()),
        sa.Column("counts", sa.Text(), nullable=False, server_default="{}"),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )


def downgrade() -> None:
    """Back to the first tables; importance, states and the journal are lost, an encrypted store stays unreadable."""
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("memory_id", sa.String(64), nullable=False),
        sa.Column("op", sa.String(8), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sqlite_autoincrement=True,
    )
    op.execute("INSERT INTO outbox (memory_id, op) SELECT id, 'upsert' FROM memories")
    for table in ("runs", "keys", "changes"):
        op.drop_table(table)
    with op.batch_alter_table("memories") as memories:  # built anew: nothing points at its rows but they themselves
        for index in ("ix_memories_session_id_place", "ix_memories_turn_id", "ix_memories_replaced_by"):
            memories.drop_index(index)
        memories.drop_constraint("fk_memories_replaced_by", type_="foreignkey")
        for column in ("place", "speaker", "event_at", "tier", "state", "replaced_by", "importance", "parts"):
            memories.drop_column(column)
        for column in ("pinned", "recall_count", "recalled_at"):
            memories.drop_column(column)
    op.drop_column("sessions", "summary")
    op.drop_column("sessions", "summary_upto")
