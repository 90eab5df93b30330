"""Setting 2: only a verdict is known. A checker says right or wrong of the model's own answer, and nothing else.

    fixed       base, and the specialist with the most right answers
    random      Dirichlet weights times a scale, for each third of the layers
    cma         CMA-ES over one coefficient for each specialist and third, no race
    ours        `workbench evolve --verdicts-only`: the search, what its candidates answered rightly, rounds in which
                the taught champion answers the rest, then a lesson on all right answers
    rft_base    rejection-sampling fine-tuning from the base: sample, keep what passes, train
    rft_best    the same from the best single specialist

No gold text reaches a search or a lesson: scores pass through `Score.verdicts_alone`, lessons are about answers that a
model wrote itself. That a verdict is computed by one pass over the gold answer saves time and tells nobody more: the
greedy answer is the gold one if and only if every gold token is the likeliest.

Model tokens are counted as if each text were read alone: prompt and answer of every evaluation, prompt and reply of
every answer that is written, and every token of every training step. Rejection sampling may spend as many as `ours`
did: it takes as many gradient steps, and samples 4 replies (temperature 0.8) to each prompt that has no right one yet,
round after round, until what its training needs is all that is left, or every prompt has one; its last round may go
beyond. Finding the best single specialist is free. What each row spent stands in its record.

How long on two quiet cores: see `evolution.py` for the searches; ours is as there without gold, its own answers take
seconds. A search spends 190,000 tokens (71 an evaluation of name_date), so rejection sampling writes some 1,500 replies
of up to 64 tokens where nothing passes: 22 seconds for each 16 on one busy core, in larger rounds about 7 ms a token,
so 6 to 12 minutes in one call or two. That makes 20 to 45 minutes for one composite and seed, and 6 to 13 hours for all
eighteen. The specialists are those of setting 1. Run by `evolution.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from evolution_gold import TASKS
from evolution_ground import Ground, specialist_pieces
from evolution_pieces import Piece, Record
from evolution_rows import beside, best_single, found_by, lap, searched, spent
from evolution_searches import best_of, by_fitness
from evolution_summary import Wanted

from workbench.adapters.adapter import Adapter
from workbench.adapters.bases import load_tokenizer
from workbench.adapters.rendering import render
from workbench.core.examples import Example
from workbench.evaluation.scoring import Said
from workbench.evolution.genome import Lesson
from workbench.evolution.pool import Pool
from workbench.evolution.search.cma import CmaSearch
from workbench.evolution.search.random_search import RandomSearch
from workbench.evolution.trial import Trial
from workbench.runs.materials import Materials
from workbench.runs.own_answers import own_replies
from workbench.runs.planning import chosen_parents, planned
from workbench.runs.recipe import verdicts_of
from workbench.runs.run import Run

__all__ = ["GROUPS", "NAME", "QUICK", "ROWS", "TASKS", "TAUGHT", "WANTED", "measured", "plan"]

NAME = "verdict"
QUICK = TASKS[:1]
SAMPLES, TEMPERATURE = 4, 0.8  # of rejection sampling: replies to a prompt in each round
BASE, SINGLE, RANDOM, CMA = "base", "best single", "random search", "CMA-ES"
RFT_BASE, RFT_BEST = "rejection sampling from base", "rejection sampling from best single"
MERGED, TAUGHT = "ours, search alone", "ours, search then own answers"
ROWS: tuple[str, ...] = (BASE, SINGLE, RANDOM, CMA, RFT_BASE, RFT_BEST, MERGED, TAUGHT)
WANTED: Wanted = ((TAUGHT, (BASE, SINGLE, RANDOM, CMA, RFT_BASE, RFT_BEST), 8.0),)


def plan(tasks: Sequence[str], seeds: Sequence[int], groups: Sequence[str]) -> list[Piece]:
    """Seed by seed: the specialists, then the groups in their order, since later ones need earlier ones."""
    asked = [name for name in GROUPS if name in groups]
    return [
        piece
        for seed in seeds
        for piece in (*specialist_pieces([seed]), *(Piece(NAME, task, seed, one) for task in tasks for one in asked))
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
    told = {skill: ground.told(f"single {skill}", one, ground.tune) for skill, one in ground.specialists.items()}
    best = max(told, key=lambda skill: int(told[skill]["right"]))
    single = spent(told.values(), chosen=best)
    tokens = _tokens(read=len(told) * sum(_lengths(ground)))
    return {
        BASE: ground.row(BASE, None, seconds=0.0, tokens=_tokens()),
        SINGLE: ground.row(SINGLE, ground.specialists[best], **single, tokens=tokens),
    }


def random(ground: Ground) -> Record:
    search = RandomSearch(
        tuple(ground.by_identity), groups=ground.groups.columns, size=ground.dials.size, seed=ground.piece.seed
    )
    return _plain(ground, RANDOM, search)


def cma(ground: Ground) -> Record:
    search = CmaSearch(
        tuple(ground.by_identity), groups=ground.groups.columns, size=ground.dials.size, seed=ground.piece.seed
    )
    return _plain(ground, CMA, search)


def ours(ground: Ground) -> Record:
    """A run as `workbench evolve --verdicts-only` does it, its champion as it is and after its lesson."""
    home, dials = ground.home, ground.home.settings.evolution.model_copy(update={"verdicts_only": True})
    materials = Materials.of(ground.tune, confirm=dials.confirm)
    with Run(
        home,
        ground.folder / "run",
        planned(dials, chosen_parents(home, tuple(ground.specialists), materials), materials, home.base.identity),
        materials,
    ) as run:
        while not run.is_over:
            with lap(ground):
                run.step()
        found, merged = best_of(run.trials, by_fitness), run.worker.weights(run.champion.genome)
        read = _read(ground, run.trials)
        said = ground.notes.once("own answers", lambda: _practised(ground, run))
    search = found_by(found, ground.notes.seconds)
    rows = {MERGED: ground.row(MERGED, merged, **search, tokens=_tokens(read=read))}
    taught, cost = _lesson(ground, merged, _own(ground, said), rate=ground.dials.teach_rate)
    both = {
        **search,
        "steps": cost["steps"] + said["lesson_steps"],
        "trained_tokens": cost["trained_tokens"] + said["trained_tokens"],
        "seconds": search["seconds"] + said["seconds"] + cost["seconds"],
        "peak_bytes": max(search["peak_bytes"], said["peak_bytes"], cost["peak_bytes"]),
        "own": len(_own(ground, said)),
        "tokens": _tokens(read=read, written=said["tokens"], trained=cost["trained_tokens"] + said["trained_tokens"]),
    }
    return {**rows, TAUGHT: ground.row(TAUGHT, taught, **both)}


def rft_base(ground: Ground) -> Record:
    return {RFT_BASE: _rejection_sampled(ground, RFT_BASE, None)}


def rft_best(ground: Ground) -> Record:
    return {RFT_BEST: _rejection_sampled(ground, RFT_BEST, best_single(ground, SINGLE))}


GROUPS: Mapping[str, Callable[[Ground], Record]] = {
    "fixed": fixed,
    "random": random,
    "cma": cma,
    "ours": ours,
    "rft_base": rft_base,
    "rft_best": rft_best,
}


def _plain(ground: Ground, name: str, search: RandomSearch | CmaSearch) -> Record:
    """A search that scores every candidate on every example, and is told verdicts."""
    score = verdicts_of(ground.home.scorer.score)
    rows = searched(ground, name, search, Pool(ground.by_identity, ground.groups), by_fitness, score=score)
    read = rows[name]["candidates"] * sum(_lengths(ground))
    return {name: {**rows[name], "tokens": _tokens(read=read)}}


def _rejection_sampled(ground: Ground, name: str, start: Adapter | None) -> Record:
    """Rounds of sampling within what `ours` spent, then as many steps as all its lessons have."""
    ours = ground.pieces.needed(beside(ground, "ours"))["rows"][TAUGHT]
    budget, steps = ours["tokens"]["all"], ours["steps"]
    reserved = steps * ground.dials.batch * sum(_lengths(ground)) / len(ground.tune)
    rounds: list[Record] = []
    while len(right := _places(rounds)) < len(ground.tune) and _written(rounds) + reserved < budget:
        rounds.append(_round(ground, start, len(rounds), without=right))
    adapter, cost = _lesson(ground, start, _own(ground, *rounds), steps=steps)
    return ground.row(
        name,
        adapter,
        seconds=sum(one["seconds"] for one in rounds) + cost["seconds"],
        steps=cost["steps"],
        peak_bytes=max([cost["peak_bytes"], *(one["peak_bytes"] for one in rounds)]),
        own=len(right),
        rounds=len(rounds),
        tokens=_tokens(written=_written(rounds), trained=cost["trained_tokens"]),
        equal_to={"row": TAUGHT, "tokens": budget},
    )


def _round(ground: Ground, start: Adapter | None, number: int, *, without: set[int]) -> Record:
    """A few replies to each prompt that has no right one yet."""
    ground.clock.check()
    some = [one for at, one in enumerate(ground.tune) if at not in without]
    seed = 1_000 * ground.piece.seed + number

    def sampled() -> Record:
        with ground.timed() as spending:
            said = ground.home.scorer.replies(start, some, samples=SAMPLES, temperature=TEMPERATURE, seed=seed)
        return {**_kept(said, ground.tune), **spending}

    return ground.notes.once(f"round {number}", sampled)


def _practised(ground: Ground, run: Run) -> Record:
    """Own right answers of the search and of the rounds behind it, and what these cost."""
    dials, teaching, given = ground.dials, run.worker.teaching, list[Record]()
    assert teaching is not None

    def counted(adapter: Adapter, lesson: Lesson, examples: Sequence[Example]) -> Adapter:
        mean = sum(_lengths(ground, examples)) / len(examples)
        given.append({"steps": lesson.steps, "tokens": round(lesson.steps * lesson.batch * mean)})
        return teaching.teach(adapter, lesson, examples)

    run.worker.teaching = replace(teaching, teach=counted)
    lesson = Lesson(dials.teach_steps, dials.teach_rate, dials.batch, seed=ground.piece.seed)
    with ground.timed() as spending:
        said = own_replies(run.worker, run.trials, ground.tune, ground.home.scorer, lesson=lesson)
    return {
        **_kept(said, ground.tune),
        **spending,
        "lesson_steps": sum(one["steps"] for one in given),
        "trained_tokens": sum(one["tokens"] for one in given),
    }


def _lesson(
    ground: Ground,
    start: Adapter | None,
    own: Sequence[Example],
    *,
    rate: float | None = None,
    steps: int | None = None,
) -> tuple[Adapter | None, Record]:
    """Where nothing passed there is nothing to learn from, and what was there stays as it is.

    Args:
        steps: None are those of one lesson.
    """
    if not own:
        return start, {"seconds": 0.0, "steps": 0, "peak_bytes": 0, "trained_tokens": 0}
    return ground.taught("lesson", start, steps or ground.dials.teach_steps, own, rate=rate)


def _kept(said: Sequence[Said], tune: Sequence[Example]) -> Record:
    """As plain JSON: the first right reply to each example by its place, and what all of them cost."""
    places = {one.id: at for at, one in enumerate(tune)}
    right: dict[str, str] = {}
    for one in said:
        if one.right:
            right.setdefault(str(places[one.example.id]), one.own.answer)
    return {"right": right, "replies": len(said), "tokens": sum(one.prompt_tokens + one.reply_tokens for one in said)}


def _own(ground: Ground, *kept: Mapping[str, Any]) -> tuple[Example, ...]:
    """Tune examples with a model's own words in place of the gold answer."""
    return tuple(replace(ground.tune[int(at)], answer=text) for one in kept for at, text in one["right"].items())


def _places(rounds: Sequence[Record]) -> set[int]:
    return {int(at) for one in rounds for at in one["right"]}


def _written(rounds: Sequence[Record]) -> int:
    return sum(int(one["tokens"]) for one in rounds)


def _lengths(ground: Ground, examples: Sequence[Example] | None = None) -> list[int]:
    """Tokens of each example, prompt and answer; None is the tune examples."""
    tokenizer = load_tokenizer(ground.home.base)
    return [render(one, tokenizer).length for one in (ground.tune if examples is None else examples)]


def _read(ground: Ground, trials: Sequence[Trial]) -> int:
    """Tokens of all evaluations of a raced search."""
    lengths = _lengths(ground)
    return sum(
        length for one in trials for found, length in zip(one.outcomes, lengths, strict=False) if found is not None
    )


def _tokens(*, read: int = 0, written: int = 0, trained: int = 0) -> Record:
    return {"read": read, "written": written, "trained": trained, "all": read + written + trained}
