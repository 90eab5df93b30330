"""A session can opt out of learning; those that are stored already stay in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every stored session may be learned from, as it could before somebody was able to say otherwise."""
    op.add_column("sessions", sa.Column("learning", sa.Boolean(), nullable=False, server_default=sa.true()))


def downgrade() -> None:
    """Drop the flag: which sessions had opted out is lost."""
    op.drop_column("sessions", "learning")
