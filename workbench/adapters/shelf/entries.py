"""One adapter's folder on the shelf: read, checked against its card, found by what a person calls it.

    a name        mother-2                    letters, digits, . _ -; no other adapter has it
    an identity   9f86d081884c7d65…           64 digits
    a beginning   9f86                        at least four digits that only one identity begins with

It does not know the champion or the quota.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.adapters.shelf import card as cards
from workbench.adapters.shelf.card import Card, FileMark
from workbench.core.errors import AdapterDamaged, AdapterError, AdapterNotFound

CARD = "card.json"
_IDENTITY = re.compile(r"[0-9a-f]{64}")
_BEGINNING = re.compile(r"[0-9a-f]{4,64}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Shelved:
    """An adapter on the shelf; `freed` says who had to go for it."""

    identity: str
    folder: Path
    card: Card
    freed: tuple[str, ...] = ()

    @property
    def name(self) -> str | None:
        return self.card.name

    @property
    def label(self) -> str:
        """Its name, or the beginning of its identity."""
        return self.card.name or self.identity[:12]

    @property
    def bytes(self) -> int:
        """What its files take on the disk, without the card."""
        return sum(mark.bytes for mark in self.card.files.values())


def entry(folder: Path) -> Shelved:
    """The entry of a folder.

    Raises:
        AdapterNotFound: there is no such folder.
        AdapterDamaged: its card cannot be read or is another's.
    """
    content = read(folder, CARD)
    try:
        card = cards.from_json(content)
    except ValueError as error:
        raise AdapterDamaged(f"{folder / CARD} cannot be read; remove the folder {folder}") from error
    if card.identity != folder.name:
        raise AdapterDamaged(f"{folder / CARD} is the card of another adapter; remove the folder {folder}")
    return Shelved(card.identity, folder, card)


def entries(shelf: Path) -> tuple[Shelved, ...]:
    """All entries, the oldest first."""
    found = []
    for folder in shelf.iterdir():
        if _IDENTITY.fullmatch(folder.name):
            try:
                found.append(entry(folder))
            except AdapterNotFound:
                continue  # deleted since the folder was listed
    return tuple(sorted(found, key=lambda each: (each.card.made_at, each.identity)))


def find(shelf: Path, ref: str) -> Shelved:
    """By name, identity, or the beginning of one.

    Raises:
        AdapterNotFound: none or several; the sentence lists what there is.
    """
    if _IDENTITY.fullmatch(ref):
        return entry(shelf / ref)
    held = entries(shelf)
    named = [each for each in held if each.card.name == ref]
    if named:
        return named[0]
    matching = [each for each in held if _BEGINNING.fullmatch(ref) and each.identity.startswith(ref)]
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise AdapterNotFound(f"{ref!r} begins {len(matching)} adapters: {_listed(matching)}; give more digits")
    raise AdapterNotFound(f"No adapter is called {ref[:80]!r}; there {_listed(held, 'are', 'are none yet')}")


def checked_name(name: str) -> str:
    """The name, if it can be one.

    Raises:
        AdapterError: it is empty, too long, or holds what a file name should not.
    """
    if not _NAME.fullmatch(name):
        raise AdapterError(
            f"{name[:80]!r} cannot name an adapter; use up to 64 of A-Z a-z 0-9 . _ - with a letter or digit first"
        )
    if len(name) >= 8 and _BEGINNING.fullmatch(name):
        raise AdapterError(f"{name!r} would look like the beginning of an identity; choose a name with other letters")
    return name


def mark(content: bytes) -> FileMark:
    return FileMark(hashlib.sha256(content).hexdigest(), len(content))


def checked(one: Shelved, name: str) -> bytes:
    """A file of the entry, the same as when it was put there.

    Raises:
        AdapterNotFound: it has no such file.
        AdapterDamaged: the file is truncated or altered.
    """
    known = one.card.files.get(name)
    if known is None:
        raise AdapterNotFound(
            f"The adapter {one.label} has no file {name!r}; it has {', '.join(sorted(one.card.files))}"
        )
    content = read(one.folder, name)
    if mark(content) != known:
        raise AdapterDamaged(
            f"{name} of the adapter {one.label} is truncated or altered; put the same adapter again, or deploy another"
        )
    return content


def read(folder: Path, name: str) -> bytes:
    """The bytes of a file of an entry."""
    try:
        return (folder / name).read_bytes()
    except FileNotFoundError as error:
        if not folder.is_dir():
            raise AdapterNotFound(
                f"The adapter {folder.name[:12]} is not on the shelf any more; list what is"
            ) from error
        raise AdapterDamaged(f"{folder} has lost its {name}; remove the folder and make the adapter anew") from error
    except OSError as error:
        raise AdapterDamaged(f"{folder / name} cannot be read ({error.strerror}); correct its permissions") from error


def _listed(held: Sequence[Shelved], some: str = "", none: str = "") -> str:
    names = ", ".join(each.label for each in held[:20])
    more = f" and {len(held) - 20} more" if len(held) > 20 else ""
    return f"{some} {names}{more}".strip() if held else none
