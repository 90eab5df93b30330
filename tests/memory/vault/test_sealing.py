from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text, update

from tests.memory.vault.planted import files_of, fill, secrets_in, three_hundred_words
from workbench.core.errors import StoreError, StoreLocked, StoreSealed
from workbench.core.records import Feedback, Turn
from workbench.memory.database import Database, open_database
from workbench.memory.memories import Memories, NewMemory
from workbench.memory.sessions.forgetting import forget_memories
from workbench.memory.sessions.sessions import Sessions
from workbench.memory.tables import memories, turns
from workbench.memory.vault import wrapping
from workbench.memory.vault.conversion import decrypt, encrypt, rotate
from workbench.memory.vault.keys import FileKey, PersonKey, new_key, new_key_file
from workbench.memory.vault.sealing import Ring, SealingVault
from workbench.memory.vault.wrapping import DataKey, KeyRow, unwrapped, wrapped

KEY = PersonKey(new_key(), "the test")
PASSPHRASE = PersonKey("correct horse battery", "the test")
VECTOR = bytes(range(64)) * 4
ANYTHING = st.text(st.characters(exclude_categories=()), max_size=300)  # lone surrogates and NUL too


def a_vault(*, vectors: bool = True) -> SealingVault:
    seal, match = DataKey.fresh(), DataKey.fresh()
    return SealingVault(Ring({seal.id: seal, match.id: match}, {seal.id: "seal", match.id: "match"}, vectors), None, "")


VAULT = a_vault()


@pytest.fixture
def sealed(tmp_path: Path) -> Database:
    return open_database(tmp_path / "memory.sqlite", keys=KEY, encrypt=True, encrypt_vectors=True)


def remember(database: Database, statement: str) -> str:
    new = NewMemory(statement, VECTOR, "e", speaker="Ann")
    return Sessions(database).save(Turn(question=statement, answer="Noted."), [new]).memory_ids[0]


@settings(deadline=None)
@given(content=ANYTHING, place=ANYTHING)
def test_any_text_opens_as_it_was_sealed(content: str, place: str) -> None:
    assert VAULT.open(VAULT.seal(content, place), place) == content


@settings(deadline=None)
@given(content=st.binary(max_size=300), place=ANYTHING)
def test_any_vector_opens_as_it_was_sealed(content: bytes, place: str) -> None:
    assert VAULT.open_vector(VAULT.seal_vector(content, place), place) == content


@settings(deadline=None)
@given(content=ANYTHING, place=ANYTHING, elsewhere=ANYTHING)
def test_a_text_opens_nowhere_but_at_its_place(content: str, place: str, elsewhere: str) -> None:
    if place != elsewhere:
        with pytest.raises(StoreSealed, match="was altered or moved"):
            VAULT.open(VAULT.seal(content, place), elsewhere)


@settings(deadline=None)
@given(data=st.data(), content=ANYTHING)
def test_a_text_changed_in_any_character_never_opens_as_another(data: st.DataObject, content: str) -> None:
    sealed = VAULT.seal(content, "memories.text:1")
    at = data.draw(st.integers(0, len(sealed) - 1))
    other = data.draw(st.characters().filter(lambda character: character != sealed[at]))
    with suppress(StoreSealed):  # the last character of base64 has bits that mean nothing
        assert VAULT.open(sealed[:at] + other + sealed[at + 1 :], "memories.text:1") == content
        assert at > len(sealed) - 4
    with pytest.raises(StoreSealed):
        VAULT.open(sealed[:at], "memories.text:1")


def test_a_megabyte_and_the_same_text_twice_are_sealed_and_differ() -> None:
    content = "\0é\ud83d\ude00𝄞" * 200_000
    first, second = VAULT.seal(content, "turns.question:1"), VAULT.seal(content, "turns.question:1")
    assert first != second
    assert VAULT.open(first, "turns.question:1") == VAULT.open(second, "turns.question:1") == content


def test_a_fingerprint_folds_case_and_space_and_differs_between_stores() -> None:
    assert VAULT.fingerprint("My  dog is RUFUS") == VAULT.fingerprint("my dog is rufus")
    assert len(VAULT.fingerprint("x")) == 64
    assert VAULT.fingerprint("x") != a_vault().fingerprint("x")


def test_vectors_stay_readable_unless_asked() -> None:
    vault = a_vault(vectors=False)
    assert vault.seal_vector(VECTOR, "memories.vector:1") == VECTOR == vault.open_vector(VECTOR, "memories.vector:1")


@pytest.mark.parametrize("key", [KEY, PASSPHRASE], ids=["generated", "passphrase"])
def test_data_keys_open_with_their_key_and_no_other(key: PersonKey) -> None:
    data_key = DataKey.fresh()
    rows = wrapped({data_key: "seal"}, key, vectors=False)
    assert unwrapped(rows, key, "store")[data_key.id].secret == data_key.secret
    with pytest.raises(StoreSealed, match="store does not open with the key in elsewhere; give the key it was"):
        unwrapped(rows, PersonKey("correct horse batterz", "elsewhere"), "store")


def test_a_key_row_altered_in_use_flag_or_recipe_does_not_open() -> None:
    [row] = wrapped({DataKey.fresh(): "seal"}, PASSPHRASE, vectors=True)
    scrypt, log2_n, *rest = row.wrapped.split(".")
    harder = ".".join(["scrypt", "40", *rest])  # would take 32 TiB
    for changed in (
        KeyRow(row.id, row.wrapped, "match", True, 0.0),
        KeyRow(row.id, row.wrapped, "seal", False, 0.0),
        KeyRow(DataKey.fresh().id, row.wrapped, "seal", True, 0.0),
        KeyRow(row.id, harder, "seal", True, 0.0),
        KeyRow(row.id, row.wrapped.replace(f"{scrypt}.{log2_n}", "md5.1"), "seal", True, 0.0),
        KeyRow(row.id, "", "seal", True, 0.0),
    ):
        with pytest.raises(StoreSealed):
            unwrapped([changed], PASSPHRASE, "store")


def test_nothing_that_was_said_is_in_any_file(tmp_path: Path) -> None:
    words = three_hundred_words()
    plain = open_database(tmp_path / "plain" / "memory.sqlite")
    fill(plain, words)
    assert secrets_in(tmp_path / "plain", words) == set(words)  # the search finds each of them in a plain store
    plain.close()
    database = open_database(tmp_path / "sealed" / "memory.sqlite", keys=KEY, encrypt=True)
    fill(database, words)
    assert secrets_in(tmp_path / "sealed", words) == set()  # with the log still beside the file
    database.close()
    assert secrets_in(tmp_path / "sealed", words) == set()


def test_a_forgotten_memory_leaves_not_even_its_ciphertext(sealed: Database, tmp_path: Path) -> None:
    name = remember(sealed, "My PIN is 4711.")
    with sealed.read() as connection:
        row = connection.execute(memories.select().where(memories.c.id == name)).one()
    remains = [row.text.encode(), row.vector, row.fingerprint.encode(), b"4711"]
    assert [any(content in data for data in files_of(tmp_path).values()) for content in remains] == [True] * 3 + [False]
    forget_memories(sealed, [name])
    assert not any(content in data for content in remains for data in files_of(tmp_path).values())
    sealed.close()


def test_what_was_sealed_is_read_back_whole_after_a_restart(sealed: Database, tmp_path: Path) -> None:
    session = Sessions(sealed).create("Für Elise\0")
    turn = Sessions(sealed).save(
        Turn(question="Wer? \0 \ud800", answer="Ich 𝄞", session_id=session.id),
        [NewMemory("I am Ann", VECTOR, "e", speaker="Ann")],
    )
    Sessions(sealed).add_feedback(Feedback(turn.id, "correct", "It was Bob"))
    sealed.close()
    again = open_database(tmp_path / "memory.sqlite", keys=KEY)  # whatever the setting says
    assert Sessions(again).get("Für Elise").id == session.id
    assert Sessions(again).turn(turn.id) == turn
    assert [message.content for message in Sessions(again).history(session.id, 9)] == ["Wer? \ufffd \ufffd", "Ich 𝄞"]
    assert Sessions(again).feedback(turn.id)[0].correction == "It was Bob"
    [stored] = Memories(again).list()
    assert (stored.text, stored.speaker) == ("I am Ann", "Ann")
    assert Memories(again).vectors("e").matrix.tobytes() == VECTOR
    again.close()


def test_the_same_statement_is_kept_once_in_an_encrypted_store(sealed: Database) -> None:
    remember(sealed, "My dog is Rufus.")
    said = Sessions(sealed).save(Turn(question="?"), [NewMemory("my DOG  is rufus.", VECTOR, "e")])
    assert (said.memory_ids, Memories(sealed).count()) == ((), 1)
    sealed.close()


def test_an_edited_memory_is_sealed_at_its_place(sealed: Database) -> None:
    name = remember(sealed, "My dog is Rufus.")
    Memories(sealed).edit(name, "My dog is Rex.", VECTOR, "e")
    assert Memories(sealed).get(name).text == "My dog is Rex."
    with sealed.read() as connection:
        assert connection.execute(text("SELECT text FROM memories")).scalar_one().startswith("wb1:")
    sealed.close()


def test_ciphertext_altered_or_moved_to_another_row_is_refused(sealed: Database) -> None:
    first, second = remember(sealed, "I owe Ann 5 euros."), remember(sealed, "I owe Bob 900 euros.")
    with sealed.write() as connection:
        [kept] = connection.execute(memories.select().where(memories.c.id == second)).all()
        connection.execute(update(memories).where(memories.c.id == first).values(text=kept.text, vector=kept.vector))
    with pytest.raises(
        StoreSealed, match=rf"memories\.text:{first} was altered or moved since it was written; restore"
    ):
        Memories(sealed).list()
    with pytest.raises(StoreSealed, match=rf"memories\.vector:{first} was altered or moved"):
        Memories(sealed).vectors("e")
    with sealed.write() as connection:
        connection.execute(update(memories).values(text="I owe Ann nothing.", vector=VECTOR))
        connection.execute(update(turns).values(record="wb1:0123456789abcdef:AAAA"))
    with pytest.raises(StoreSealed, match="is not encrypted, though this memory is"):
        Memories(sealed).list()
    with pytest.raises(StoreSealed, match="is not encrypted, though this memory is"):
        Memories(sealed).vectors("e")
    with pytest.raises(StoreSealed, match="needs a data key that this memory lacks"):
        Sessions(sealed).turns(Sessions(sealed).list()[0].id)
    sealed.close()


def test_a_missing_or_wrong_key_is_one_sentence_and_touches_nothing(sealed: Database, tmp_path: Path) -> None:
    remember(sealed, "My dog is Rufus.")
    sealed.close()
    before = files_of(tmp_path)
    path = tmp_path / "memory.sqlite"
    wrong = PersonKey(new_key(), "the file /etc/wrong")
    for source, sentence in (
        (None, f"^{path} is encrypted and there is no key; set WORKBENCH_MEMORY_KEY$"),
        (FileKey(tmp_path / "none"), f"^{path} is encrypted and there is no key; put the key into {tmp_path}/none$"),
        (wrong, f"^{path} does not open with the key in the file /etc/wrong; give the key it was encrypted with$"),
    ):
        with pytest.raises(StoreSealed, match=sentence):
            open_database(path, keys=source)
        assert files_of(tmp_path) == before
        with pytest.raises(StoreSealed):
            open_database(path, keys=source, encrypt=True, encrypt_vectors=True)
        assert files_of(tmp_path) == before
    open_database(path, keys=KEY).close()


def test_a_store_or_key_file_cut_short_is_one_sentence_and_touches_nothing(tmp_path: Path) -> None:
    path, key_file = tmp_path / "memory.sqlite", tmp_path / "memory.key"
    new_key_file(key_file)
    database = open_database(path, keys=FileKey(key_file), encrypt=True)
    fill(database, three_hundred_words())
    database.close()
    whole = key_file.read_bytes()
    key_file.write_bytes(whole[:20])
    before = files_of(tmp_path)
    with pytest.raises(StoreSealed, match="cut short"):
        open_database(path, keys=FileKey(key_file))
    assert files_of(tmp_path) == before
    key_file.write_bytes(whole)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    before = files_of(tmp_path)
    with pytest.raises(StoreError):
        Memories(open_database(path, keys=FileKey(key_file))).list()
    assert files_of(tmp_path)[path] == before[path]


def test_encryption_without_a_key_creates_no_file(tmp_path: Path) -> None:
    with pytest.raises(StoreSealed, match="Memory is to be encrypted, but there is no key"):
        open_database(tmp_path / "home" / "memory.sqlite", keys=FileKey(tmp_path / "none"), encrypt=True)
    assert list(tmp_path.iterdir()) == []


def test_an_open_process_learns_that_its_store_was_encrypted_or_decrypted(tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite"
    elsewhere, here = open_database(path), open_database(path)
    encrypt(here, KEY)
    with pytest.raises(StoreLocked, match="has encrypted this memory; start this one again"):
        remember(elsewhere, "I must not be written in the clear.")
    elsewhere.close()
    elsewhere = open_database(path, keys=KEY)
    encrypt(here, KEY, vectors=True)
    with pytest.raises(StoreLocked, match="now encrypts the vectors"):
        Memories(elsewhere).list()
    elsewhere.close()
    elsewhere = open_database(path, keys=KEY)
    decrypt(here)
    with pytest.raises(StoreLocked, match="has decrypted this memory; start this one again"):
        remember(elsewhere, "Nobody could open me.")
    elsewhere.close()
    here.close()
    assert secrets_in(tmp_path, ["I must not be written", "Nobody could"]) == set()


def test_what_was_sealed_before_its_data_key_was_dropped_is_not_written(tmp_path: Path) -> None:
    path, key_file = tmp_path / "memory.sqlite", tmp_path / "memory.key"
    new_key_file(key_file)
    here = open_database(path, keys=FileKey(key_file), encrypt=True)
    elsewhere = open_database(path, keys=FileKey(key_file))
    name = remember(elsewhere, "My dog is Rufus.")
    early = elsewhere.vault.seal("My dog is Rex.", f"memories.text:{name}")
    rotate(here, FileKey(key_file))
    with (
        pytest.raises(StoreLocked, match="exchanged just now and nothing was stored; try again"),
        elsewhere.write() as c,
    ):
        c.execute(update(memories).values(text=early))
    with elsewhere.write() as connection:
        again = elsewhere.vault.seal("My dog is Rex.", f"memories.text:{name}")
        connection.execute(update(memories).values(text=again))
    assert Memories(here).get(name).text == "My dog is Rex."
    for database in (here, elsewhere):
        database.close()


def test_asking_whether_the_keys_are_still_the_same_costs_little(sealed: Database) -> None:
    with sealed.read() as connection:
        spans = []
        for _ in range(300):
            start = time.perf_counter()
            sealed.vault.check(connection)
            spans.append(time.perf_counter() - start)
    assert sorted(spans)[100] < 50e-6
    sealed.close()


def test_ten_thousand_texts_open_in_less_than_a_third_of_a_second() -> None:
    places = [f"memories.text:{number:032x}" for number in range(10_000)]
    sealed_texts = [VAULT.seal("My dog is called Rufus and likes to swim in the lake.", place) for place in places]
    spans = []
    for _ in range(3):
        start = time.perf_counter()
        for sealed_text, place in zip(sealed_texts, places, strict=True):
            VAULT.open(sealed_text, place)
        spans.append(time.perf_counter() - start)
    assert min(spans) < 0.3


def test_a_passphrase_is_stretched_once_when_a_store_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_database(tmp_path / "memory.sqlite", keys=PASSPHRASE, encrypt=True).close()
    stretched: list[int] = []

    whole = wrapping.Scrypt

    def counted(*, salt: bytes, length: int, n: int, r: int, p: int) -> Scrypt:
        stretched.append(n)
        return whole(salt=salt, length=length, n=n, r=r, p=p)

    monkeypatch.setattr(wrapping, "Scrypt", counted)
    open_database(tmp_path / "memory.sqlite", keys=PASSPHRASE).close()
    assert stretched == [2**15]  # a tenth of a second; one question must not wait longer


def test_a_passphrase_opens_a_store_fast_enough_for_one_question(tmp_path: Path) -> None:
    open_database(tmp_path / "memory.sqlite", keys=PASSPHRASE, encrypt=True).close()
    spans = []
    for _ in range(5):
        start = time.perf_counter()
        open_database(tmp_path / "memory.sqlite", keys=PASSPHRASE).close()
        spans.append(time.perf_counter() - start)
    assert min(spans) < 0.3
