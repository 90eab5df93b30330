"""How many example-evaluations races save, beside every candidate on every example. Run by `evolution_cost.py`.

    recorded   a run of CMA-ES in which nobody is stopped: every candidate on every tune example, the real model
    keep3      the same run as the workbench does it: races, settled items last, the three best scored on everything
    keep1      the same, the best one alone
    replayed   on the recorded outcomes other settings are tried by arithmetic (`cost_replay.py`)

keep3 and keep1 are real runs that go their own way after the first stop, since a search is told another order; in the
replay every way sees the same candidates. Each champion of a real run answers the same unseen examples. The runs share
their verdicts, to spare this benchmark time: what a race asked for counts all the same, and no seconds are reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import cost_replay
from cost_ground import SEED, TUNE_SEEDS, UNSEEN_SEEDS, CostDials, CostGround, mixed
from evolution_pieces import Piece, Record

from workbench.evaluation.intervals import wilson_interval
from workbench.runs import Run

NAME = "saving"
RECORDED, THREE, ONE, REPLAYED = "recorded", "keep3", "keep1", "replayed"


def plan(dials: CostDials) -> list[Piece]:
    return [Piece(NAME, "mixed", SEED, group) for group in (RECORDED, THREE, ONE, REPLAYED)]


def measured(ground: CostGround) -> Record:
    """A real run with its champion on unseen examples, or the replay of the recorded one."""
    if ground.piece.group != REPLAYED:
        return _run(ground)
    recorded = ground.beside(replace(ground.piece, group=RECORDED))
    return {"replayed": cost_replay.replayed(recorded["outcomes"], ground.dials.repeats)}


def _run(ground: CostGround) -> Record:
    dials = ground.dials
    tune = mixed(dials.tune, TUNE_SEEDS)
    keep = {RECORDED: dials.size, THREE: 3, ONE: 1}[ground.piece.group]
    learning = ground.learning("../saving", size=dials.size, keep=keep)
    with ground.begun(learning, tune) as run:
        ground.through(run, dials.rounds, lambda one: _step(ground, one))
        unseen = mixed(dials.unseen, UNSEEN_SEEDS, frozenset(one.id for one in tune))
        best = run.champion
        score = learning.scorer.score(run.worker.weights(best.genome), unseen, on_progress=ground.clock.check)
        trials = run.trials
    return {
        "champion": {"trial": best.number, "adapter": best.adapter, "share": best.fitness.share if best.fitness else 0},
        "evaluations": sum(one.evaluations for one in trials),
        "whole": len(trials) * len(tune),
        "stopped": sum(one.stopped for one in trials),
        "unseen": {"right": score.correct, "n": score.total, "verdicts": [one.right for one in score.outcomes]},
        "outcomes": _outcomes(trials) if ground.piece.group == RECORDED else None,
    }


def _step(ground: CostGround, run: Run) -> None:
    run.step(on_progress=ground.clock.check)


def _outcomes(trials: Any) -> list[list[list[float]]]:
    """By generation, candidate, item."""
    generations: dict[int, list[list[float]]] = {}
    for one in trials:
        if one.fitness is not None:
            generations.setdefault(one.generation, []).append([round(float(each), 6) for each in one.outcomes])
    return list(generations.values())


def summed(found: Mapping[Piece, Record], dials: CostDials) -> Record | None:
    """The real runs, and what other settings would have spent on the recorded one."""
    if not found:
        return None
    groups = {piece.group: said for piece, said in found.items()}
    replayed = groups.pop(REPLAYED, {}).get("replayed", [])
    runs = {name: _row(said, groups.get(RECORDED)) for name, said in groups.items()}
    return {"runs": runs, "replayed": replayed}


def _row(said: Mapping[str, Any], recorded: Mapping[str, Any] | None) -> Record:
    unseen = said["unseen"]
    low, high = wilson_interval(unseen["right"], unseen["n"])
    return {
        **{name: said[name] for name in ("evaluations", "whole", "stopped")},
        "fewer": said["whole"] / said["evaluations"],
        "tune_share": said["champion"]["share"],
        "unseen": {"right": unseen["right"], "n": unseen["n"], "low": low, "high": high},
        "behind_points": None if recorded is None else _behind(unseen, recorded["unseen"]),
        "same_champion": None if recorded is None else said["champion"]["adapter"] == recorded["champion"]["adapter"],
    }


def _behind(unseen: Mapping[str, Any], recorded: Mapping[str, Any]) -> Record:
    """Of the fully scored champion, in points over the same examples; the interval is of the paired differences."""
    from evolution_summary import bootstrap

    ahead = [
        100 * (int(theirs) - int(ours)) for theirs, ours in zip(recorded["verdicts"], unseen["verdicts"], strict=True)
    ]
    low, high = bootstrap(ahead)
    return {"points": sum(ahead) / len(ahead), "low": low, "high": high}


def table(part: Mapping[str, Any]) -> list[str]:
    """In Markdown."""
    lines = ["| run | evaluations | of | fewer | unseen | behind, points (95 %) |", "|---|---|---|---|---|---|"]
    for name, row in part["runs"].items():
        unseen, behind = row["unseen"], row["behind_points"]
        said = f"{behind['points']:+.1f} ({behind['low']:+.1f} to {behind['high']:+.1f})" if behind else "–"
        lines.append(
            f"| {name} | {row['evaluations']:,} | {row['whole']:,} | {row['fewer']:.1f} × | "
            f"{unseen['right']} of {unseen['n']} | {said} |"
        )
    return [*lines, "", *cost_replay.table(part["replayed"])]
