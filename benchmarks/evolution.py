"""Do several specialists become a better adapter for a task that none was trained on? Beside every usual way.

    specialists   eight skills, one LoRA each, trained once for each seed          (8 × 1½ minutes a seed)
    gold          gold answers are known: six composites, three seeds, 32 tune examples, 200 unseen ones
    verdict       only right or wrong is known of an answer: the same composites, seeds and examples
    keep          ten tasks one after another, nothing or 16 examples of each kept: three seeds, 100 unseen examples

A piece is one composite or task, seed and group of rows (`evolution_gold.py`, `evolution_verdict.py` and
`evolution_keep.py` list them). Each is a process of its own, takes at most 10 minutes, and leaves a file; a call ends
after --minutes and the next one goes on. Files of gold and verdict, and those of a stream that has come to its end, are
part of the repository (`benchmarks/results/evolution/`), so another machine goes on with other tasks, groups and seeds;
a task and seed that was begun on one machine is ended there, or its files are removed, since specialists come out a
little otherwise elsewhere. All searches of composites may spend the same evaluations, 84 candidates × 32 examples.
Leave the machine alone meanwhile: seconds are compared.

    python benchmarks/evolution.py --minutes 9            # again and again, until nothing is left
    python benchmarks/evolution.py --only verdict         # one setting
    python benchmarks/evolution.py --quick                # one composite, three tasks in a row, one seed
    python benchmarks/evolution.py --table                # of what is there

How long on one core that multiplies bf16, of two: a specialist 1 to 2 minutes; for one composite and seed each plain
search 2½ to 3½, ours 3½, fine-tuning 1½ at equal steps and 2 × 3½ to 2 × 6 at equal time, the rest 4: 20 to 30 minutes,
so eighteen of them 6 to 9 hours. In fp32 on older processors about twice that.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import evolution_gold
import evolution_ground
import evolution_keep
import evolution_summary
import evolution_verdict
from evolution_ground import SPECIALISTS, Dials, Ground
from evolution_pieces import Clock, MixedSettings, NotYet, OutOfTime, Piece, Pieces, Record
from record import described_run, kept_parts, write_record

from workbench.core.settings import load_settings

ROOT = Path(__file__).parents[1]
OUT = ROOT / "benchmarks/results/evolution.json"
USUAL, KEPT = ROOT / "var/evolution", ROOT / "benchmarks/results/evolution"


class Setting(Protocol):
    """What the file of a setting has; to add one, write such a file and name it in SETTINGS.

    Args:
        TASKS, ROWS, GROUPS: of its pieces and its table, in their order; GROUPS by name.
        QUICK: the tasks of --quick.
        TAUGHT: the row that all others are compared with.
        WANTED: see `evolution_summary.summed`.
    """

    NAME: str
    TASKS: tuple[str, ...]
    QUICK: tuple[str, ...]
    ROWS: tuple[str, ...]
    TAUGHT: str
    WANTED: evolution_summary.Wanted
    GROUPS: Mapping[str, Callable[..., Record]]

    def plan(self, tasks: Sequence[str], seeds: Sequence[int], groups: Sequence[str]) -> list[Piece]:
        """The pieces, each after those it needs."""
        ...

    def measured(self, ground: Ground) -> Record:
        """The record of one."""
        ...

    def whole_with(self, piece: Piece) -> Sequence[Piece]:
        """What leans on no file of this machine any more, now that this one is measured."""
        ...


SETTINGS: Mapping[str, Setting] = {one.NAME: one for one in (evolution_gold, evolution_verdict, evolution_keep)}
SEEDS = (0, 1, 2)
STOPPED = 75  # exit code of a piece that goes on another time
PACKAGES = ("torch", "transformers", "cmaes", "numpy")


def main() -> None:
    asked = arguments()
    pieces = Pieces(asked.folder, asked.dials.to_dict(), kept=asked.kept)
    try:
        if asked.piece:
            run_piece(asked, pieces, Piece.named(asked.piece))
        else:
            if not asked.table:
                run_all(asked, pieces)
            tell(asked, pieces)
    except (MixedSettings, NotYet) as error:
        raise SystemExit(str(error)) from None


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=9.0, help="after which a call stops, to be run again")
    parser.add_argument("--quick", action="store_true", help="the fewest tasks, and the first seed")
    parser.add_argument("--table", action="store_true", help="measure nothing; sum up what is there")
    parser.add_argument("--only", nargs="+", choices=list(SETTINGS), default=list(SETTINGS), help="some settings")
    parser.add_argument("--tasks", nargs="+", choices=every_task(), default=every_task())
    parser.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS))
    parser.add_argument("--groups", nargs="+", help="some groups of rows; they need those before them")
    parser.add_argument("--set", nargs="+", default=[], metavar="DIAL=N", help="other dials, for trials")
    parser.add_argument(
        "--folder", type=Path, help="for pieces and specialists; var/evolution, or var/trial with --set"
    )
    parser.add_argument("--bases", type=Path, default=load_settings().home / "bases", help="folder of base weights")
    parser.add_argument("--out", type=Path, help="JSON file; with --set it lies in the folder")
    parser.add_argument("--piece", help=argparse.SUPPRESS)  # this process measures one
    asked = parser.parse_args()
    if asked.quick:
        asked.seeds = asked.seeds[:1]
    asked.dials = with_dials(asked.set)
    asked.folder = asked.folder or (ROOT / "var/trial" if asked.set else USUAL)
    asked.out = asked.out or (asked.folder / OUT.name if asked.set else OUT)
    asked.kept = None if asked.set or asked.folder != USUAL else KEPT
    asked.folder.mkdir(parents=True, exist_ok=True)
    return asked


def with_dials(given: Sequence[str]) -> Dials:
    """The usual ones, changed where `name=number` says so."""
    kinds = {one.name: float if one.name == "learning_rate" else int for one in fields(Dials)}
    changed: dict[str, Any] = {}
    for name, _, value in (one.partition("=") for one in given):
        if name not in kinds:
            raise SystemExit(f"There is no dial {name!r}; choose from: {', '.join(kinds)}")
        changed[name] = kinds[name](value)
    return replace(Dials(), **changed)


def planned(asked: argparse.Namespace, setting: str, *, everything: bool = False) -> list[Piece]:
    """The pieces of a setting, specialists first: those asked for, or all that belong in the record."""
    room = SETTINGS[setting]
    if everything:
        return room.plan(room.TASKS, SEEDS, list(room.GROUPS))
    tasks = [one for one in (room.QUICK if asked.quick else room.TASKS) if one in asked.tasks]
    return room.plan(tasks, asked.seeds, asked.groups or list(room.GROUPS))


def every_task() -> list[str]:
    """Of all settings, each once."""
    return list(dict.fromkeys(task for room in SETTINGS.values() for task in room.TASKS))


def run_all(asked: argparse.Namespace, pieces: Pieces) -> None:
    """One piece after another, until none is left or the minutes are over."""
    clock = Clock(asked.minutes)
    wanted = [piece for setting in asked.only for piece in planned(asked, setting)]
    pieces.all(wanted)  # those of other settings are refused before anything is measured
    for done, piece in enumerate(wanted):
        if pieces.get(piece) is None:
            if clock.minutes_left <= 0 or not apart(asked, piece, clock.minutes_left):
                print(f"out of time after {done} of {len(wanted)} pieces; run it again to go on", file=sys.stderr)
                return
            print(f"{piece.name} is measured ({done + 1} of {len(wanted)})", file=sys.stderr, flush=True)
        pieces.settle(whole_with(piece))


def whole_with(piece: Piece) -> Sequence[Piece]:
    """What needs no adapter of this machine any more, now that this one is measured."""
    return [] if piece.setting == SPECIALISTS else SETTINGS[piece.setting].whole_with(piece)


def apart(asked: argparse.Namespace, piece: Piece, minutes: float) -> bool:
    """Measure a piece in a process of its own, so that its peak of memory is its own; whether it came to its end."""
    command = [sys.executable, str(Path(__file__)), "--piece", piece.name, "--minutes", str(minutes)]
    command += [
        "--folder",
        str(asked.folder),
        "--bases",
        str(asked.bases),
        *(["--set", *asked.set] if asked.set else []),
    ]
    # Waiting threads that spin would be measured too.
    environment = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0", **os.environ}
    code = subprocess.run(command, env=environment, check=False).returncode
    if code not in (0, STOPPED):
        raise SystemExit(f"{piece.name} failed; see the lines above")
    return code == 0


def run_piece(asked: argparse.Namespace, pieces: Pieces, piece: Piece) -> None:
    """Measure one piece in this process, or leave with STOPPED."""
    load = os.getloadavg()[0]
    clock = Clock(asked.minutes)
    ground = Ground(piece, pieces, asked.dials, folder=asked.folder, bases=asked.bases, clock=clock)
    try:
        measured = evolution_ground.trained if piece.setting == SPECIALISTS else SETTINGS[piece.setting].measured
        record = measured(ground)
    except OutOfTime:
        raise SystemExit(STOPPED) from None
    run = described_run()
    run["versions"] |= {name: version(name) for name in PACKAGES}
    run.pop("command")
    pieces.put(piece, {**record, "load_before": load, **run})
    ground.close()


def tell(asked: argparse.Namespace, pieces: Pieces) -> None:
    """Sum up every piece that is there, write the record, print the tables."""
    record = {**kept_parts(asked.out, list(SETTINGS)), **described_run()}
    for setting in asked.only:
        if (part := summary(asked, pieces, setting)) is None:
            print(f"nothing of {setting} is measured yet", file=sys.stderr)
            continue
        record[setting] = part
        record.setdefault("measured_by", {})[setting] = described_run()
        if not asked.table:
            write_record(asked.out, record)
        print("\n".join([f"\n## {setting}\n", *evolution_summary.table(part)]))


def summary(asked: argparse.Namespace, pieces: Pieces, setting: str) -> Record | None:
    """A setting's part of the record; None where it has no piece."""
    room = SETTINGS[setting]
    plan = planned(asked, setting, everything=not asked.quick)
    found = pieces.all(dict.fromkeys([*plan, *planned(asked, setting)]))
    own: Mapping[Piece, Record] = {piece: one for piece, one in found.items() if piece.setting == setting}
    if not own:
        return None
    trained = [one for piece, one in found.items() if piece.setting == SPECIALISTS]
    return {
        "complete": set(plan) <= found.keys() and not asked.quick,
        "settings": pieces.settings,
        "specialists": evolution_summary.specialists(trained),
        **evolution_summary.summed(
            evolution_summary.rows_of(own.values()), room.ROWS, champion=room.TAUGHT, wanted=room.WANTED
        ),
    }


if __name__ == "__main__":
    main()
