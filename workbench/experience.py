"""What an adapter has seen, and the few examples that are kept beside it.

    <shelf>/<identity>/examples.txt     ids of what it, or one it was made of, was trained, tuned or chosen on
                       turns.txt        those of them that came from use, each with its turn
                       replay.jsonl     a few of what it was trained on     ─► learned again by those that come after
                       held.jsonl       a few of what it was tuned on       ─► what must not be forgotten
                       fresh.jsonl      a stock that nothing was done by    ─► later judgements
                       sums.safetensors what was read in its lesson         ─► spared by those that come after
    <shelf>/forgotten.txt               ids of examples that must not be learned from any more

In an encrypted home no example is kept, for these files can be read; ids are, and sums, unless vectors are encrypted,
too. What is forgotten leaves the files; the weights cannot unlearn it, so adapters that learned from it are told apart
as tainted. It does not know how an adapter is trained or judged.

>>> experience = Experience(shelf, settings.learn, sealed=False)          # doctest: +SKIP
>>> experience.keep(dates, learned, tune, fresh)                          # doctest: +SKIP
>>> len(experience.kept_of(dates, FRESH_FILE))                            # doctest: +SKIP
150
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from workbench import disk
from workbench.adapters.shelf import Shelf, Shelved
from workbench.adapters.shelf.champion import reachable
from workbench.core.examples import Example
from workbench.core.schema import LearnSettings

if TYPE_CHECKING:
    from workbench.adapters.grams import Grams

SEEN_FILE, TURNS_FILE = "examples.txt", "turns.txt"
REPLAY_FILE, HELD_FILE, FRESH_FILE = "replay.jsonl", "held.jsonl", "fresh.jsonl"
KEPT = (REPLAY_FILE, HELD_FILE, FRESH_FILE)
SUMS_FILE = "sums.safetensors"
FORGOTTEN_FILE = "forgotten.txt"


@dataclass(frozen=True, slots=True)
class Gone:
    """What is forgotten: ids of examples, and of the turns that examples came from."""

    ids: frozenset[str] = frozenset()
    turns: frozenset[str] = frozenset()

    def holds(self, one: Example) -> bool:
        return one.id in self.ids or one.origin.place.get("turn") in self.turns


@dataclass(frozen=True, slots=True)
class Experience:
    """The experience of the adapters on a shelf.

    Args:
        sealed: the home is encrypted, so no example is kept.
        hidden: vectors are encrypted, so no sums are kept, which tell about as much.
    """

    shelf: Shelf
    dials: LearnSettings
    sealed: bool
    hidden: bool = False

    def note(self, one: Shelved, seen: Iterable[str], turns: Mapping[str, str] | None = None) -> None:
        """Write down what an adapter has seen.

        Args:
            seen: ids of examples, those of its parents included: a parent may be deleted.
            turns: by id of an example, the turn that it came from.
        Raises:
            ShelfFull: there is no room.
        """
        self._write(one, SEEN_FILE, sorted(set(seen)))
        if turns:
            self._write(one, TURNS_FILE, [f"{name} {turn}" for name, turn in sorted(turns.items())])

    def inherit(self, one: Shelved, parents: Iterable[Shelved], own: Sequence[Example] = ()) -> None:
        """Write down that an adapter has seen what those it was made of have, and examples of its own."""
        seen, turns = {each.id for each in own}, turns_of(own)
        for parent in parents:
            seen |= self.seen_by(parent)
            turns |= self.turns_seen_by(parent)
        self.note(one, seen, turns)

    def keep(
        self, one: Shelved, learned: Sequence[Example], tune: Sequence[Example] = (), fresh: Sequence[Example] = ()
    ) -> None:
        """Keep a few examples of each skill beside an adapter; none where the home is encrypted.

        Args:
            fresh: what is also among the others is not kept as fresh.
        Raises:
            ShelfFull: there is no room.
        """
        if self.sealed:
            return
        seen = {each.id for each in (*learned, *tune)}
        unseen = [each for each in fresh if each.id not in seen]
        self._attach(one, REPLAY_FILE, few_of_each_skill(learned, self.dials.replay))
        self._attach(one, HELD_FILE, few_of_each_skill(tune, self.dials.replay))
        self._attach(one, FRESH_FILE, few_of_each_skill(unseen, self.dials.stock))

    @property
    def keeps_sums(self) -> bool:
        """Whether what was read in a lesson may be kept as sums."""
        return not self.hidden

    def keep_sums(self, one: Shelved, sums: Grams) -> None:
        """Keep beside an adapter what was read in its lesson.

        Raises:
            ShelfFull: there is no room.
        """
        from workbench.adapters.grams import write_grams

        with TemporaryDirectory() as folder:
            self.shelf.attach(one.identity, write_grams(sums, Path(folder) / SUMS_FILE))

    def sums_of(self, one: Shelved) -> tuple[Grams, ...]:
        """What was read in the lessons of an adapter and those it was made of.

        Raises:
            AdapterDamaged: a file is not what was kept.
        """
        from workbench.adapters.grams import read_grams

        there = [each for each in self._family(one) if SUMS_FILE in each.card.files]
        return tuple(read_grams(self.shelf.file(each.identity, SUMS_FILE)) for each in there)

    def taught(self, one: Shelved) -> frozenset[str]:
        """Skills that an adapter or one it was made of was trained on."""
        return frozenset().union(*map(_skills, self._family(one)))

    def replay_of(self, one: Shelved | None, name: str, *, but: Collection[str]) -> list[Example]:
        """A few examples of each skill other than some, as kept beside an adapter and those it was made of.

        Args:
            name: REPLAY_FILE to be learned again, HELD_FILE never to be trained on.
        Raises:
            AdapterDamaged: a file is not what was kept.
        """
        some = [each for each in self.kept_of(one, name) if each.skill not in but]
        return few_of_each_skill(some, self.dials.replay)

    def seen_by(self, one: Shelved) -> set[str]:
        """Ids of the examples that an adapter or one it was made of was trained, tuned or chosen on."""
        return {name for each in self._family(one) for name in self._lines(each, SEEN_FILE)}

    def turns_seen_by(self, one: Shelved) -> dict[str, str]:
        """Those of them that came from use: by id, the turn."""
        return dict(line.split() for each in self._family(one) for line in self._lines(each, TURNS_FILE))

    def kept_of(self, one: Shelved | None, name: str) -> tuple[Example, ...]:
        """Examples kept beside an adapter and those it was made of, each once.

        Args:
            name: REPLAY_FILE, HELD_FILE or FRESH_FILE; fresh are those that none of them has seen.
        Raises:
            AdapterDamaged: the file is not what was kept.
        """
        if one is None:
            return ()
        every = {each.id: each for member in self._family(one) for each in self._examples(member, name)}
        seen = self.seen_by(one) if name == FRESH_FILE else set()
        return tuple(each for each in every.values() if each.id not in seen)

    def forget(self, gone: Gone) -> frozenset[str]:
        """Remove examples from what is kept, and note that they must not be learned from; a second call does no harm.

        Returns:
            Their ids, those included that only an adapter still knew.
        Raises:
            StoreError: it cannot be written.
        """
        every = self.shelf.list()
        known = {name for one in every for name, turn in self.turns_seen_by(one).items() if turn in gone.turns}
        held = {each.id for one in every for name in KEPT for each in self._examples(one, name) if gone.holds(each)}
        ids = gone.ids | known | held
        with disk.replacing(self.shelf.folder / FORGOTTEN_FILE) as file:
            file.writelines(f"{name}\n" for name in sorted(self.forgotten() | ids))
        for one in every:
            for name in KEPT:
                self._drop(one, name, ids)
            if SUMS_FILE in one.card.files and not ids.isdisjoint(self.seen_by(one)):  # they cannot be taken apart
                self.shelf.detach(one.identity, SUMS_FILE)
        return ids

    def forgotten(self) -> frozenset[str]:
        """Ids of everything that was ever forgotten here."""
        file = self.shelf.folder / FORGOTTEN_FILE
        return frozenset(file.read_text(encoding="utf-8").split()) if file.exists() else frozenset()

    def learned_from(self, ids: Collection[str]) -> tuple[Shelved, ...]:
        """Adapters that were trained, tuned or chosen on one of these, or that descend from such a one."""
        return tuple(one for one in self.shelf.list() if not self.seen_by(one).isdisjoint(ids))

    def tainted(self) -> tuple[Shelved, ...]:
        """Adapters that learned from something that was forgotten since."""
        ids = self.forgotten()
        return self.learned_from(ids) if ids else ()

    def clean_champion(self) -> Shelved | None:
        """What answers now or answered before, the latest that is not tainted; None is the plain base."""
        tainted = {one.identity for one in self.tainted()}
        clean = {one.identity: one for one in self.shelf.list() if one.identity not in tainted}
        earlier = reversed(reachable(self.shelf.history()))
        return next((clean.get(name) if name else None for name in earlier if name is None or name in clean), None)

    def _drop(self, one: Shelved, name: str, ids: Collection[str]) -> None:
        every = self._examples(one, name)
        left = [each for each in every if each.id not in ids]
        if not left and every:
            self.shelf.detach(one.identity, name)
        elif len(left) < len(every):
            self._attach(one, name, left)

    def _examples(self, one: Shelved, name: str) -> Sequence[Example]:
        """Of one file, parents apart."""
        from workbench.corpus.jsonl import read_examples

        return read_examples(self.shelf.file(one.identity, name)).examples if name in one.card.files else ()

    def _lines(self, one: Shelved, name: str) -> list[str]:
        if name not in one.card.files:
            return []
        return self.shelf.file(one.identity, name).read_text(encoding="utf-8").splitlines()

    def _write(self, one: Shelved, name: str, lines: Iterable[str]) -> None:
        with TemporaryDirectory() as folder:
            (Path(folder) / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
            self.shelf.attach(one.identity, Path(folder) / name)

    def _attach(self, one: Shelved, name: str, some: Sequence[Example]) -> None:
        from workbench.corpus.jsonl import write_examples

        if some:
            with TemporaryDirectory() as folder:
                write_examples(Path(folder) / name, some)
                self.shelf.attach(one.identity, Path(folder) / name)

    def _family(self, one: Shelved) -> Sequence[Shelved]:
        """An adapter and all that it descends from and that are still on the shelf, each once, the nearest first."""
        there = {each.identity: each for each in self.shelf.list()} if one.card.origin.parents else {}
        family: dict[str, Shelved] = {}
        ahead = [one]
        while ahead:
            each = ahead.pop(0)
            if each.identity not in family:
                family[each.identity] = each
                ahead += [there[name.identity] for name in each.card.origin.parents if name.identity in there]
        return list(family.values())


def _skills(one: Shelved) -> frozenset[str]:
    return frozenset(one.card.origin.data.skills) if one.card.origin.data else frozenset()


def turns_of(examples: Iterable[Example]) -> dict[str, str]:
    """By id, the turn that an example came from; without those that came from elsewhere."""
    return {one.id: one.origin.place["turn"] for one in examples if "turn" in one.origin.place}


def few_of_each_skill(examples: Iterable[Example], most: int) -> list[Example]:
    """The first so many of each skill, in their order."""
    counts: Counter[str] = Counter()
    kept = []
    for one in examples:
        counts[one.skill] += 1
        if counts[one.skill] <= most:
            kept.append(one)
    return kept


def few_of_all(examples: Iterable[Example], most: int) -> tuple[Example, ...]:
    """So many at most, as many of each skill as of any other, drawn by their hash: the same ones each time."""
    counts: Counter[str] = Counter()
    placed = []
    for one in sorted(examples, key=lambda each: each.id):
        counts[one.skill] += 1
        placed.append((counts[one.skill], one.id, one))
    return tuple(one for _, _, one in sorted(placed, key=lambda each: each[:2])[:most])
