"""A session can opt out of learning, and stays out: on disk, through export and import, after a migration."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text

from workbench.core.errors import NotStored
from workbench.core.records import Turn
from workbench.memory import Memory
from workbench.memory.database import open_database
from workbench.memory.exchange.exporting import exported, save_export
from workbench.memory.exchange.importing import import_file
from workbench.memory.migrate import config_for
from workbench.memory.sessions.sessions import Sessions
from workbench.memory.vault.keys import PersonKey, new_key


def learning(sessions: Sessions) -> dict[str, bool]:
    return {one.name: one.learns for one in sessions.list()}


def test_a_session_may_be_learned_from_until_somebody_says_otherwise(memory: Memory) -> None:
    for name in ("open", "private"):
        memory.sessions.create(name)
    told = memory.sessions.set_learning("priv", False)
    assert (told.name, told.learns) == ("private", False)
    assert learning(memory.sessions) == {"open": True, "private": False}
    memory.sessions.set_learning("private", True)
    assert learning(memory.sessions) == {"open": True, "private": True}


def test_an_unknown_session_is_refused(memory: Memory) -> None:
    with pytest.raises(NotStored):
        memory.sessions.set_learning("none such", False)


async def test_the_choice_outlives_the_process_a_new_name_and_more_turns(
    memory: Memory, open_memory: Callable[..., Memory], tmp_path: Path
) -> None:
    await memory.remember(Turn("Hi?", answer="Yes", session_id="s1", session_name="private"))
    memory.sessions.set_learning("s1", False)
    memory.sessions.rename("s1", "secret")
    await memory.remember(Turn("More?", answer="Yes", session_id="s1"))
    memory.close()
    again = open_memory(tmp_path)
    assert learning(again.sessions) == {"secret": False}
    assert again.sessions.get("s1").turn_count == 2


@pytest.mark.parametrize("encrypt", [False, True])
def test_the_choice_travels_with_an_export_of_plain_and_encrypted_stores(tmp_path: Path, encrypt: bool) -> None:
    source = PersonKey(new_key(), "the test") if encrypt else None
    with closing(open_database(tmp_path / "one.sqlite", keys=source, encrypt=encrypt)) as database:
        sessions = Sessions(database)
        sessions.create("open")
        sessions.create("private")
        sessions.set_learning("private", False)
        save_export(database, tmp_path / "all.json")
        markdown = "".join(exported(database, form="markdown"))
    assert markdown.count("It is not learned from.") == 1
    with closing(open_database(tmp_path / "two.sqlite")) as database:
        import_file(database, tmp_path / "all.json", None)  # type: ignore[arg-type]  # there is no memory to embed
        assert learning(Sessions(database)) == {"open": True, "private": False}


@pytest.mark.parametrize(("value", "told"), [(None, True), (False, False)])
def test_an_export_of_an_older_workbench_does_not_say_and_is_taken_in(
    tmp_path: Path, value: bool | None, told: bool
) -> None:
    with closing(open_database(tmp_path / "one.sqlite")) as database:
        Sessions(database).create("pets")
        head, session, end = "".join(exported(database)).split("\n", 2)
    record = json.loads(session)
    del record["learning"]
    if value is not None:
        record["learning"] = value
    old = tmp_path / "old.json"
    old.write_text("\n".join((head.replace('"0003"', '"0002"'), json.dumps(record), end)), encoding="utf-8")
    with closing(open_database(tmp_path / "two.sqlite")) as database:
        import_file(database, old, None)  # type: ignore[arg-type]
        assert learning(Sessions(database)) == {"pets": told}


def test_a_home_of_the_release_before_learns_from_all_its_sessions(tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite"
    with closing(open_database(path)) as database, database.bare(write=True) as connection:
        command.downgrade(config_for(connection), "0002")
        connection.execute(text("INSERT INTO sessions (id, name, created_at) VALUES ('s1', 'pets', 1.0)"))
    with closing(open_database(path)) as database:
        assert learning(Sessions(database)) == {"pets": True}
        Sessions(database).set_learning("pets", False)
        assert learning(Sessions(database)) == {"pets": False}
