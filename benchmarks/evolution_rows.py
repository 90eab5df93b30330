"""What the settings share beside the ground: a plain search and its row, what was spent, pieces beside this one.

    search, pool, score ─► plainly, generation by generation ─► the best candidate ─► a row

Which rows there are, each setting says. Run by `evolution.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from evolution_ground import Ground
from evolution_pieces import Piece, Record
from evolution_searches import Best, Value, best_of, plainly, plan_of

from workbench.adapters.adapter import Adapter
from workbench.evolution.genome import to_dict
from workbench.evolution.pool import Pool
from workbench.evolution.search import Search
from workbench.evolution.worker import ScoreThem, Worker


def searched(
    ground: Ground, name: str, search: Search, pool: Pool, value: Value, *, score: ScoreThem | None = None
) -> Record:
    """A plain search and its row.

    Args:
        score: what it learns of a candidate; None is all that the scorer says.
    """
    plan = plan_of(
        ground.piece.group, tuple(ground.by_identity), ground.tune, ground.piece.seed, ground.dials.evaluations
    )
    worker = Worker(pool, score or ground.home.scorer.score)
    trials = plainly(search, worker, ground.tune, plan=plan, folder=ground.folder / "run", lap=lambda: lap(ground))
    best = best_of(trials, value)
    return {name: ground.row(name, worker.weights(best.trial.genome), **found_by(best, ground.notes.seconds))}


@contextmanager
def lap(ground: Ground) -> Iterator[None]:
    """One generation, timed, if there are minutes left.

    Raises:
        OutOfTime: there are none.
    """
    ground.clock.check()
    with ground.notes.lap():
        yield


def found_by(best: Best, seconds: float) -> Record:
    """What a search says beside the score of its best."""
    return {
        "seconds": seconds,
        "candidates": best.candidates,
        "evaluations": best.evaluations,
        "peak_bytes": best.peak_bytes,
        "genome": to_dict(best.trial.genome),
    }


def spent(told: Iterable[Mapping[str, Any]], *, chosen: object) -> Record:
    """Of a choice among things that were measured one by one."""
    some = list(told)
    return {
        "seconds": sum(one["seconds"] for one in some),
        "evaluations": sum(one["n"] for one in some),
        "chosen": chosen,
    }


def beside(ground: Ground, group: str) -> Piece:
    """Another group of the same setting, task and seed."""
    return Piece(ground.piece.setting, ground.piece.task, ground.piece.seed, group)


def best_single(ground: Ground, name: str) -> Adapter:
    """The specialist that the row of this name chose in the group `fixed`."""
    found = ground.pieces.needed(beside(ground, "fixed"))
    return ground.specialists[found["rows"][name]["chosen"]]
