"""Where the person's key to an encrypted memory comes from.

    environment   WORKBENCH_MEMORY_KEY              ─┐
    file          memory.key_file, readable by you   ├──►  PersonKey, PersonKey, …   the likeliest first
    keyring       service "workbench", user = store ─┘     (with `auto` all three, in this order)

A key is a passphrase of your own or one that `new_key` made; both are text. A key that others can read is refused: in
a YAML file, which is shared, or in a file whose mode lets them. It does not know what the key opens.

>>> PersonKey("correct horse battery staple", "the screen")
PersonKey(origin='the screen')
"""

from __future__ import annotations

import os
import re
import secrets
import shlex
import stat
import tempfile
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from workbench import disk
from workbench.core.errors import StoreError, StoreSealed
from workbench.core.settings import Settings

MARK = "wbkey1-"  # begins a key that `new_key` made, so that a cut one is told from a passphrase
GENERATED = re.compile(re.escape(MARK) + r"[A-Za-z0-9_-]{43}")  # 32 random bytes
SHORTEST = 8  # characters of a passphrase
LONGEST_BYTES = 4096  # of a key file: a larger file is something else
SERVICE = "workbench"  # in the keyring
FROM_ENVIRONMENT = "the environment variable WORKBENCH_MEMORY_KEY"


class KeySource(Protocol):
    """Something that may hold the key, asked again each time it is needed."""

    @property
    def hint(self) -> str:
        """What a person does to put a key there: a clause without a full stop."""

    def candidates(self) -> Iterator[PersonKey]:
        """Every key there, the likeliest first; found one by one, so that a keyring is asked last.

        Raises:
            StoreSealed: a key is there but may not be used: others can read it, or it is cut short.
        """


@dataclass(frozen=True, slots=True)
class PersonKey:
    """A key as the person holds it; it is a source of itself.

    Raises:
        StoreSealed: it is too short to protect anything, or a generated key that lacks its end.
    """

    text: str = field(repr=False)
    origin: str  # as a sentence names it: "the file /…/memory.key"

    def __post_init__(self) -> None:
        text = unicodedata.normalize("NFC", self.text.strip())  # é typed on two machines is one key
        object.__setattr__(self, "text", text)
        if text.startswith(MARK) and not self.generated:
            raise StoreSealed(f"The key in {self.origin} is cut short or altered; copy it there once more, whole")
        if len(text) < SHORTEST:
            raise StoreSealed(f"The key in {self.origin} is shorter than {SHORTEST} characters; give a longer one")

    @property
    def generated(self) -> bool:
        """Whether `new_key` made it: then it cannot be guessed and needs no slow derivation."""
        return GENERATED.fullmatch(self.text) is not None

    @property
    def hint(self) -> str:
        return f"give another key than the one in {self.origin}"

    def candidates(self) -> Iterator[PersonKey]:
        yield self


@dataclass(frozen=True, slots=True)
class SettingKey:
    """The key in the setting `memory.key`, which only the environment should hold."""

    text: str | None = field(repr=False)
    origin: str = FROM_ENVIRONMENT
    hint: str = "set WORKBENCH_MEMORY_KEY"

    def candidates(self) -> Iterator[PersonKey]:
        if self.text is not None:
            yield PersonKey(self.text, self.origin)


@dataclass(frozen=True, slots=True)
class FileKey:
    """A key file, and beside it the one that is about to take its place while a key is exchanged."""

    path: Path

    @property
    def hint(self) -> str:
        return f"put the key into {self.path}"

    def candidates(self) -> Iterator[PersonKey]:
        for path in (self.path, staged(self.path)):
            if (text := read_key_file(path)) is not None:
                yield PersonKey(text, f"the file {path}")


@dataclass(frozen=True, slots=True)
class KeyringKey:
    """The key in the keyring of the operating system, where the package `keyring` is installed."""

    user: str  # the name of the store
    required: bool = True  # False: a machine without a keyring has no key there, and that is all

    @property
    def hint(self) -> str:
        return f"run: keyring set {SERVICE} {shlex.quote(self.user)}"

    def candidates(self) -> Iterator[PersonKey]:
        if (text := self._found()) is not None:
            yield PersonKey(text, f"the keyring ({SERVICE}, {self.user})")

    def _found(self) -> str | None:
        try:
            import keyring
            from keyring.errors import KeyringError
        except ImportError as error:
            if not self.required:
                return None
            raise StoreSealed("memory.key_source is keyring; run: pip install keyring") from error
        try:
            return keyring.get_password(SERVICE, self.user)
        except KeyringError as error:
            if not self.required:
                return None
            raise StoreSealed(f"The keyring does not answer ({error}); unlock it, or set memory.key_source") from error


@dataclass(frozen=True, slots=True)
class FirstOf:
    """Several sources, asked in order."""

    sources: Sequence[KeySource]

    @property
    def hint(self) -> str:
        return ", or ".join(source.hint for source in self.sources)

    def candidates(self) -> Iterator[PersonKey]:
        for source in self.sources:
            yield from source.candidates()


def keys_from(settings: Settings) -> KeySource:
    """The source that the settings name.

    Raises:
        StoreSealed: the key stands in a settings file that others read.
    """
    memory, path = settings.memory, key_file_of(settings)
    _refuse_exposed(settings, path)
    automatic = memory.key_source == "auto"
    sources: dict[str, KeySource] = {
        "environment": SettingKey(memory.key, _place_of_key(settings)),
        "file": FileKey(path),
        "keyring": KeyringKey(store_name(settings), required=not automatic),
    }
    return FirstOf(tuple(sources.values())) if automatic else sources[memory.key_source]


def key_file_of(settings: Settings) -> Path:
    """The key file: `memory.key_file`, or `memory.key` in the folder of this person's configuration.

    A relative path in a settings file counts from the folder above it, as `home` does.
    """
    from platformdirs import user_config_path

    if settings.memory.key_file is None:
        return user_config_path("workbench", appauthor=False) / "memory.key"
    path, file = Path(settings.memory.key_file).expanduser(), settings.origins["memory.key_file"].file
    return path.absolute() if file is None else file.parent.parent / path


def store_name(settings: Settings) -> str:
    """What the keyring calls this store: its folder, or the address of its database without user and password."""
    url = settings.memory.database_url
    return str(settings.home.absolute() / "memory") if url is None else re.sub(r"://[^/\s]*@", "://", url)


def first_key(source: KeySource | None, why: str) -> PersonKey:
    """The key to encrypt with.

    Args:
        why: what needs it, as the start of a sentence: "Encryption is on".
    Raises:
        StoreSealed: there is none.
    """
    for key in source.candidates() if source is not None else ():
        return key
    raise StoreSealed(f"{why}, but there is no key; {source.hint if source else 'set WORKBENCH_MEMORY_KEY'}")


def new_key() -> str:
    """A key that nobody can guess: 256 random bits."""
    return MARK + secrets.token_urlsafe(32)


def new_key_file(path: Path) -> PersonKey:
    """Write a fresh key to a new file that only this person can read; the whole file appears at once.

    Raises:
        StoreError: the file exists, since a key that is overwritten is lost with all it opens; or it cannot be written.
    """
    text = new_key()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_at_once(path, text + "\n")
    except FileExistsError as error:
        raise StoreError(f"{path} holds a key already; move it away first, and keep it with older backups") from error
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written ({error.strerror}); name another file in memory.key_file"
        ) from error
    return PersonKey(text, f"the file {path}")


def staged(path: Path) -> Path:
    """Where the next key waits while the present one is exchanged: a crash in between loses neither."""
    return path.with_name(f"{path.name}.new")


def read_key_file(path: Path) -> str | None:
    """What a key file says; `None` when there is no such file.

    Raises:
        StoreSealed: others can read it, it is not this person's, or it is no text.
    """
    try:
        with path.open("rb") as file:
            _refuse_readable(path, os.fstat(file.fileno()))  # of the file that is open, whatever the name is now
            content = file.read(LONGEST_BYTES + 1)
        if len(content) > LONGEST_BYTES:
            raise StoreSealed(f"{path} is too long for a key; name the right file in memory.key_file")
        return content.decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError as error:
        raise StoreSealed(f"{path} is not text; write the key into it as one line") from error
    except OSError as error:
        raise StoreSealed(f"The key file {path} cannot be read ({error.strerror}); correct memory.key_file") from error


def _write_at_once(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600 from the start
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(name, path)  # unlike a rename it never replaces
    finally:
        Path(name).unlink()
    disk.sync(path.parent)  # what the key is about to seal survives a power cut, so the file's name must too


def _refuse_readable(path: Path, found: os.stat_result) -> None:
    if os.name != "posix":
        return
    mode = stat.S_IMODE(found.st_mode)
    if found.st_uid != os.geteuid():
        raise StoreSealed(f"The key file {path} belongs to another user; copy it to a file of your own")
    if mode & 0o077:
        raise StoreSealed(f"Others can read the key file {path} (mode {mode:04o}); run: chmod 600 {_quoted(path)}")


def _refuse_exposed(settings: Settings, path: Path) -> None:
    origin = settings.origins["memory.key"]
    if settings.memory.key is None or origin.file is None:
        return
    if origin.layer.endswith(".yaml"):
        raise StoreSealed(
            f"{origin.place}: a key must not stand in a YAML file, which others read; "
            f"remove the line and set WORKBENCH_MEMORY_KEY, or put the key into {path}"
        )
    _refuse_readable(origin.file, origin.file.stat())


def _place_of_key(settings: Settings) -> str:
    origin = settings.origins["memory.key"]
    if origin.layer == "environment":
        return FROM_ENVIRONMENT
    return "memory.key" if origin.file is None else origin.place


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
