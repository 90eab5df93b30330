"""Independent pieces of a long benchmark: each leaves one file, and what is there is never measured again.

    plan ─► Piece, Piece, … ─► file there? same settings? ─► kept
                                no file ─► measured, until the Clock says stop ─► pieces/NAME.json ─► settled

Inside a piece, `Notes` keep each finished step, so that one that was stopped goes on. It knows no models and no rows.

>>> Piece("gold", "name_date", 0, "cma").name
'gold-name_date-0-cma'
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from workbench import disk

Record = dict[str, Any]


class OutOfTime(Exception):
    """The minutes of this call are over; what is done is kept."""


class MixedSettings(Exception):
    """Pieces that were measured with different settings cannot stand in one table."""


class NotYet(Exception):
    """A piece needs another one that is not measured."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One measurement.

    Args:
        setting: whose rows it holds, such as `gold`; `specialists` are shared by all.
        group: of rows that share work.
    """

    setting: str
    task: str
    seed: int
    group: str

    @property
    def name(self) -> str:
        return f"{self.setting}-{self.task}-{self.seed}-{self.group}"

    @classmethod
    def named(cls, name: str) -> Piece:
        """What `name` says."""
        setting, task, seed, group = name.split("-")
        return cls(setting, task, int(seed), group)


class Clock:
    """Says when to stop; also where the process that started this one has ended."""

    def __init__(self, minutes: float) -> None:
        self._deadline = time.monotonic() + 60 * minutes
        self._parent = os.getppid()

    @property
    def minutes_left(self) -> float:
        return (self._deadline - time.monotonic()) / 60

    def check(self, *_: object) -> None:
        """
        Raises:
            OutOfTime: there is none left.
        """
        if self.minutes_left <= 0 or os.getppid() != self._parent:
            raise OutOfTime


class Pieces:
    """The finished pieces of a folder.

    Args:
        settings: what all of them must have been measured with; plain JSON types.
        kept: where pieces lie that need nothing beside `folder` any more, such as in the repository, where the next
            machine finds them; None where none shall.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any], *, kept: Path | None = None) -> None:
        self.folder, self.kept = folder / "pieces", kept
        self.settings = _plain(settings)

    def get(self, piece: Piece) -> Record | None:
        """The record of a piece; None where it is not measured yet.

        Raises:
            MixedSettings: it was measured with others.
        """
        path = self._path(piece)
        return self._checked(path) if path.exists() else None

    def needed(self, piece: Piece) -> Record:
        """The record of a piece.

        Raises:
            NotYet: it is not measured.
        """
        found = self.get(piece)
        if found is None:
            raise NotYet(f"{piece.name} is needed first; leave out --groups, or name its group too")
        return found

    def put(self, piece: Piece, record: Mapping[str, Any]) -> None:
        """Keep a piece: whole or not at all."""
        self._path(piece).parent.mkdir(parents=True, exist_ok=True)
        with disk.replacing(self._path(piece)) as file:
            said = {"piece": asdict(piece), "settings": self.settings, **record}
            file.write(json.dumps(said, indent=2, allow_nan=False) + "\n")

    def all(self, pieces: Iterable[Piece]) -> dict[Piece, Record]:
        """Those that are measured, in the order of the plan."""
        return {one: found for one in pieces if (found := self.get(one)) is not None}

    def settle(self, pieces: Iterable[Piece]) -> None:
        """Move those that are measured to where they outlast this folder."""
        if self.kept is None:
            return
        for one in pieces:
            if (path := self.folder / f"{one.name}.json").exists():
                self.kept.mkdir(parents=True, exist_ok=True)
                shutil.move(path, self.kept / path.name)

    def _path(self, piece: Piece) -> Path:
        name = f"{piece.name}.json"
        if self.kept is not None and (settled := self.kept / name).exists():
            return settled
        return self.folder / name

    def _checked(self, path: Path) -> Record:
        found: Record = json.loads(path.read_text(encoding="utf-8"))
        theirs = found["settings"]
        if differing := [name for name in {**theirs, **self.settings} if theirs.get(name) != self.settings.get(name)]:
            name = differing[0]
            raise MixedSettings(
                f"{path.name} was measured with {name} = {theirs.get(name)}, not {self.settings.get(name)}; give the "
                "same settings as before, or another --folder"
            )
        return found


class Notes:
    """Finished steps of one piece, each in a file of its own, and the seconds of its laps."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def once(self, step: str, make: Callable[[], Mapping[str, Any]]) -> Record:
        """What a step gave: read where it was done before, else made now."""
        path = self.folder / f"{_file_name(step)}.json"
        if not path.exists():
            said = json.dumps(_plain(make()), allow_nan=False)
            with disk.replacing(path) as file:
                file.write(said + "\n")
        found: Record = json.loads(path.read_text(encoding="utf-8"))
        return found

    @contextmanager
    def lap(self) -> Iterator[None]:
        """One generation, timed; a lap that is cut short does not count."""
        began = time.perf_counter()
        yield
        with (self.folder / "laps.jsonl").open("a", encoding="utf-8") as file:
            file.write(f"{time.perf_counter() - began}\n")

    @property
    def seconds(self) -> float:
        """Of all laps, over all sittings."""
        path = self.folder / "laps.jsonl"
        return sum(map(float, path.read_text(encoding="utf-8").split())) if path.exists() else 0.0


def _plain(said: Mapping[str, Any]) -> Record:
    """As it comes back from JSON: tuples are lists."""
    found: Record = json.loads(json.dumps(said))
    return found


def _file_name(step: str) -> str:
    return "".join(each if each.isalnum() or each in "._" else "_" for each in step)
