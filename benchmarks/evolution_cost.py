"""What does a run of evolution cost, what do races save, and does the same seed give the same champion?

    growth    seconds and peak memory of a generation of 8, 16, 32, 64 candidates        a process of its own each
    saving    example-evaluations of races beside every candidate on every example, in real runs and on recorded ones
    repeats   one seed twice, and once killed five times at random moments: the same champion, the same trials

The base is the embedded model, the parents three specialists of `evolution.py`, in whose folder all of it lies. Each
piece takes some minutes, is a process of its own, and leaves a file; a call ends after --minutes and the next goes on.

    python benchmarks/evolution_cost.py --minutes 9          # again and again, until nothing is left
    python benchmarks/evolution_cost.py --quick --only growth
    python benchmarks/evolution_cost.py --table              # of what is there, else of the record

On one quiet core: specialists 5 minutes (none if `evolution.py` has trained them), growth 10, saving 30, repeats 5.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import cost_growth
import cost_repeats
import cost_saving
import evolution_ground
from cost_ground import SEED, SKILLS, CostDials, CostGround
from evolution_ground import SPECIALISTS, Dials, Ground
from evolution_pieces import Clock, MixedSettings, NotYet, OutOfTime, Piece, Pieces, Record
from record import described_run, kept_parts, write_record

from workbench.core.settings import load_settings

ROOT = Path(__file__).parents[1]
OUT = ROOT / "benchmarks/results/evolution_cost.json"
STOPPED = 75  # exit code of a piece that goes on another time
PACKAGES = ("torch", "transformers", "cmaes", "numpy")
PARTS = {"growth": cost_growth, "saving": cost_saving, "repeats": cost_repeats}
Found = Mapping[Piece, Record]
Summed = Callable[[Found, CostDials], Record | None]


def main() -> None:
    asked = arguments()
    try:
        if asked.piece:
            run_piece(asked, Piece.named(asked.piece))
            return
        if not asked.table:
            run_all(asked)
        tell(asked)
    except (MixedSettings, NotYet) as error:
        raise SystemExit(str(error)) from None


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=9.0, help="after which a call stops, to be run again")
    parser.add_argument("--only", nargs="+", choices=list(PARTS), default=list(PARTS), help="some parts")
    parser.add_argument("--quick", action="store_true", help="few candidates and examples, in a folder of their own")
    parser.add_argument("--table", action="store_true", help="measure nothing; sum up what is there")
    parser.add_argument("--folder", type=Path, default=ROOT / "var/evolution", help="of evolution.py")
    parser.add_argument("--bases", type=Path, default=load_settings().home / "bases", help="folder of base weights")
    parser.add_argument("--out", type=Path, help="JSON file; with --quick it lies in the folder")
    parser.add_argument("--piece", help=argparse.SUPPRESS)  # this process measures one
    parser.add_argument("--evolve", metavar="HOME", help=argparse.SUPPRESS)  # this process runs what may be killed
    asked = parser.parse_args()
    asked.dials = CostDials.quick() if asked.quick else CostDials()
    asked.mine = asked.folder / ("cost-quick" if asked.quick else "cost")
    asked.out = asked.out or (asked.mine / OUT.name if asked.quick else OUT)
    asked.mine.mkdir(parents=True, exist_ok=True)
    return asked


def plan(dials: CostDials, parts: Sequence[str]) -> list[Piece]:
    """The specialists, then the pieces of these parts."""
    trained = [one for one in evolution_ground.specialist_pieces([SEED]) if one.task in SKILLS]
    return [*trained, *(piece for part in parts for piece in PARTS[part].plan(dials))]


def of(asked: argparse.Namespace, piece: Piece) -> Pieces:
    """Specialists are those of `evolution.py`, all else is kept apart."""
    if piece.setting == SPECIALISTS:
        return Pieces(asked.folder, Dials().to_dict())
    return Pieces(asked.mine, asked.dials.to_dict())


def run_all(asked: argparse.Namespace) -> None:
    """One piece after another, until none is left or the minutes are over."""
    clock, wanted = Clock(asked.minutes), plan(asked.dials, asked.only)
    for done, piece in enumerate(wanted):
        if of(asked, piece).get(piece) is not None:
            continue
        if clock.minutes_left <= 0 or not apart(asked, piece, clock.minutes_left):
            print(f"out of time after {done} of {len(wanted)} pieces; run it again to go on", file=sys.stderr)
            return
        print(f"{piece.name} is measured ({done + 1} of {len(wanted)})", file=sys.stderr, flush=True)


def apart(asked: argparse.Namespace, piece: Piece, minutes: float) -> bool:
    """Measure a piece in a process of its own; whether it came to its end."""
    environment = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0", **os.environ}
    code = subprocess.run([sys.executable, *command(asked, piece, minutes)], env=environment, check=False).returncode
    if code not in (0, STOPPED):
        raise SystemExit(f"{piece.name} failed; see the lines above")
    return code == 0


def command(asked: argparse.Namespace, piece: Piece, minutes: float) -> list[str]:
    """Arguments of the process that measures a piece."""
    places = ["--folder", str(asked.folder), "--bases", str(asked.bases), *(["--quick"] if asked.quick else [])]
    return [str(Path(__file__)), "--piece", piece.name, "--minutes", str(minutes), *places]


def run_piece(asked: argparse.Namespace, piece: Piece) -> None:
    """Measure one piece in this process, or leave with STOPPED."""
    load, clock = os.getloadavg()[0], Clock(asked.minutes)
    try:
        if piece.setting == SPECIALISTS:
            school = Ground(piece, of(asked, piece), Dials(), folder=asked.folder, bases=asked.bases, clock=clock)
            record = evolution_ground.trained(school)
            school.close()
        else:
            ground = CostGround(
                piece,
                asked.dials,
                folder=asked.folder,
                mine=asked.mine,
                bases=asked.bases,
                clock=clock,
                command=command(asked, piece, asked.minutes),
            )
            if asked.evolve:
                cost_repeats.evolve(ground, asked.evolve)
                return
            record = PARTS[piece.setting].measured(ground)
    except OutOfTime:
        raise SystemExit(STOPPED) from None
    run = described_run()
    run["versions"] |= {name: version(name) for name in PACKAGES}
    run.pop("command")
    of(asked, piece).put(piece, {**record, "load_before": load, **run})


def tell(asked: argparse.Namespace) -> None:
    """Sum up every piece that is there, write the record, print the tables."""
    record = {**kept_parts(asked.out, list(PARTS)), **described_run()}
    for part in asked.only:
        pieces = PARTS[part].plan(asked.dials)
        found = {one: said for one in pieces if (said := of(asked, one).get(one)) is not None}
        if (summed := PARTS[part].summed(found, asked.dials)) is None:
            if part in record:
                print("\n".join([f"\n## {part}, as recorded\n", *PARTS[part].table(record[part])]))
            else:
                print(f"nothing of {part} is measured yet", file=sys.stderr)
            continue
        record[part] = {"complete": len(found) == len(pieces), "settings": asked.dials.to_dict(), **summed}
        record.setdefault("measured_by", {})[part] = described_run()
        print("\n".join([f"\n## {part}\n", *PARTS[part].table(summed)]))
    if not asked.table:
        write_record(asked.out, record)


if __name__ == "__main__":
    main()
