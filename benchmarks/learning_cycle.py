"""Does an agent that people use, rate and correct get better, day after day, and by what?

    twelve days, ten tasks that come one after another, simulated people, five arms (`learning_users`, `learning_days`)
    supervised   one adapter trained on the right answers to everything that was asked, whether rated or not

A piece is one day of one arm. Days of an arm follow each other; arms and seeds are independent. A call ends after
--minutes and the next one goes on, in the middle of a day if need be. The files of an arm that has come to its last day
are part of the repository (`benchmarks/results/learning/`), so another machine goes on with other arms and seeds.

    python benchmarks/learning_cycle.py --minutes 9          # again and again, until nothing is left
    python benchmarks/learning_cycle.py --quick              # one seed, three days, the arm `both`
    python benchmarks/learning_cycle.py --table              # of what is there

The score of a day is the mean over all ten tasks, those to come included, so it can only rise as tasks come; where an
arm has memory and adapters it is given without memory, too. Its interval is a bootstrap of two levels: seeds, and the
held-out questions of each. Backward transfer is the mean over tasks of the last day's score minus that of the evening
the task was first learned: the first deployment since it came, or the day it came where nothing was deployed since. A
deployment is harmful where the mean over the tasks that had come before that day, without memory, fell by more than a
point; what the newest task gained does not count.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import Any

from evolution_pieces import Clock, OutOfTime, Piece, Pieces, Record
from evolution_summary import RESAMPLES
from learning_days import ARMS, HONEST, LEARNING, POISONED, REMEMBERING, Day, Dials
from learning_users import POISONED_FROM, TASKS, held_out, stream
from record import described_run, kept_parts, write_record

from workbench.core.settings import load_settings

ROOT = Path(__file__).parents[1]
OUT, KEPT = ROOT / "benchmarks/results/learning_cycle.json", ROOT / "benchmarks/results/learning"
FOLDER = ROOT / "var/learning"
NAME, SUPERVISED = "learning", "supervised"
SEEDS = (0, 1, 2)
USUAL = Dials()
STOPPED = 75
TAKEN_OVER = "taken-over"  # marks a home


def main() -> None:
    asked = arguments()
    pieces = Pieces(asked.folder, asked.dials.to_dict(), kept=KEPT if asked.folder == FOLDER else None)
    if asked.piece:
        measure(asked, pieces, Piece.named(asked.piece))
        return
    if not asked.table:
        run_all(asked, pieces)
    tell(asked, pieces)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=9.0, help="after which a call stops, to be run again")
    parser.add_argument("--quick", action="store_true", help="one seed, three days, one arm")
    parser.add_argument("--table", action="store_true", help="measure nothing; sum up what is there")
    parser.add_argument("--arms", nargs="+", choices=(*ARMS, SUPERVISED), default=[*ARMS, SUPERVISED])
    parser.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS))
    parser.add_argument("--days", type=int, default=USUAL.days)
    parser.add_argument("--per-day", type=int, default=USUAL.per_day, help="questions")
    parser.add_argument("--held", type=int, default=USUAL.held, help="held-out examples of each task")
    parser.add_argument("--folder", type=Path, help="for pieces and homes")
    parser.add_argument("--bases", type=Path, default=load_settings().home / "bases", help="folder of base weights")
    parser.add_argument("--out", type=Path, default=OUT, help="JSON file")
    parser.add_argument("--piece", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.quick:
        asked.arms, asked.seeds, asked.days = ["both"], asked.seeds[:1], min(asked.days, 3)
    asked.dials = replace(USUAL, days=asked.days, per_day=asked.per_day, held=asked.held)
    usual = asked.dials == USUAL
    asked.folder = asked.folder or (FOLDER if usual else ROOT / "var/learning-trial")
    asked.out = asked.out if usual else asked.folder / OUT.name
    asked.folder.mkdir(parents=True, exist_ok=True)
    return asked


def plan(asked: argparse.Namespace) -> Iterator[Piece]:
    """Seed by seed, arm by arm, each arm's days in their order."""
    for seed in asked.seeds:
        for arm in asked.arms:
            yield from of_arm(arm, seed, asked.dials)


def of_arm(arm: str, seed: int, dials: Dials) -> list[Piece]:
    """The pieces of one arm."""
    return [Piece(NAME, arm, seed, str(day)) for day in range(1 if arm == SUPERVISED else dials.days)]


def run_all(asked: argparse.Namespace, pieces: Pieces) -> None:
    """One piece after another, until none is left or the minutes are over."""
    clock, wanted = Clock(asked.minutes), list(plan(asked))
    for done, piece in enumerate(wanted):
        if pieces.get(piece) is None:
            if clock.minutes_left <= 0 or not apart(asked, piece, clock.minutes_left):
                print(f"out of time after {done} of {len(wanted)} pieces; run it again to go on", file=sys.stderr)
                return
            print(f"{piece.name} is measured ({done + 1} of {len(wanted)})", file=sys.stderr, flush=True)
        if (lived := of_arm(piece.task, piece.seed, asked.dials))[-1] == piece:
            pieces.settle(lived)


def apart(asked: argparse.Namespace, piece: Piece, minutes: float) -> bool:
    """Measure a piece in a process of its own; whether it came to its end."""
    command = [sys.executable, str(Path(__file__)), "--piece", piece.name, "--minutes", str(minutes)]
    for name in ("folder", "bases", "days", "per_day", "held"):
        command += [f"--{name.replace('_', '-')}", str(getattr(asked, name))]
    environment = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0", **os.environ}
    code = subprocess.run(command, env=environment, check=False).returncode
    if code not in (0, STOPPED):
        raise SystemExit(f"{piece.name} failed; see the lines above")
    return code == 0


def measure(asked: argparse.Namespace, pieces: Pieces, piece: Piece) -> None:
    """Measure one piece in this process, or leave with STOPPED."""
    clock = Clock(asked.minutes)
    home = asked.folder / f"{piece.task}-{piece.seed}"
    try:
        if piece.task == SUPERVISED:
            record = supervised(piece.seed, asked.dials, home, asked.bases, clock)
        else:
            record = taken_over(asked, pieces, piece, home) or lived(asked, piece, home, clock)
    except OutOfTime:
        raise SystemExit(STOPPED) from None
    pieces.put(piece, {**record, **described_run()})


def lived(asked: argparse.Namespace, piece: Piece, home: Path, clock: Clock) -> Record:
    """The record of a day; the home of `both` is kept as it was before feedback turns bad in the poisoned stream."""
    day = int(piece.group)
    record = asyncio.run(Day(piece.task, piece.seed, day, asked.dials, home, asked.bases, clock).lived())
    if (piece.task, day) == (HONEST, POISONED_FROM - 1):
        copied(home, asked.folder / f"honest-{piece.seed}")
    return record


def copied(home: Path, to: Path, *, mark: str | None = None) -> None:
    """Whole or not at all, in place of what is there."""
    part = to.with_suffix(".part")
    for old in (part, to):
        shutil.rmtree(old, ignore_errors=True)
    shutil.copytree(home, part)
    if mark is not None:
        (part / mark).touch()
    part.rename(to)


def taken_over(asked: argparse.Namespace, pieces: Pieces, piece: Piece, home: Path) -> Record | None:
    """Until it turns, the poisoned stream is `both`: where that was lived here, days and home are taken over."""
    honest = asked.folder / f"honest-{piece.seed}"
    if piece.task != POISONED or int(piece.group) >= POISONED_FROM or not honest.exists():
        return None
    if not home.exists():
        copied(honest, home, mark=TAKEN_OVER)
    if not (home / TAKEN_OVER).exists():
        return None  # it has lived days of its own
    honest_day = pieces.needed(replace(piece, task=HONEST))
    return {name: said for name, said in honest_day.items() if name not in ("piece", "settings")}


def supervised(seed: int, dials: Dials, home: Path, bases: Path, clock: Clock) -> Record:
    """One adapter trained on the right answers to everything that is asked in all days."""
    from workbench.learning import Learning

    steps = dials.supervised_steps
    given = {"home": str(home), "training.bases_folder": str(bases), "training.steps": steps}
    learning = Learning(load_settings(overrides=given))
    asked = [one for day in stream(seed, days=dials.days, per_day=dials.per_day, held=dials.held) for one in day]
    there = [one for one in learning.shelf.list() if one.name == SUPERVISED]
    if not there:
        learning.train(asked, SUPERVISED, on_progress=clock.check)
    held = held_out(seed, dials.held)
    return {"steps": steps, "weights": {task: learning.score(some, SUPERVISED).correct for task, some in held.items()}}


def tell(asked: argparse.Namespace, pieces: Pieces) -> None:
    """Sum up every piece that is there, write the record, print the table; other arms stay as they were recorded."""
    found = pieces.all(plan(asked))
    if not found:
        print("nothing is measured yet", file=sys.stderr)
        return
    summary, run = summed(found, asked.dials), described_run()
    if not asked.table:
        earlier = kept_parts(asked.out, ["arms"])
        arms = earlier.get("arms", {}) | summary["arms"]
        by = earlier.get("measured_by", {}) | dict.fromkeys(summary["arms"], run)
        summary = {"arms": {name: arms[name] for name in (*ARMS, SUPERVISED) if name in arms}}
        write_record(asked.out, {**run, "measured_by": by, "settings": asked.dials.to_dict(), **summary})
    print("\n".join(table(summary)))


def summed(found: Mapping[Piece, Record], dials: Dials) -> Record:
    """Everything that the table says."""
    arms: dict[str, Any] = {}
    for arm in dict.fromkeys(piece.task for piece in found):
        by_seed: dict[int, list[Record]] = {}
        for piece, record in sorted(found.items(), key=lambda each: int(each[0].group)):
            if piece.task == arm:
                by_seed.setdefault(piece.seed, []).append(record)
        arms[arm] = _arm(arm, by_seed, dials)
    return {"arms": arms}


def _arm(arm: str, by_seed: Mapping[int, Sequence[Record]], dials: Dials) -> Record:
    days = max(map(len, by_seed.values()))
    by_seed = {seed: records for seed, records in by_seed.items() if len(records) == days}  # others are on their way
    evenings = [[records[day] for records in by_seed.values()] for day in range(days)]
    told: Record = {"seeds": len(by_seed), "days": [_score([_rights(one) for one in some], dials) for some in evenings]}
    if arm == SUPERVISED:
        return told
    if arm in LEARNING & REMEMBERING:
        told["days_without_memory"] = [_score([one["weights"] for one in some], dials) for some in evenings]
    told["backward_transfer_points"] = fmean(_backward(records, dials) for records in by_seed.values())
    told["deployments"] = sum(one["deployed"] for records in by_seed.values() for one in records)
    told["harmful"] = sum(_harms(records, dials) for records in by_seed.values())
    if any("left_out" in one for some in by_seed.values() for one in some):
        told["left_out"] = _left_out(by_seed.values())
    told["sentences"] = [one["cycle"]["sentence"] for some in by_seed.values() for one in some if one["cycle"]]
    return told


def _left_out(by_seed: Iterable[Sequence[Record]]) -> Record:
    """By the last cycle of each seed that was judged, since each looks at all that there is anew."""
    last = [[one["left_out"] for one in some if one.get("left_out") and one["cycle"]["decision"]] for some in by_seed]
    return {kind: sum(some[-1][kind] for some in last if some) for kind in ("right", "wrong")}


def _rights(record: Record) -> Mapping[str, int]:
    """With memory where the arm has it."""
    found: Mapping[str, int] = record.get("with_memory") or record["weights"]
    return found


def _score(seeds: Sequence[Mapping[str, int]], dials: Dials) -> Record:
    """The mean share right, and the middle 95 % of what other seeds and other questions might have given."""
    import numpy as np

    shares = np.asarray([[rights[task] / dials.held for task in TASKS] for rights in seeds])
    rng = np.random.default_rng(0)
    drawn = shares[rng.integers(len(shares), size=(RESAMPLES, len(shares)))]
    means = (rng.binomial(dials.held, drawn) / dials.held).mean(axis=(1, 2))
    return {"mean": float(shares.mean()), "interval_95": [float(edge) for edge in np.quantile(means, (0.025, 0.975))]}


def _backward(records: Sequence[Record], dials: Dials) -> float:
    """In points; of the tasks that were learned before the last day."""
    learned = {task: _learned_on(records, max(0, place - 1)) for place, task in enumerate(TASKS)}
    old = [task for task, day in learned.items() if day < len(records) - 1]
    if not old:
        return 0.0
    return 100 * fmean((_rights(records[-1])[one] - _rights(records[learned[one]])[one]) / dials.held for one in old)


def _learned_on(records: Sequence[Record], came: int) -> int:
    return next((day for day in range(came, len(records)) if records[day]["deployed"]), came)


def _harms(records: Sequence[Record], dials: Dials) -> int:
    harms = 0
    for day, (before, after) in enumerate(pairwise(records), start=1):
        tasks = TASKS[: day + 1]
        fell = fmean((before["weights"][one] - after["weights"][one]) / dials.held for one in tasks)
        harms += after["deployed"] and fell > 0.01  # without memory, which changes from day to day by itself
    return harms


def table(summary: Record) -> Iterator[str]:
    """Markdown: an arm a row, a day a column."""
    arms = summary["arms"]
    days = max(len(one["days"]) for one in arms.values())
    yield (
        "| arm | " + " | ".join(f"day {day + 1}" for day in range(days)) + " | backward transfer | deployed | harmful |"
    )
    yield "|" + "---|" * (days + 4)
    for arm, one in arms.items():
        cells = [f"{100 * day['mean']:.0f}" for day in one["days"]]
        left = [""] * (days - len(cells))
        cells = [*left, *cells] if arm == SUPERVISED else [*cells, *left]  # it has learned from all days
        transfer = f"{one['backward_transfer_points']:+.1f}" if "backward_transfer_points" in one else ""
        yield f"| {arm} | {' | '.join(cells)} | {transfer} | {one.get('deployments', '')} | {one.get('harmful', '')} |"
        if "days_without_memory" in one:
            cells = [f"{100 * day['mean']:.0f}" for day in one["days_without_memory"]]
            yield f"| {arm}, asked without memory | {' | '.join([*cells, *left])} | | | |"


if __name__ == "__main__":
    main()
