from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from workbench.core.errors import StoreError, StoreSealed
from workbench.core.settings import Settings, load_settings
from workbench.memory.vault.keys import (
    FileKey,
    KeyringKey,
    PersonKey,
    first_key,
    key_file_of,
    keys_from,
    new_key,
    new_key_file,
    staged,
    store_name,
)

PASSPHRASE = "correct horse battery"


def settings(tmp_path: Path, yaml: str = "", env_file: str | None = None, **environ: str) -> Settings:
    config = tmp_path / "config"
    config.mkdir(exist_ok=True)
    (config / "system.yaml").write_text(yaml)
    if env_file is not None:
        (config / ".env").write_text(env_file)
    return load_settings(config_dir=config, environ={"WORKBENCH_HOME": str(tmp_path / "home"), **environ})


def private(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


@pytest.fixture(autouse=True)
def config_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    return tmp_path / "xdg"


@pytest.fixture
def keyring_of_the_test(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[tuple[str, str], str]]:
    """The real keyring library over a backend that keeps its passwords in a dict."""
    keyring = pytest.importorskip("keyring")
    from keyring.backend import KeyringBackend

    class InRam(KeyringBackend):
        priority = 1.0
        kept: dict[tuple[str, str], str] = {}  # noqa: RUF012

        def get_password(self, service: str, username: str) -> str | None:
            return self.kept.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            self.kept[service, username] = password

    before = keyring.get_keyring()
    keyring.set_keyring(InRam())
    yield InRam.kept
    keyring.set_keyring(before)


def test_the_environment_goes_before_the_file_and_the_file_before_the_keyring(
    tmp_path: Path, keyring_of_the_test: dict[tuple[str, str], str]
) -> None:
    file = private(tmp_path / "my key", "the key of the file")
    found = settings(tmp_path, WORKBENCH_MEMORY_KEY="the key of the environment", WORKBENCH_MEMORY_KEY_FILE=str(file))
    keyring_of_the_test["workbench", store_name(found)] = "the key of the keyring"
    assert [key.text for key in keys_from(found).candidates()] == [
        "the key of the environment",
        "the key of the file",
        "the key of the keyring",
    ]
    assert first_key(keys_from(found), "x").origin == "the environment variable WORKBENCH_MEMORY_KEY"


@pytest.mark.parametrize("source", ["environment", "file", "keyring"])
def test_a_named_source_is_the_only_one_asked(
    tmp_path: Path, keyring_of_the_test: dict[tuple[str, str], str], source: str
) -> None:
    file = private(tmp_path / "key", "the key of the file")
    given = {"WORKBENCH_MEMORY_KEY": "the key of the environment", "WORKBENCH_MEMORY_KEY_FILE": str(file)}
    found = settings(tmp_path, WORKBENCH_MEMORY_KEY_SOURCE=source, **given)
    keyring_of_the_test["workbench", store_name(found)] = "the key of the keyring"
    assert [key.text for key in keys_from(found).candidates()] == [f"the key of the {source}"]


def test_without_any_key_the_sentence_names_all_three_places(tmp_path: Path, config_home: Path) -> None:
    found = settings(tmp_path)
    with pytest.raises(StoreSealed) as caught:
        first_key(keys_from(found), "Memory is to be encrypted")
    sentence = str(caught.value)
    assert sentence.startswith("Memory is to be encrypted, but there is no key; set WORKBENCH_MEMORY_KEY, or put ")
    assert str(config_home / "workbench" / "memory.key") in sentence
    assert f"keyring set workbench {store_name(found)}" in sentence


def test_a_key_in_a_yaml_file_is_refused_with_file_and_line(tmp_path: Path) -> None:
    found = settings(tmp_path, yaml=f"memory:\n  key: {PASSPHRASE}\n")
    with pytest.raises(
        StoreSealed, match=r"^config/system\.yaml line 2: a key must not stand in a YAML file.*"
    ) as caught:
        keys_from(found)
    assert PASSPHRASE not in str(caught.value)


def test_a_key_in_an_env_file_is_taken_only_if_nobody_else_can_read_it(tmp_path: Path) -> None:
    found = settings(tmp_path, env_file=f"WORKBENCH_MEMORY_KEY={PASSPHRASE}\n")
    (tmp_path / "config" / ".env").chmod(0o644)
    with pytest.raises(StoreSealed, match=r"mode 0644\); run: chmod 600 .*\.env$"):
        keys_from(found)
    (tmp_path / "config" / ".env").chmod(0o600)
    assert first_key(keys_from(found), "x") == PersonKey(PASSPHRASE, "config/.env line 1")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o601])
def test_a_key_file_that_others_reach_is_refused_with_the_command_that_mends_it(tmp_path: Path, mode: int) -> None:
    file = private(tmp_path / "my key", PASSPHRASE)
    file.chmod(mode)
    with pytest.raises(StoreSealed) as caught:
        list(FileKey(file).candidates())
    assert str(caught.value) == f"Others can read the key file {file} (mode {mode:04o}); run: chmod 600 '{file}'"
    subprocess.run(str(caught.value).split("run: ")[1], shell=True, check=True)
    assert [key.text for key in FileKey(file).candidates()] == [PASSPHRASE]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_key_file_of_another_user_is_refused(tmp_path: Path) -> None:
    file = private(tmp_path / "key", PASSPHRASE)
    os.chown(file, 12345, 12345)
    with pytest.raises(StoreSealed, match="belongs to another user; copy it"):
        list(FileKey(file).candidates())


def test_a_folder_or_bytes_in_place_of_a_key_file_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreSealed, match=r"cannot be read|Others can read"):
        list(FileKey(tmp_path).candidates())
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00" * 9)
    binary.chmod(0o600)
    with pytest.raises(StoreSealed, match="is not text"):
        list(FileKey(binary).candidates())
    with pytest.raises(StoreSealed, match="too long for a key"):
        list(FileKey(private(tmp_path / "novel", "word " * 5000)).candidates())


def test_a_new_key_file_is_private_whole_and_never_overwrites(tmp_path: Path) -> None:
    path = tmp_path / "new" / "memory.key"
    before = os.umask(0)
    try:
        key = new_key_file(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [found.text for found in FileKey(path).candidates()] == [key.text]
    assert key.generated
    content = path.read_bytes()
    with pytest.raises(StoreError, match="holds a key already"):
        new_key_file(path)
    assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]  # no half-written file beside it


def test_a_generated_key_cut_short_is_told_from_a_passphrase(tmp_path: Path) -> None:
    whole = new_key()
    for kept in (10, len(whole) - 1):
        with pytest.raises(StoreSealed, match="cut short or altered; copy it there once more"):
            list(FileKey(private(tmp_path / "key", whole[:kept])).candidates())
    assert PersonKey(f" {whole}\n", "here").generated
    assert not PersonKey(PASSPHRASE, "here").generated


@pytest.mark.parametrize("text", ["", "   ", "\n", "seven77"])
def test_an_empty_or_short_key_is_refused(text: str) -> None:
    with pytest.raises(StoreSealed, match="shorter than 8 characters"):
        PersonKey(text, "the screen")


def test_the_same_letters_typed_on_another_machine_are_the_same_key() -> None:
    assert PersonKey("cafe\u0301 au lait", "a") == PersonKey("caf\u00e9 au lait ", "a")


def test_a_key_is_never_shown(tmp_path: Path) -> None:
    found = settings(tmp_path, WORKBENCH_MEMORY_KEY=PASSPHRASE)
    assert PASSPHRASE not in repr(keys_from(found)) + repr(first_key(keys_from(found), "x"))


def test_the_key_that_waits_for_its_turn_is_tried_after_the_present_one(tmp_path: Path) -> None:
    path = private(tmp_path / "memory.key", "the present key")
    private(staged(path), "the next key")
    assert [key.text for key in FileKey(path).candidates()] == ["the present key", "the next key"]


def test_a_relative_key_file_in_a_settings_file_counts_from_the_folder_above_it(tmp_path: Path) -> None:
    assert key_file_of(settings(tmp_path, yaml="memory:\n  key_file: keys/mine\n")) == tmp_path / "keys" / "mine"


def test_the_keyring_knows_a_store_by_its_folder_or_its_address_without_the_password(tmp_path: Path) -> None:
    assert store_name(settings(tmp_path)) == str(tmp_path / "home" / "memory")
    url = "postgresql+psycopg://me:hidden@db.example/agent"
    assert store_name(settings(tmp_path, WORKBENCH_MEMORY_DATABASE_URL=url)) == "postgresql+psycopg://db.example/agent"


def test_a_machine_without_a_keyring_has_no_key_there_unless_it_must() -> None:
    keyring = pytest.importorskip("keyring")
    from keyring.backends.fail import Keyring

    before = keyring.get_keyring()
    keyring.set_keyring(Keyring())
    try:
        assert list(KeyringKey("store", required=False).candidates()) == []
        with pytest.raises(StoreSealed, match="The keyring does not answer"):
            list(KeyringKey("store").candidates())
    finally:
        keyring.set_keyring(before)


def test_a_missing_keyring_package_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert list(KeyringKey("store", required=False).candidates()) == []
    with pytest.raises(StoreSealed, match="pip install keyring"):
        list(KeyringKey("store").candidates())
