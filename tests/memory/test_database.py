from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import insert, select, text

from workbench.core.errors import StoreCorrupt, StoreError, StoreLocked, StoreReadOnly
from workbench.memory.database import Database, open_database
from workbench.memory.migrate import HEAD, config_for
from workbench.memory.tables import metadata, sessions, turns

ROW = {"id": "1", "name": "first", "created_at": 0.0}


def test_a_commit_survives_a_power_cut_by_the_settings_of_sqlite(database: Database) -> None:
    with database.read() as connection:
        found = [connection.execute(text(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "synchronous")]
    assert found == ["wal", 2]  # 2 is FULL


def test_the_migrations_build_exactly_the_tables_the_code_describes(database: Database) -> None:
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_newest_migration_is_the_revision_the_code_expects(database: Database) -> None:
    with database.read() as connection:
        assert ScriptDirectory.from_config(config_for(connection)).get_current_head() == HEAD


def test_an_up_to_date_database_opens_without_alembic(tmp_path: Path) -> None:
    open_database(tmp_path / "memory.sqlite").close()
    code = "import sys; from workbench.memory.database import open_database as o; o(sys.argv[1]).close(); "
    code += "print('alembic' in sys.modules)"
    output = subprocess.check_output([sys.executable, "-c", code, tmp_path / "memory.sqlite"], text=True)
    assert output.strip() == "False"


def test_a_database_of_a_newer_workbench_is_left_alone(database: Database, tmp_path: Path) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match=r"newer workbench.*9999"):
        open_database(tmp_path / "memory.sqlite")


def test_a_migration_that_fails_half_way_leaves_no_table(tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite"
    with sqlite3.connect(path) as raw:
        raw.execute("CREATE TABLE runs (id INTEGER)")  # in the way of the last table that the migrations create
    raw.close()
    with pytest.raises(StoreError, match="already exists"):
        open_database(path)
    raw = sqlite3.connect(path)
    assert raw.execute("SELECT name FROM sqlite_master").fetchall() == [("runs",)]
    raw.close()


def test_four_processes_can_create_the_same_database_at_once(tmp_path: Path) -> None:
    code = "import sys; from workbench.memory.database import open_database as o; o(sys.argv[1]).close()"
    command = [sys.executable, "-c", code, str(tmp_path / "memory.sqlite")]
    assert [process.wait() for process in [subprocess.Popen(command) for _ in range(4)]] == [0] * 4


def test_an_error_inside_a_write_undoes_all_of_it(database: Database) -> None:
    with pytest.raises(StoreError), database.write() as connection:
        connection.execute(insert(sessions), [ROW, ROW])
    with database.read() as connection:
        assert connection.execute(select(sessions)).all() == []


def test_a_turn_cannot_belong_to_a_session_that_does_not_exist(database: Database) -> None:
    row = {"id": "t", "session_id": "none", "number": 1, "asked_at": 0.0, "question": "q", "record": "{}"}
    with pytest.raises(StoreError, match="FOREIGN KEY"), database.write() as connection:
        connection.execute(insert(turns), [row])


def test_another_process_that_holds_the_database_is_named_as_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite"
    database = open_database(path, busy_timeout_s=0.1)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreLocked, match=r"Another process holds .*memory\.sqlite"), database.write():
        pass
    with database.read() as connection:
        assert connection.execute(select(sessions)).all() == []  # readers never wait
    holder.close()
    database.close()


@pytest.mark.parametrize(
    "content", [b"these are my notes, not a database" * 100, b"SQLite format 3\0" + b"\xff" * 4096]
)
def test_a_file_that_is_no_database_is_refused_and_not_touched(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "memory.sqlite"
    path.write_bytes(content)
    with pytest.raises(StoreCorrupt, match="cannot be read as a database"):
        open_database(path)
    assert path.read_bytes() == content


def test_writing_to_a_read_only_database_is_refused_in_one_sentence(database: Database) -> None:
    sealed = text("PRAGMA query_only = ON")
    with database.read() as connection:
        connection.execute(sealed)  # stays on the pooled connection
    with pytest.raises(StoreReadOnly, match="make the file and its folder writable"), database.write() as connection:
        connection.execute(insert(sessions), [ROW])


@pytest.fixture
def read_only_folder(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "sealed"
    folder.mkdir()
    if os.geteuid() != 0:
        folder.chmod(0o500)
        yield folder
        folder.chmod(0o700)
        return
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", folder], capture_output=True).returncode:
        pytest.skip("root writes through permissions, and mounting a read-only folder is not allowed here")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("inside", ["memory.sqlite", "new/memory.sqlite"])
def test_a_read_only_folder_is_refused_in_one_sentence(read_only_folder: Path, inside: str) -> None:
    with pytest.raises(StoreReadOnly, match="make the file and its folder writable"):
        open_database(read_only_folder / inside)


def test_a_file_where_the_folder_should_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("I am a file")
    with pytest.raises(StoreError, match="choose another folder with WORKBENCH_HOME"):
        open_database(tmp_path / "home" / "memory.sqlite")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("://", "is not a SQLAlchemy URL"),
        ("nosuch://host/db", "driver for nosuch is missing"),
        ("postgresql+nosuchdriver://host/db", "driver for postgresql"),
    ],
)
def test_a_url_that_cannot_work_is_refused_in_one_sentence(url: str, sentence: str) -> None:
    with pytest.raises(StoreError, match=sentence):
        open_database(url)


def test_a_sqlalchemy_url_opens_the_same_file_as_its_path(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/a b%.sqlite")
    with database.write() as connection:
        connection.execute(insert(sessions), [ROW])
    database.close()
    database = open_database(tmp_path / "a b%.sqlite")
    with database.read() as connection:
        assert len(connection.execute(select(sessions)).all()) == 1
    database.close()
