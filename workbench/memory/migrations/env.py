"""What Alembic runs first: it hands Alembic the connection that `migrate.py` opened, and our tables.

A new revision, after a change in `tables.py`:

    with open_database("/tmp/any.sqlite").write() as connection:
        alembic.command.revision(config_for(connection), "what changes", autogenerate=True, rev_id="0002")
"""

from __future__ import annotations

from alembic import context

from workbench.memory.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite cannot alter most columns in place
)
with context.begin_transaction():
    context.run_migrations()
