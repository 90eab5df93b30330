"""Seconds and peak memory of a generation, by how many candidates it has. Run by `evolution_cost.py`.

    for each size, a process of its own:   parents (not counted) ─► generation ─► generation ─► …      CMA-ES, races
    log seconds = a + slope · log size                      a slope of 1 is linear; below, better

Seconds are of the processor, so that other programs do not count, and of the clock beside them. The peak is of resident
memory, with the base in it. No verdict is cached.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from statistics import linear_regression, median
from typing import Any

from cost_ground import SEED, TUNE_SEEDS, CostDials, CostGround, mixed
from evolution_pieces import Piece, Record

from workbench.adapters.training.gauge import Gauge
from workbench.runs import Run

NAME = "growth"
MEASURED = ("processor_s", "clock_s", "peak_bytes")


def plan(dials: CostDials) -> list[Piece]:
    return [Piece(NAME, "mixed", SEED, str(size)) for size in dials.sizes]


def measured(ground: CostGround) -> Record:
    """One size."""
    learning = ground.learning(cached=False, size=int(ground.piece.group))
    tune = mixed(ground.dials.few, TUNE_SEEDS)
    learning.scorer.score(None, tune[:1])  # loads the base
    with Gauge() as gauge:
        pass
    with ground.begun(learning, tune) as run:
        ground.through(run, ground.dials.generations, lambda one: _generation(ground, one))
        size_bytes = max(one.fitness.size_bytes for one in run.trials if one.fitness is not None)
    numbers = range(1, ground.dials.generations + 1)
    told = [ground.notes.once(f"generation {number}", dict) for number in numbers]  # empty: killed before it was noted
    ground.close("home")
    laps = [one for one in told if one]
    return {"begun_bytes": gauge.peak_bytes, "adapter_bytes": size_bytes, "generations": laps}


def _generation(ground: CostGround, run: Run) -> None:
    number = run.trials[-1].generation + 1 if run.trials else 0
    ground.notes.once(f"generation {number}", lambda: _timed(run))


def _timed(run: Run) -> Record:
    clock, processor = time.perf_counter(), time.process_time()
    trials = run.step()
    return {
        "processor_s": time.process_time() - processor,
        "clock_s": time.perf_counter() - clock,
        "peak_bytes": max(one.peak_bytes for one in trials),
        "evaluations": sum(one.evaluations for one in trials),
        "candidates": len(trials),
        "stopped": sum(one.stopped for one in trials),
    }


def summed(found: Mapping[Piece, Record], dials: CostDials) -> Record | None:
    """Medians by size, and the slopes; None where nothing is there."""
    if not found:
        return None
    sizes = {int(piece.group): said for piece, said in found.items()}
    rows = {str(size): _row(said) for size, said in sorted(sizes.items())}
    slopes = {name: slope([(int(size), row[name]) for size, row in rows.items()]) for name in MEASURED}
    return {"rows": rows, "slopes": slopes}


def _row(said: Mapping[str, Any]) -> Record:
    laps = said["generations"]
    row: Record = {
        name: median(one[name] for one in laps) for name in (*MEASURED, "candidates", "evaluations", "stopped")
    }
    spread = [one["processor_s"] for one in laps]
    return {
        **row,
        "processor_s_range": [min(spread), max(spread)],
        "begun_bytes": said["begun_bytes"],
        "adapter_bytes": said["adapter_bytes"],
        "load_before": said["load_before"],
    }


def slope(points: Sequence[tuple[float, float]]) -> float | None:
    """Of log y over log x by least squares; None of fewer than two points.

    >>> round(slope([(8, 24.0), (16, 48.0), (32, 96.0)]), 3)
    1.0
    """
    if len(points) < 2:
        return None
    return linear_regression([math.log(x) for x, _ in points], [math.log(y) for _, y in points]).slope


def table(part: Mapping[str, Any]) -> list[str]:
    """In Markdown."""
    lines = ["| candidates | processor s | clock s | peak GiB | evaluations | stopped |", "|---|---|---|---|---|---|"]
    for row in part["rows"].values():
        lines.append(
            f"| {row['candidates']:.0f} | {row['processor_s']:.1f} | {row['clock_s']:.1f} "
            f"| {row['peak_bytes'] / 2**30:.2f} | {row['evaluations']:.0f} | {row['stopped']:.0f} |"
        )
    shown = ", ".join(f"{name} {one:.2f}" for name, one in part["slopes"].items() if one is not None)
    return [*lines, "", f"slopes (log-log): {shown or 'one size alone has none'}"]
