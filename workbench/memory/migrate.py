"""Brings a database's tables up to the shape that `tables.py` describes, with Alembic.

    no tables, or an older revision ──► migrations/versions/0001_…, 0002_…, … ──► HEAD

Runs inside the caller's transaction, so that a migration is whole or absent even when the disk fills or the process
is killed. Importing Alembic costs about half a second: `database.py` comes here only when the revision is not HEAD.

>>> with database.write() as connection:  # doctest: +SKIP
...     upgrade(connection, "memory.sqlite")
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from workbench.core.errors import StoreError

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection

HEAD = "0003"  # the newest revision in migrations/versions; a test holds the two together
SCRIPTS = Path(__file__).parent / "migrations"


def revision_of(connection: Connection) -> str | None:
    """The revision a database says it has; `None` when it has no tables of ours yet."""
    from sqlalchemy import inspect, text

    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def upgrade(connection: Connection, place: str) -> None:
    """Run every migration that is missing.

    Raises:
        StoreError: the database was written by a newer workbench than this one.
    """
    from alembic import command
    from alembic.util import CommandError

    found = revision_of(connection)  # again, inside the write transaction: another process may just have done it
    if found == HEAD:
        return
    try:
        command.upgrade(config_for(connection), "head")
    except CommandError as error:
        raise StoreError(
            f"{place} was written by a newer workbench (its revision is {found}, this one knows up to {HEAD}); "
            "upgrade the workbench, or set WORKBENCH_HOME to another folder"
        ) from error


def config_for(connection: Connection) -> Config:
    """Alembic's configuration without an ini file, for `upgrade` and for writing a new revision."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
