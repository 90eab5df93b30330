"""The shelf: adapters go on it, are found on it, and one of them is champion.

    put ─► deploy ─► (answers) ─► rollback        every move is one rename, done under one lock, kept in the history

It does not know which adapter deserves to be champion, nor the engine that serves it.

>>> shelf = Shelf(home / "adapters", quota_bytes=2 * 2**30)                # doctest: +SKIP
>>> shelf.put(adapter, Provenance("train", "smollm2-135m"), name="dates")  # doctest: +SKIP
>>> shelf.deploy("dates", why="passed the gate"); shelf.rollback(why="worse at sums")   # doctest: +SKIP
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from workbench import disk
from workbench.adapters import peft_folder
from workbench.adapters.adapter import Adapter
from workbench.adapters.peft_config import CONFIG
from workbench.adapters.shelf import card as cards
from workbench.adapters.shelf import champion as pointers
from workbench.adapters.shelf import durable
from workbench.adapters.shelf.card import Card, Provenance, SkillScore
from workbench.adapters.shelf.champion import Move
from workbench.adapters.shelf.comparing import Comparison, compared
from workbench.adapters.shelf.entries import CARD, Shelved, checked, checked_name, entries, entry, find, mark
from workbench.adapters.shelf.quota import Held, to_free
from workbench.core.errors import AdapterDamaged, AdapterError, AdapterNotFound

LOCK = "shelf.lock"
_LOCK_WAIT_S = 30.0
_WEIGHTS = (CONFIG, peft_folder.WEIGHTS)
_ATTACHED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


class Shelf:
    """Adapters in one folder; several processes may use it at once.

    Args:
        folder: made if it is not there; what a crash left in it is removed.
        quota_bytes: most that all files on it may take together.
    Raises:
        AdapterError: the folder cannot be written.
    """

    def __init__(self, folder: Path, quota_bytes: int) -> None:
        self.folder, self.quota_bytes = folder, quota_bytes
        with durable.explained(folder):
            folder.mkdir(parents=True, exist_ok=True)
            durable.sweep(folder)

    def put(
        self, adapter: Adapter, origin: Provenance, *, name: str | None = None, scores: Sequence[SkillScore] = ()
    ) -> Shelved:
        """Keep an adapter, whole or not at all; the same weights again are the same entry, mended if it was damaged.

        Returns:
            The entry; its `freed` names the unnamed, unreferenced adapters that had to go for it.
        Raises:
            ShelfFull: the quota, or the disk, has no room; the shelf is as it was.
            AdapterError: the name is taken or no name, or these weights are already here under another.
        """
        if name is not None:
            checked_name(name)
        with self._changing():
            if (self.folder / adapter.identity).is_dir():
                return self._again(adapter, name)
            self._refuse_taken(name)
            return self._put(adapter, origin, name, tuple(scores))

    def get(self, ref: str) -> Adapter:
        """The adapter of that name, identity or beginning of one, checked against its checksums and its identity.

        Raises:
            AdapterNotFound: there is none, or several begin so.
            AdapterDamaged: a file is truncated or altered.
        """
        one = find(self.folder, ref)
        adapter = peft_folder.adapter_of({name: checked(one, name) for name in _WEIGHTS}, None, one.label)
        if adapter.identity != one.identity:
            raise AdapterDamaged(f"The adapter {one.label} is not what its name says; delete it and make it anew")
        return adapter

    def find(self, ref: str) -> Shelved:
        """The entry of that name, identity or beginning of one."""
        return find(self.folder, ref)

    def card(self, ref: str) -> Card:
        """Its provenance card."""
        return find(self.folder, ref).card

    def folder_of(self, ref: str) -> Path:
        """Where its files lie."""
        return find(self.folder, ref).folder

    def file(self, ref: str, name: str) -> Path:
        """A file of the entry, checked against its checksum."""
        one = find(self.folder, ref)
        checked(one, name)
        return one.folder / name

    def list(self) -> tuple[Shelved, ...]:
        """All adapters, the oldest first."""
        return entries(self.folder)

    @property
    def used_bytes(self) -> int:
        return sum(each.bytes for each in self.list())

    def champion(self) -> Shelved | None:
        """Who answers now; None is the plain base. Two small files are read, so other processes' moves are seen.

        Raises:
            AdapterNotFound: its folder has vanished.
        """
        current = pointers.read(self.folder).current
        if current is None:
            return None
        try:
            return entry(self.folder / current)
        except AdapterNotFound as error:
            raise AdapterNotFound(
                f"The champion {current[:12]} is no longer on the shelf; roll back, or deploy another"
            ) from error

    def history(self) -> tuple[Move, ...]:
        """Every deploy and rollback, the oldest first."""
        return pointers.read(self.folder).moves

    def deploy(
        self, ref: str | None, *, why: str, who: str | None = None, forced: bool = False, verdict: str | None = None
    ) -> Shelved | None:
        """Make an adapter champion, after its checksums are verified; None puts the plain base in its place.

        Who is champion already stays so, and no move is noted.

        Args:
            forced: against the gate, or without it; the history says so.
            verdict: what refers to the gate's record.
        Raises:
            AdapterNotFound, AdapterDamaged: nothing has moved.
        """
        with self._changing():
            one = None if ref is None else self._sound(find(self.folder, ref))
            pointer, identity = pointers.read(self.folder), one.identity if one else None
            if pointer.current != identity:
                move = Move("forced" if forced else "deploy", identity, time.time(), who or _user(), why, verdict)
                pointers.write(self.folder, pointer.moved(move))
            return one

    def rollback(self, *, why: str = "", who: str | None = None) -> Shelved | None:
        """Back to the champion before; a second time further back. None is the plain base.

        Raises:
            AdapterError: there is nothing to go back to.
            AdapterNotFound, AdapterDamaged: the one before is lost; nothing has moved.
        """
        with self._changing():
            pointer = pointers.read(self.folder)
            *earlier, _ = pointers.reachable(pointer.moves)
            if not earlier:
                raise AdapterError("There is nothing to roll back to; deploy an adapter, or the plain base")
            one = None if earlier[-1] is None else self._sound(entry(self.folder / earlier[-1]))
            move = Move("rollback", earlier[-1], time.time(), who or _user(), why)
            pointers.write(self.folder, pointer.moved(move))
            return one

    def rename(self, ref: str, name: str) -> Shelved:
        """Give it another name; references are by identity and stay."""
        checked_name(name)
        with self._changing():
            one = find(self.folder, ref)
            if one.name != name:
                self._refuse_taken(name)
            return self._write_card(one, replace(one.card, name=name))

    def add_scores(self, ref: str, scores: Sequence[SkillScore]) -> Shelved:
        """Note how it did; a skill's newer score takes the place of the older."""
        with self._changing():
            one = find(self.folder, ref)
            by_skill = {score.skill: score for score in (*one.card.scores, *scores)}
            return self._write_card(one, replace(one.card, scores=tuple(by_skill.values())))

    def attach(self, ref: str, path: Path) -> Path:
        """Keep another form of it, such as `adapter.gguf`, in its folder, with its checksum on the card.

        Raises:
            AdapterError: the file cannot be read, or its name is not one to keep.
            ShelfFull: there is no room.
        """
        if path.name in (*_WEIGHTS, CARD) or not _ATTACHED.fullmatch(path.name):
            raise AdapterError(
                f"{path.name[:80]!r} cannot be attached under that name; call it adapter.gguf or the like"
            )
        try:
            content = path.read_bytes()
        except OSError as error:
            raise AdapterError(f"{path} cannot be read ({error.strerror}); name a file that can") from error
        with self._changing():
            one = find(self.folder, ref)
            before = one.card.files.get(path.name)
            going = self._going(len(content) - (before.bytes if before else 0), spared={one.identity})
            durable.replace(one.folder / path.name, content)
            self._remove(going)
            self._write_card(one, replace(one.card, files={**one.card.files, path.name: mark(content)}))
            return one.folder / path.name

    def detach(self, ref: str, name: str) -> None:
        """Remove a file that was attached; one that is not there is gone already."""
        if name in (*_WEIGHTS, CARD):
            raise AdapterError(f"{name} belongs to the adapter and cannot be detached; delete the adapter instead")
        with self._changing():
            one = find(self.folder, ref)
            files = {each: mark for each, mark in one.card.files.items() if each != name}
            if len(files) < len(one.card.files):
                self._write_card(one, replace(one.card, files=files))
            (one.folder / name).unlink(missing_ok=True)
            disk.sync(one.folder)

    def delete(self, ref: str, *, force: bool = False) -> None:
        """Remove an adapter.

        Args:
            force: even if it is a parent of another, whose card then names what is no longer here.
        Raises:
            AdapterError: it is champion, or a rollback can return to it, or it is a parent; the sentence names whose.
        """
        with self._changing():
            one = find(self.folder, ref)
            pointer = pointers.read(self.folder)
            if one.identity == pointer.current:
                raise AdapterError(f"{one.label} is the champion; deploy another or roll back before you delete it")
            if one.identity in pointers.reachable(pointer.moves):
                raise AdapterError(
                    f"A rollback can still return to {one.label}; it can be deleted when it no longer can"
                )
            children = [each.label for each in self.list() if one.identity in _parents(each)]
            if children and not force:
                raise AdapterError(f"{one.label} is a parent of {', '.join(children)}; delete those first, or force it")
            durable.remove(one.folder)

    def compare(self, left: str, right: str) -> Comparison:
        """Two adapters side by side."""
        return compared(self.card(left), self.card(right), self.get(left), self.get(right))

    def _put(self, adapter: Adapter, origin: Provenance, name: str | None, scores: tuple[SkillScore, ...]) -> Shelved:
        files = peft_folder.files_of(adapter, origin.base_name)
        marks = {each: mark(content) for each, content in files.items()}
        card = Card(adapter.identity, name, time.time(), adapter.spec, origin, marks, scores, cards.versions())
        spared = {parent.identity for parent in origin.parents}
        going = self._going(sum(map(len, files.values())), spared)
        made = durable.folder_of({**files, CARD: cards.to_json(card)}, self.folder)
        self._remove(going)  # only now: a full disk has not cost anyone his place
        made.rename(self.folder / adapter.identity)
        disk.sync(self.folder)
        freed = tuple(each.label for each in going)
        return Shelved(adapter.identity, self.folder / adapter.identity, card, freed)

    def _again(self, adapter: Adapter, name: str | None) -> Shelved:
        one = entry(self.folder / adapter.identity)
        try:
            self._sound(one)
        except AdapterDamaged:
            one = self._mended(one, adapter)
        if name is None or name == one.name:
            return one
        if one.name is not None:
            raise AdapterError(f"These very weights are on the shelf as {one.name!r}; use that name, or rename it")
        self._refuse_taken(name)
        return self._write_card(one, replace(one.card, name=name))

    def _mended(self, one: Shelved, adapter: Adapter) -> Shelved:
        files = peft_folder.files_of(adapter, one.card.origin.base_name)
        for name, content in files.items():
            durable.replace(one.folder / name, content)
        marks = {name: mark(content) for name, content in files.items()}  # what was attached has to be made anew
        return self._write_card(one, replace(one.card, files=marks))

    def _refuse_taken(self, name: str | None) -> None:
        taken = next((each for each in self.list() if name is not None and each.name == name), None)
        if taken:
            raise AdapterError(
                f"The name {name!r} belongs to {taken.identity[:12]}; choose another, or rename that one"
            )

    def _write_card(self, one: Shelved, card: Card) -> Shelved:
        durable.replace(one.folder / CARD, cards.to_json(card))
        return replace(one, card=card)

    def _sound(self, one: Shelved) -> Shelved:
        for name in one.card.files:
            checked(one, name)
        return one

    def _going(self, needed_bytes: int, spared: set[str]) -> tuple[Held, ...]:
        held = [
            Held(each.identity, each.label, each.bytes, each.name is not None, _parents(each)) for each in self.list()
        ]
        champions = {each for each in pointers.reachable(self.history()) if each is not None}
        return to_free(held, needed_bytes=needed_bytes, quota_bytes=self.quota_bytes, spared=spared | champions)

    def _remove(self, going: Sequence[Held]) -> None:
        for each in going:
            durable.remove(self.folder / each.identity)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """One process at a time; what the disk refuses becomes a sentence."""
        from filelock import FileLock, Timeout

        try:
            with durable.explained(self.folder), FileLock(self.folder / LOCK, timeout=_LOCK_WAIT_S):
                yield
        except Timeout as error:
            raise AdapterError(f"Another process has held {self.folder} for 30 s; try again when it is done") from error


def _parents(one: Shelved) -> tuple[str, ...]:
    return tuple(parent.identity for parent in one.card.origin.parents)


def _user() -> str:
    import psutil

    return psutil.Process().username()
