"""The same seed twice, and a run that is killed at random moments and gone on with. Run by `evolution_cost.py`.

    first     a run, in a process of its own
    second    the same in a fresh home
    killed    the same, kill -9 after a random part of an unbroken one's time, gone on with, five times over

Compared are the champion's hash and every trial of the ledger, but for what the clock and the memory said. Each home
begins without verdicts; the killed one keeps its own.
"""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from cost_ground import SEED, TUNE_SEEDS, CostDials, CostGround, mixed
from evolution_pieces import Piece, Record

from workbench.evolution.lines import written

NAME = "repeats"
FIRST, SECOND, KILLED = "first", "second", "killed"
SIZE, GENERATIONS, EXAMPLES = 6, 3, 12
LONGEST = 0.4  # of an unbroken run's time, before a kill; loading the model is a good part of it


def plan(dials: CostDials) -> list[Piece]:
    return [Piece(NAME, "mixed", SEED, "all")]


def measured(ground: CostGround) -> Record:
    """All three; what is done is not done again."""
    first = ground.notes.once(FIRST, lambda: _unbroken(ground, FIRST))
    second = ground.notes.once(SECOND, lambda: _unbroken(ground, SECOND))
    killed = ground.notes.once(KILLED, lambda: _killed(ground, min(first["seconds"], second["seconds"])))
    ground.close(FIRST, SECOND, KILLED)
    return {FIRST: first, SECOND: second, KILLED: killed}


def evolve(ground: CostGround, home: str) -> None:
    """What the process that may be killed does."""
    with ground.begun(ground.learning(home, size=SIZE), mixed(EXAMPLES, TUNE_SEEDS)) as run:
        ground.through(run, GENERATIONS, lambda one: one.step())


def _unbroken(ground: CostGround, home: str) -> Record:
    ground.clock.check()
    ground.close(home)
    began = time.perf_counter()
    code = _process(ground, home).wait()
    assert code == 0, f"the run in {home} failed"
    return {"seconds": time.perf_counter() - began, **_told(ground, home)}


def _killed(ground: CostGround, seconds: float) -> Record:
    rng = random.Random(SEED)
    moments = [rng.uniform(0, LONGEST * seconds) for _ in range(ground.dials.kills)]
    kills = [ground.notes.once(f"kill {at}", partial(_kill, ground, one)) for at, one in enumerate(moments)]
    assert _process(ground, KILLED).wait() == 0, "the killed run did not come to its end"
    done = [one for one in kills if not one["had_ended"]]
    told = {"killed_after_s": [one["after_s"] for one in done], "trials_then": [one["trials"] for one in done]}
    return told | _told(ground, KILLED)


def _kill(ground: CostGround, moment: float) -> Record:
    """Begin or go on, and kill -9 at that moment, unless it has ended before."""
    ground.clock.check()
    process = _process(ground, KILLED)
    try:
        process.wait(moment)
    except subprocess.TimeoutExpired:
        process.kill()
    return {"after_s": moment, "had_ended": process.wait() == 0, "trials": _lines(ground)}


def _process(ground: CostGround, home: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, *ground.command, "--evolve", home])


def _lines(ground: CostGround) -> int:
    ledgers = list((ground.folder / KILLED / "runs").glob("*/trials.jsonl"))
    return max(ledgers[0].read_bytes().count(b"\n") - 1, 0) if ledgers else 0


def _told(ground: CostGround, home: str) -> Record:
    """The champion and a hash of every trial."""
    with ground.begun(ground.learning(home, size=SIZE), mixed(EXAMPLES, TUNE_SEEDS)) as run:
        lines = [written(run.plan, replace(one, seconds=0.0, peak_bytes=0)) for one in run.trials]
        digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        return {"champion": run.champion.adapter, "trials": len(lines), "ledger": digest}


def summed(found: Mapping[Piece, Record], dials: CostDials) -> Record | None:
    """What each run came to; None where nothing is there."""
    for said in found.values():
        runs = {name: said[name] for name in (FIRST, SECOND, KILLED)}
        return {
            "runs": runs,
            "same_champion": len({one["champion"] for one in runs.values()}) == 1,
            "same_trials": len({one["ledger"] for one in runs.values()}) == 1,
        }
    return None


def table(part: Mapping[str, Any]) -> list[str]:
    """In Markdown."""
    lines = ["| run | trials | champion | ledger |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {one['trials']} | {one['champion'][:12]} | {one['ledger'][:12]} |"
        for name, one in part["runs"].items()
    ]
    kills = part["runs"][KILLED]["killed_after_s"]
    return [*lines, "", f"killed after {', '.join(f'{one:.1f}' for one in kills)} s"]
