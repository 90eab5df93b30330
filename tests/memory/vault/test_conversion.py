from __future__ import annotations

import inspect
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from alembic import command
from filelock import FileLock
from sqlalchemy import create_engine, select, text, update

from tests.memory.vault.planted import fill, secrets_in, summarise, three_hundred_words
from workbench.core.errors import StoreLocked, StoreSealed
from workbench.core.records import Turn
from workbench.memory import tables
from workbench.memory.database import Database, open_database
from workbench.memory.memories import Memories, NewMemory
from workbench.memory.migrate import config_for
from workbench.memory.sessions.sessions import Sessions
from workbench.memory.vault.conversion import decrypt, encrypt, finish, remove_index, rotate, rotate_key_file
from workbench.memory.vault.keys import FileKey, PersonKey, new_key, new_key_file, staged
from workbench.memory.vault.rows import SEALED

WORDS = three_hundred_words()
KEY = PersonKey(new_key(), "the test")
OTHER = PersonKey(new_key(), "the other test")
ROWS = 200  # that `fill` makes in tables with sealed columns


def everything(database: Database) -> object:
    """All that people said, as it is read back."""
    kept = Sessions(database)
    names = sorted((session.id, session.name) for session in kept.list())
    turns = [turn for name, _ in names for turn in kept.turns(name)]
    history = [message for name, _ in names for message in kept.history(name, 99)]
    corrections = [given.correction for turn in turns for given in kept.feedback(turn.id)]
    return names, turns, history, corrections, Memories(database).list(), _vectors(database)


def _vectors(database: Database) -> list[tuple[str, bytes]]:
    found = Memories(database).vectors("e")
    return sorted(zip(found.ids, (row.tobytes() for row in found.matrix), strict=True))


def uses(database: Database) -> list[str]:
    with database.bare() as connection:
        return sorted(connection.execute(select(tables.keys.c.use)).scalars())


def unfinished(database: Database) -> int:
    with database.bare() as connection:
        return len(connection.execute(select(tables.runs).where(tables.runs.c.finished_at.is_(None))).all())


def started(code: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_every_column_marked_sealed_is_converted() -> None:
    table, marked = "", set()
    for line in inspect.getsource(tables).splitlines():
        if line.startswith('    "'):
            table = line.strip(' ",')
        if line.strip().startswith("Column(") and "# sealed" in line:
            marked.add((table, line.split('"')[1]))
    converted = {(sealed.table.name, name) for sealed in SEALED for name in sealed.texts}
    assert marked == converted | {("memories", "vector")}


@pytest.mark.parametrize("vectors", [False, True])
def test_a_plain_store_opened_with_encryption_on_keeps_all_and_shows_nothing(tmp_path: Path, vectors: bool) -> None:
    plain = open_database(tmp_path / "memory.sqlite")
    fill(plain, WORDS)
    before = everything(plain)
    with plain.read() as connection:
        vector = connection.execute(select(tables.memories.c.vector)).scalars().first()
    assert vector is not None
    plain.close()
    assert secrets_in(tmp_path, WORDS) == set(WORDS)
    database = open_database(tmp_path / "memory.sqlite", keys=KEY, encrypt=True, encrypt_vectors=vectors)
    assert secrets_in(tmp_path, WORDS) == set()  # the log included, before anybody closes it
    assert everything(database) == before
    assert (database.vault.seals, database.vault.seals_vectors) == (True, vectors)
    assert unfinished(database) == 0
    database.close()
    assert (vector in (tmp_path / "memory.sqlite").read_bytes()) is not vectors
    assert secrets_in(tmp_path, WORDS) == set()


def test_what_was_deleted_long_ago_is_not_left_in_free_pages(tmp_path: Path) -> None:
    database = open_database(tmp_path / "memory.sqlite")
    fill(database, WORDS)
    raw = sqlite3.connect(tmp_path / "memory.sqlite")
    raw.execute("PRAGMA secure_delete = OFF")  # as a tool of the person's might
    raw.execute("DELETE FROM feedback")
    raw.execute("DELETE FROM turns")
    raw.commit()
    raw.close()
    database.scrub()
    assert secrets_in(tmp_path, WORDS) == set(WORDS)
    encrypt(database, KEY)
    assert secrets_in(tmp_path, WORDS) == set()
    database.close()


def test_summaries_are_encrypted_and_come_back(tmp_path: Path) -> None:
    database = open_database(tmp_path / "memory.sqlite")
    fill(database, WORDS)
    summarise(database, WORDS)
    encrypt(database, KEY)
    assert secrets_in(tmp_path, WORDS) == set()
    with database.read() as connection:
        rows = connection.execute(select(tables.sessions.c.id, tables.sessions.c.summary)).all()
    opened = {database.vault.open(row.summary, f"sessions.summary:{row.id}") for row in rows}
    assert opened == {f"Summary {word}" for word in WORDS[: len(rows)]}
    database.close()


def test_after_encryption_a_statement_known_before_is_still_known(tmp_path: Path) -> None:
    database = open_database(tmp_path / "memory.sqlite")
    statement = NewMemory("My dog is Rufus.", bytes(16), "e")
    Sessions(database).save(Turn(question="?"), [statement])
    for change in (lambda: encrypt(database, KEY), lambda: rotate(database, OTHER), lambda: decrypt(database)):
        change()
        said = Sessions(database).save(Turn(question="?"), [NewMemory("my dog  IS rufus.", bytes(16), "e")])
        assert said.memory_ids == ()
    assert Memories(database).count() == 1
    database.close()


def test_there_and_back_again_is_the_same_file_of_rows(tmp_path: Path) -> None:
    database = open_database(tmp_path / "memory.sqlite")
    fill(database, WORDS)
    tables_before = _dump(tmp_path)
    encrypt(database, KEY)
    encrypt(database, KEY, vectors=True)
    encrypt(database, KEY)  # a third time, with less: nothing happens
    assert database.vault.seals_vectors
    rotate(database, OTHER)
    decrypt(database)
    decrypt(database)
    assert not database.vault.seals
    assert _dump(tmp_path) == tables_before
    database.close()
    open_database(tmp_path / "memory.sqlite").close()  # no key needed


def _dump(folder: Path) -> list[str]:
    with sqlite3.connect(folder / "memory.sqlite") as raw:
        lines = [line for line in raw.iterdump() if line.startswith("INSERT") and '"runs"' not in line]
    raw.close()
    return sorted(lines)


def test_encrypting_with_a_key_that_is_not_the_store_s_is_refused(tmp_path: Path) -> None:
    database = open_database(tmp_path / "memory.sqlite", keys=KEY, encrypt=True)
    with pytest.raises(StoreSealed, match="does not open with the key in the other test"):
        encrypt(database, OTHER, vectors=True)
    assert not database.vault.seals_vectors
    database.close()


def test_rotation_drops_the_old_key_and_all_that_it_sealed(tmp_path: Path) -> None:
    database = open_database(tmp_path / "memory.sqlite", keys=KEY, encrypt=True, encrypt_vectors=True)
    fill(database, WORDS)
    before, heard = everything(database), []
    with database.read() as connection:
        old = connection.execute(select(tables.keys.c.wrapped)).scalars().all()
        texts = connection.execute(select(tables.memories.c.text)).scalars().all()
    rotate(database, OTHER, on_progress=lambda done, total: heard.append((done, total)))
    assert everything(database) == before
    assert heard[-1] == (ROWS, ROWS)
    assert [done for done, _ in heard] == sorted(done for done, _ in heard)
    assert uses(database) == ["match", "seal"]
    assert secrets_in(tmp_path, [*old, *texts]) == set()  # an old key and an old ciphertext are of no use together
    database.close()
    with pytest.raises(StoreSealed, match="does not open with the key in the test"):
        open_database(tmp_path / "memory.sqlite", keys=KEY)
    again = open_database(tmp_path / "memory.sqlite", keys=OTHER)
    assert everything(again) == before
    again.close()


def test_the_process_that_exchanges_the_key_need_not_ask_for_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = open_database(tmp_path / "memory.sqlite", keys=KEY, encrypt=True)
    fill(database, WORDS[:6])
    monkeypatch.setattr("workbench.memory.vault.sealing.unwrapped", None)  # other threads would meet it half-way
    rotate(database, OTHER)
    assert Memories(database).count() == 1
    database.close()


def test_a_plain_store_has_no_key_to_exchange(tmp_path: Path) -> None:
    database = open_database(tmp_path / "memory.sqlite")
    for exchange in (lambda: rotate(database, OTHER), lambda: rotate_key_file(database, tmp_path / "memory.key")):
        with pytest.raises(StoreSealed, match="is not encrypted and has no key to exchange"):
            exchange()
    assert not list(tmp_path.glob("*.key*"))
    database.close()


def test_a_process_that_cannot_have_the_new_key_says_so(tmp_path: Path) -> None:
    database = open_database(tmp_path / "memory.sqlite", keys=KEY, encrypt=True)
    elsewhere = open_database(tmp_path / "memory.sqlite", keys=KEY)
    fill(database, WORDS[:6])
    rotate(database, OTHER)
    with pytest.raises(StoreSealed, match="has exchanged the key of this memory; start this one again with the new"):
        Memories(elsewhere).list()
    for one in (database, elsewhere):
        one.close()


WRITER = """
import sys
from pathlib import Path
from workbench.core.records import Turn
from workbench.memory.database import open_database
from workbench.memory.vault.keys import FileKey
from workbench.memory.memories import NewMemory
from workbench.memory.sessions.sessions import Sessions
folder = Path(sys.argv[1])
kept = Sessions(open_database(folder / "memory.sqlite", keys=FileKey(folder / "memory.key")))
for number in range(100_000):
    kept.save(Turn(question=f"I own {number} cats."), [NewMemory(f"I own {number} cats.", bytes(512), "e")])
    assert len(kept.list()) > number
    print(number, flush=True)
"""


def test_another_process_goes_on_writing_while_the_key_is_exchanged(tmp_path: Path) -> None:
    path = tmp_path / "memory.key"
    old = new_key_file(path)
    database = open_database(tmp_path / "memory.sqlite", keys=FileKey(path), encrypt=True)
    fill(database, WORDS)
    writer = started(WRITER, tmp_path)
    assert writer.stdout is not None
    try:
        read = [writer.stdout.readline() for _ in range(3)]
        slowly = []

        def heard(done: int, total: int) -> None:
            slowly.append(writer.stdout.readline())  # type: ignore[union-attr]  # it writes between two batches

        new = rotate_key_file(database, path, on_progress=heard)
        read += slowly + [writer.stdout.readline() for _ in range(20)]
    finally:
        writer.kill()
        rest, errors = writer.communicate()
    assert errors == ""
    assert len(slowly) >= 3
    acknowledged = len(read) + len(rest.splitlines())
    assert uses(database) == ["match", "seal"]
    database.close()
    assert PersonKey(path.read_text(), "") == PersonKey(new.text, "") != PersonKey(old.text, "")
    assert not staged(path).exists()
    again = open_database(tmp_path / "memory.sqlite", keys=FileKey(path))
    kept = {stored.text for stored in Memories(again).list()}
    assert kept >= {f"I own {number} cats." for number in range(acknowledged)}
    assert len(everything(again)[1]) == len(Sessions(again).list())  # type: ignore[index]
    again.close()


KILLED = """
import os, signal, sys
from pathlib import Path
from workbench.memory.vault import conversion
from workbench.memory.vault import rows as sealed_rows
from workbench.memory.database import open_database
from workbench.memory.vault.keys import FileKey
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
sealed_rows.BATCH = 20
folder, what, where = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
key = FileKey(folder / "memory.key")
def progress(done, total):
    if where == "rows" and done > total / 2:
        die()
if where == "before cleaning":
    conversion.clean = die
if where == "before the file":
    Path.replace = die
database = open_database(folder / "memory.sqlite", keys=key)
if what == "encrypt":
    conversion.encrypt(database, key, vectors=True, on_progress=progress)
else:
    conversion.rotate_key_file(database, folder / "memory.key", on_progress=progress)
"""


def killed(folder: Path, what: str, where: str) -> None:
    process = started(KILLED, folder, what, where)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, errors


def test_an_encryption_killed_among_its_rows_leaves_the_plain_store_whole(tmp_path: Path) -> None:
    path, key = tmp_path / "memory.sqlite", FileKey(tmp_path / "memory.key")
    new_key_file(key.path)
    database = open_database(path)
    fill(database, WORDS)
    before = everything(database)
    database.close()
    killed(tmp_path, "encrypt", "rows")
    plain = open_database(path)
    assert everything(plain) == before
    plain.close()
    database = open_database(path, keys=key, encrypt=True, encrypt_vectors=True)
    assert everything(database) == before
    assert secrets_in(tmp_path, WORDS) == set()
    database.close()


def test_an_encryption_killed_before_its_file_was_cleaned_is_cleaned_when_next_opened(tmp_path: Path) -> None:
    path, key = tmp_path / "memory.sqlite", FileKey(tmp_path / "memory.key")
    new_key_file(key.path)
    database = open_database(path)
    fill(database, WORDS)
    before = everything(database)
    database.close()
    killed(tmp_path, "encrypt", "before cleaning")
    assert secrets_in(tmp_path, WORDS) != set()  # in the log and in pages not yet written over
    database = open_database(path, keys=key)
    assert everything(database) == before
    assert unfinished(database) == 0
    assert secrets_in(tmp_path, WORDS) == set()
    database.close()


@pytest.mark.parametrize("where", ["rows", "before cleaning", "before the file"])
def test_a_rotation_killed_anywhere_is_readable_and_finished_when_next_opened(tmp_path: Path, where: str) -> None:
    path, key = tmp_path / "memory.sqlite", FileKey(tmp_path / "memory.key")
    old = new_key_file(key.path)
    database = open_database(path, keys=key, encrypt=True, encrypt_vectors=True)
    fill(database, WORDS)
    before = everything(database)
    with database.read() as connection:
        wrapped = connection.execute(select(tables.keys.c.wrapped)).scalars().all()
    database.close()
    killed(tmp_path, "rotate", where)
    with pytest.raises(StoreSealed, match="does not open"):
        open_database(path, keys=old)  # its key alone opens nothing from the first transaction on
    database = open_database(path, keys=key)
    assert everything(database) == before
    assert (uses(database), unfinished(database)) == (["match", "seal"], 0)
    assert secrets_in(tmp_path, wrapped) == set()
    rotate_key_file(database, key.path)  # whichever file held the key, there is one again
    assert not staged(key.path).exists()
    database.close()
    again = open_database(path, keys=key)
    assert everything(again) == before
    again.close()


def test_a_waiting_key_that_opens_nothing_is_replaced(tmp_path: Path) -> None:
    key = FileKey(tmp_path / "memory.key")
    new_key_file(key.path)
    never_used = new_key_file(staged(key.path)).text
    database = open_database(tmp_path / "memory.sqlite", keys=key, encrypt=True)
    rotate_key_file(database, key.path)
    database.close()
    assert never_used not in key.path.read_text()
    open_database(tmp_path / "memory.sqlite", keys=key).close()


def test_a_resumed_rotation_seals_only_what_is_left(tmp_path: Path) -> None:
    key = FileKey(tmp_path / "memory.key")
    new_key_file(key.path)
    database = open_database(tmp_path / "memory.sqlite", keys=key, encrypt=True)
    fill(database, WORDS)
    database.close()
    killed(tmp_path, "rotate", "rows")
    raw = sqlite3.connect(tmp_path / "memory.sqlite")
    newest = raw.execute("SELECT id FROM keys WHERE use = 'seal'").fetchone()[0]
    early = dict(raw.execute("SELECT id, name FROM sessions WHERE name LIKE ?", (f"wb1:{newest}:%",)))
    assert 0 < len(early) <= ROWS
    raw.close()
    database = open_database(tmp_path / "memory.sqlite", keys=key)
    with database.read() as connection:
        now = {row.id: row.name for row in connection.execute(select(tables.sessions))}
    assert {name: now[name] for name in early} == early
    database.close()


def test_two_processes_do_not_change_the_encryption_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.memory.vault.conversion.WAIT_S", 0.05)
    database = open_database(tmp_path / "memory.sqlite", keys=KEY, encrypt=True)
    fill(database, WORDS[:6])
    with FileLock(f"{tmp_path}/memory.sqlite.sealing"):
        for change in (
            lambda: encrypt(database, KEY, vectors=True),
            lambda: rotate(database, OTHER),
            lambda: decrypt(database),
        ):
            with pytest.raises(StoreLocked, match=r"Another process changes the encryption of .*; let it finish"):
                change()
        with database.write() as connection:
            connection.execute(update(tables.runs).values(finished_at=None))
        finish(database)  # leaves it to the other process
        assert unfinished(database) == 1
        Memories(database).list()
    finish(database)
    assert unfinished(database) == 0
    database.close()


def test_a_reader_of_an_older_state_delays_the_cleaning_and_says_so(tmp_path: Path) -> None:
    plain = open_database(tmp_path / "memory.sqlite", busy_timeout_s=0.1)
    fill(plain, WORDS)
    reader = sqlite3.connect(tmp_path / "memory.sqlite", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM turns").fetchone()
    with pytest.raises(StoreLocked, match="still reads former rows"):
        encrypt(plain, KEY)
    assert unfinished(plain) == 1
    reader.close()
    plain.close()
    database = open_database(tmp_path / "memory.sqlite", keys=KEY)
    assert secrets_in(tmp_path, WORDS) == set()
    assert unfinished(database) == 0
    database.close()


def test_an_index_with_readable_vectors_is_deleted_unless_somebody_has_it_open(tmp_path: Path) -> None:
    remove_index(tmp_path)  # none there
    (tmp_path / "chroma" / "1").mkdir(parents=True)
    (tmp_path / "chroma" / "1" / "data_level0.bin").write_bytes(bytes(100))
    with FileLock(tmp_path / "chroma.lock"), pytest.raises(StoreLocked, match="whose vectors are readable; close it"):
        remove_index(tmp_path)
    assert (tmp_path / "chroma" / "1" / "data_level0.bin").exists()
    remove_index(tmp_path)
    assert not (tmp_path / "chroma").exists()


def test_a_store_of_the_first_workbench_is_upgraded_and_encrypted_in_one_opening(tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        command.upgrade(config_for(connection), "0001")
        connection.execute(text("INSERT INTO sessions (id, name, created_at) VALUES ('1', 'my secret plan', 0)"))
    engine.dispose()
    database = open_database(path, keys=KEY, encrypt=True)
    assert [session.name for session in Sessions(database).list()] == ["my secret plan"]
    assert secrets_in(tmp_path, ["secret"]) == set()
    database.close()


def test_the_store_says_when_it_was_encrypted_and_nothing_of_its_content(tmp_path: Path) -> None:
    began = time.time()
    database = open_database(tmp_path / "memory.sqlite", keys=KEY, encrypt=True)
    with database.read() as connection:
        [run] = connection.execute(select(tables.runs)).all()
    assert (run.kind, run.counts) == ("seal", '{"what": "encrypted"}')
    assert began <= run.started_at <= run.finished_at
    database.close()


def test_four_processes_may_open_a_plain_store_with_encryption_on_at_once(tmp_path: Path) -> None:
    plain = open_database(tmp_path / "memory.sqlite")
    fill(plain, WORDS)
    before = everything(plain)
    plain.close()
    new_key_file(tmp_path / "memory.key")
    code = (
        "import sys; from pathlib import Path; from workbench.memory.database import open_database as o; "
        "from workbench.memory.vault.keys import FileKey as F; "
        "from workbench.memory.sessions.sessions import Sessions as S; "
        "h = Path(sys.argv[1]); d = o(h / 'memory.sqlite', keys=F(h / 'memory.key'), encrypt=True); "
        "print(len(S(d).list())); d.close()"
    )
    processes = [started(code, tmp_path) for _ in range(4)]
    assert [process.communicate() for process in processes] == [("50\n", "")] * 4
    database = open_database(tmp_path / "memory.sqlite", keys=FileKey(tmp_path / "memory.key"))
    assert everything(database) == before
    assert uses(database) == ["match", "seal"]
    database.close()


def test_other_threads_go_on_while_one_exchanges_the_key(tmp_path: Path) -> None:
    database = open_database(tmp_path / "memory.sqlite", keys=KEY, encrypt=True)
    fill(database, WORDS)
    stop, problems, written = threading.Event(), [], []

    def talk() -> None:
        while not stop.is_set():
            try:
                written.append(Sessions(database).save(Turn(question="?", answer="!")).id)
                Sessions(database).list()
                time.sleep(0.01)  # two that never pause can keep SQLite's lock from a third for seconds
            except StoreSealed as error:
                problems.append(error)

    threads = [threading.Thread(target=talk) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for number in range(3):
            rotate(database, PersonKey(new_key(), f"key {number}"), on_progress=lambda done, total: time.sleep(0.01))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert problems == []
    assert len(written) > 3
    for name in written:
        assert Sessions(database).turn(name).answer == "!"
    database.close()
