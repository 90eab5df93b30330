"""Setting 1: gold answers are known. Which rows there are, in which groups, and how each is measured.

    fixed            base, best single specialist, uniform sum at 1/n and at the best scale of a grid
    random           Dirichlet weights times a scale, for each third of the layers
    lorahub          LoraHub's way
    cma              CMA-ES over one coefficient for each specialist and third, no race
    ours             the run of `workbench evolve`, its champion as it is and after a lesson
    sft              plain fine-tuning on the same examples, from base and from the best single, steps as in the lesson
    sft_gentle       the same at the lesson's learning rate, which is below that of specialists and of all other rows;
                     for the first seed, to see whether the rate makes the difference
    time_base        fine-tuning from base, for as many seconds as search and lesson of `ours` took
    time_best        likewise from the best single

What a row is equal to stands in its record. The best single specialist is free for `time_best`: finding it costs
seconds that are not taken off its steps. Run by `evolution.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from evolution_ground import SKILLS, Ground, specialist_pieces
from evolution_pieces import Piece, Record
from evolution_rows import beside, best_single, found_by, lap, searched, spent
from evolution_searches import (
    FactorsSummed,
    LoraHubSearch,
    best_of,
    by_fitness,
    by_loss,
)
from evolution_summary import Wanted

from workbench.adapters.adapter import Adapter
from workbench.evolution.genome import Genome
from workbench.evolution.pool import Pool
from workbench.evolution.search.cma import CmaSearch
from workbench.evolution.search.random_search import RandomSearch
from workbench.runs.materials import Materials
from workbench.runs.planning import chosen_parents, planned
from workbench.runs.run import Run

NAME = "gold"
TASKS: tuple[str, ...] = (
    "name_date",
    "name_ticket",
    "reverse_capitals",
    "look_up_add",
    "look_up_capitals",
    "dated_file",
)
QUICK = TASKS[:1]
SCALES = (0.05, 0.1, 0.125, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.8, 1.0)
BASE, SINGLE, UNIFORM, TUNED = "base", "best single", "uniform sum, 1/n", "uniform sum, tuned scale"
RANDOM, LORAHUB, CMA = "random search", "LoraHub's way", "CMA-ES"
MERGED, TAUGHT = "ours, merge alone", "ours, evolve then teach"
SFT_BASE, SFT_BEST = "SFT from base, equal steps", "SFT from best single, equal steps"
GENTLE_BASE, GENTLE_BEST = "SFT from base, the lesson's rate", "SFT from best single, the lesson's rate"
TIME_BASE, TIME_BEST = "SFT from base, equal time", "SFT from best single, equal time"
ROWS: tuple[str, ...] = (
    *(BASE, SINGLE, UNIFORM, TUNED, RANDOM, LORAHUB, CMA, MERGED),
    *(SFT_BASE, SFT_BEST, GENTLE_BASE, GENTLE_BEST, TIME_BASE, TIME_BEST, TAUGHT),
)
MERGES = (RANDOM, TUNED, LORAHUB)  # that our merge must beat
ASIDE = ("sft_gentle",)  # groups of the first seed alone
WANTED: Wanted = (  # a row, what it is compared with, points it should be ahead
    (TAUGHT, (SFT_BASE,), 10.0),
    (TAUGHT, (TIME_BASE,), 4.0),
    (MERGED, MERGES, 8.0),
)


def plan(tasks: Sequence[str], seeds: Sequence[int], groups: Sequence[str]) -> list[Piece]:
    """Seed by seed: the specialists, then the groups in their order, since later ones need earlier ones."""
    asked = [name for name in GROUPS if name in groups]
    return [
        piece
        for seed in seeds
        for piece in (*specialist_pieces([seed]), *(Piece(NAME, task, seed, one) for task in tasks for one in asked))
        if piece.group not in ASIDE or piece.seed == seeds[0]
    ]


def whole_with(piece: Piece) -> Sequence[Piece]:
    """A task and seed is whole in itself, and each of its pieces stays."""
    return [piece]


def measured(ground: Ground) -> Record:
    """The record of a piece."""
    ground.load()
    rows = GROUPS[ground.piece.group](ground)
    return {"data": ground.data, "rows": rows}


def fixed(ground: Ground) -> Record:
    """What needs no search, or one over a single number."""
    pool = Pool(ground.by_identity, ground.groups)
    told = {skill: ground.told(f"single {skill}", one, ground.tune) for skill, one in ground.specialists.items()}
    best = max(told, key=lambda skill: float(told[skill]["value"]))
    single = spent(told.values(), chosen=best)
    at = {scale: ground.told(f"scale {scale}", _uniform(pool, scale), ground.tune) for scale in SCALES}
    tuned = max(at, key=lambda scale: float(at[scale]["value"]))
    return {
        BASE: ground.row(BASE, None, seconds=0.0),
        SINGLE: ground.row(SINGLE, ground.specialists[best], **single),
        UNIFORM: ground.row(UNIFORM, _uniform(pool, 1 / len(SKILLS)), seconds=0.0, chosen=1 / len(SKILLS)),
        TUNED: ground.row(TUNED, _uniform(pool, tuned), **spent(at.values(), chosen=tuned)),
    }


def random(ground: Ground) -> Record:
    search = RandomSearch(
        tuple(ground.by_identity), groups=ground.groups.columns, size=ground.dials.size, seed=ground.piece.seed
    )
    return searched(ground, RANDOM, search, Pool(ground.by_identity, ground.groups), by_fitness)


def cma(ground: Ground) -> Record:
    search = CmaSearch(
        tuple(ground.by_identity), groups=ground.groups.columns, size=ground.dials.size, seed=ground.piece.seed
    )
    return searched(ground, CMA, search, Pool(ground.by_identity, ground.groups), by_fitness)


def lorahub(ground: Ground) -> Record:
    search = LoraHubSearch(tuple(ground.by_identity), size=ground.dials.size, seed=ground.piece.seed)
    return searched(ground, LORAHUB, search, FactorsSummed(ground.by_identity, ground.groups), by_loss)


def ours(ground: Ground) -> Record:
    """A run as `workbench evolve` does it, then the lesson that it gives its champion."""
    home, dials = ground.home, ground.dials
    materials = Materials.of(ground.tune, confirm=home.settings.evolution.confirm)
    parents = chosen_parents(home, SKILLS, materials)
    plan = planned(home.settings.evolution, parents, materials, home.base.identity)
    with Run(home, ground.folder / "run", plan, materials) as run:
        while not run.is_over:
            with lap(ground):
                run.step()
        best = best_of(run.trials, by_fitness)
        merged = run.worker.weights(run.champion.genome)
    search = ground.notes.seconds
    found = found_by(best, search)
    taught, lesson = ground.taught("lesson", merged, dials.teach_steps, rate=dials.teach_rate)
    both = {
        **found,
        "seconds": search + lesson["seconds"],
        "lesson_seconds": lesson["seconds"],
        "steps": lesson["steps"],
        "peak_bytes": max(best.peak_bytes, lesson["peak_bytes"]),
    }
    return {MERGED: ground.row(MERGED, merged, **found), TAUGHT: ground.row(TAUGHT, taught, **both)}


def sft(ground: Ground) -> Record:
    """Plain fine-tuning on the tune examples."""
    starts = {SFT_BASE: None, SFT_BEST: best_single(ground, SINGLE)}
    return {name: _fine_tuned(ground, name, start, ground.dials.teach_steps) for name, start in starts.items()}


def sft_gentle(ground: Ground) -> Record:
    """At the learning rate of our lesson: is it the rate?"""
    starts = {GENTLE_BASE: None, GENTLE_BEST: best_single(ground, SINGLE)}
    steps, rate = ground.dials.teach_steps, ground.dials.teach_rate
    return {name: _fine_tuned(ground, name, start, steps, rate=rate) for name, start in starts.items()}


def time_base(ground: Ground) -> Record:
    return {TIME_BASE: _as_long(ground, TIME_BASE, None, SFT_BASE)}


def time_best(ground: Ground) -> Record:
    return {TIME_BEST: _as_long(ground, TIME_BEST, best_single(ground, SINGLE), SFT_BEST)}


GROUPS: Mapping[str, Callable[[Ground], Record]] = {
    "fixed": fixed,
    "random": random,
    "lorahub": lorahub,
    "cma": cma,
    "ours": ours,
    "sft": sft,
    "sft_gentle": sft_gentle,
    "time_base": time_base,
    "time_best": time_best,
}


def _fine_tuned(
    ground: Ground, name: str, start: Adapter | None, steps: int, *, rate: float | None = None, **said: Any
) -> Record:
    folder = "".join(each if each.isalnum() else "_" for each in name)
    adapter, cost = ground.taught(folder, start, steps, rate=rate)
    return ground.row(name, adapter, **cost, **said)


def _as_long(ground: Ground, name: str, start: Adapter | None, like: str) -> Record:
    """As many steps as fit into the seconds of `ours`, at the speed of the run at equal steps."""
    ours, equal = (ground.pieces.needed(beside(ground, group)) for group in ("ours", "sft"))
    seconds, known = ours["rows"][TAUGHT]["seconds"], equal["rows"][like]
    step_seconds = known["seconds"] / known["steps"]
    steps = max(ground.dials.teach_steps, int(seconds / step_seconds))
    equal_to = {"row": TAUGHT, "seconds": seconds, "step_seconds": step_seconds}
    return _fine_tuned(ground, name, start, steps, equal_to=equal_to)


def _uniform(pool: Pool, scale: float) -> Adapter:
    parents = tuple(pool.adapters)
    return pool.expressed(Genome(parents, ((scale,),) * len(parents)))
