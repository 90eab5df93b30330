"""Setting 3: keep what it knew. Ten tasks, learned one after another by one agent; each seed has an order of its own.

    task 1 ─► step ─► task 2 ─► step ─► … ─► task 10 ─► step ─► the end: every task is asked again

    alone      one adapter for each task, under a router that is never wrong            (bounds from above)
    joint      one adapter for all tasks at once, as many steps as all the others together
    naive      (a) plain fine-tuning goes on with the next task
    half       (a) the same, and each time half of the step is taken back
    guard      (a) ours, nothing kept: the step is short where earlier tasks' inputs point (`evolution_guard.py`); how
               short, 32 examples of the new task say: the shortest that costs at most one of their right answers
    replay     (b) fine-tuning, half of each step on the next task, half on 16 stored examples of each earlier one, as
               often as need be (Chaudhry et al. 2019, arXiv 1902.10486)
    evolve     (b) ours, 16 kept: the same with 12 of the 16, and 4 are held; the sums of `guard` make spared versions
               of the step; then evolution between what was before, the step and those, for each third of the layers,
               with the tune and the held examples

`way` picks between the last of (a) and the last of (b) by what is stored, as a cycle of `workbench learn` replays what
lies beside the adapters and has nothing to replay in an encrypted home. That cycle, too, goes on with the agent's
adapter, and mixes it with all of the shelf; it has no `guard`.

Every step has equally many gradient steps and is cut to rank 16, in all rows; the first task has nothing to keep and is
that of `alone`. Backward transfer is the mean over tasks of the score at the end minus the score right after learning,
in points. Tasks of one stream are pieces that follow on one another, so only the number of --tasks counts: the first so
many of the seed's order.

How long on one core that multiplies bf16, of two, the other one busy: a step with its 100 unseen examples 1 to 2
minutes, with its guard (sums over 128 examples, four lengths tried) 2 to 3, so 15 to 20 minutes for `alone`, `naive`,
`half` and `replay` each and 25 for `guard`; `evolve` and `joint` longer. Two to three hours for a seed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import cycle, islice

from evolution_ground import Ground
from evolution_guard import Moments, added, guarded
from evolution_pieces import Piece, Record
from evolution_rows import lap
from evolution_searches import best_of, by_fitness
from evolution_stream import AFTER, Stream, order
from evolution_summary import Wanted

from workbench.adapters.adapter import Adapter
from workbench.adapters.merging import kept, linear, truncated
from workbench.core.examples import Example
from workbench.evolution.genome import to_dict
from workbench.runs.materials import Materials
from workbench.runs.planning import planned
from workbench.runs.run import Run

NAME = "keep"
TASKS: tuple[str, ...] = (
    *("person_city", "iso_date", "ticket", "reverse_words", "capitals", "look_up", "snake_case"),
    *("name_date", "reverse_capitals", "dated_file"),
)
QUICK = TASKS[:3]
STORED, HELD = 16, 4  # examples of a task that (b) may keep, and how many of them the search holds
STRENGTHS = (0.25, 1.0, 4.0, 16.0)
SPARED = (1.0, 4.0)  # strengths of the versions that a search mixes
LOST = 1  # right answers of the tune examples that sparing may cost
GENERATIONS = 2  # of a step's search, behind what it begins with
ORACLE, JOINT = "one adapter per task, oracle router", "joint training"
NAIVE, HALF, GUARD = "SFT, one task after another", "the same, half steps", "ours, nothing kept: guarded steps"
REPLAY, EVOLVE = "SFT with replay", "ours, 16 kept: replay and evolve"
TAUGHT = GUARD
ROWS: tuple[str, ...] = (ORACLE, JOINT, NAIVE, HALF, GUARD, REPLAY, EVOLVE)
WANTED: Wanted = ((GUARD, (NAIVE,), 6.0), (GUARD, (HALF,), 3.0), (EVOLVE, (REPLAY,), -1.0))
END = "_end"

Step = tuple[Adapter, Record]


def way(stored: int) -> str:
    """Which of ours an agent takes, by the examples of a task that it may keep.

    >>> way(0), way(16)
    ('guard', 'evolve')
    """
    return "evolve" if stored else "guard"


def plan(tasks: Sequence[str], seeds: Sequence[int], groups: Sequence[str]) -> list[Piece]:
    """Seed by seed, stream by stream, its tasks in the seed's order, then its end; each needs the piece before."""
    found: list[Piece] = []
    for seed in seeds:
        stream = order(TASKS, seed)[: len(tasks)]
        for group in (one for one in GROUPS if one in groups):
            found += [Piece(NAME, task, seed, group) for task in _steps(stream, group)]
            if group not in SINGLE:
                found.append(Piece(NAME, stream[-1], seed, group + END))
    return found


def _steps(stream: Sequence[str], group: str) -> Sequence[str]:
    """The tasks that a group has a piece for: joint training has one, and the first task is the same for all."""
    if group == "joint":
        return stream[-1:]
    return stream if group == "alone" else stream[1:]


def whole_with(piece: Piece) -> Sequence[Piece]:
    """A stream of all tasks that has come to its end; what is no stream, at once."""
    stream = plan(TASKS, [piece.seed], [piece.group.removesuffix(END)])
    return [piece] if piece.group in SINGLE else stream if piece == stream[-1] else []


def measured(ground: Ground) -> Record:
    """The record of a piece: a step, or the end of a stream."""
    stream = Stream(ground, TASKS)
    ground.load()
    group = ground.piece.group
    if group.endswith(END):
        return {"parts": _ended(stream, group.removesuffix(END))}
    return GROUPS[group](stream)


def alone(stream: Stream) -> Record:
    """A specialist, from the base; what the oracle router asks, and where every stream begins."""
    adapter, cost = stream.trained(stream.task, None, stream.lessons(stream.task))
    record = stream.learned(adapter, cost)
    return {**record, "parts": [stream.part(ORACLE, stream.task, adapter, record, note=AFTER)]}


def joint(stream: Stream) -> Record:
    """All tasks of the stream at once."""
    tasks = stream.so_far
    lessons = [one for task in tasks for one in stream.lessons(task)]
    adapter, cost = stream.trained("joint", None, lessons, steps=len(tasks) * stream.steps)
    record = {**cost, "adapter": stream.put(adapter)}
    return {**record, "parts": [stream.part(JOINT, task, adapter, record) for task in tasks]}


def naive(stream: Stream) -> Record:
    return stream.learned(*_after(stream, ()))


def half(stream: Stream) -> Record:
    before, (after, cost) = stream.before, _after(stream, ())
    exact = linear([before, after], [0.5, 0.5])
    return stream.learned(cut := truncated(exact, stream.rank), {**cost, "kept": kept(exact, cut)})


def guard(stream: Stream) -> Record:
    """Learn, then take back what earlier inputs would feel, as much as the new task can spare."""
    before, (after, cost) = stream.before, _after(stream, ())
    with stream.timed() as spending:
        old, new = _sums(stream, after)
        tried = {0.0: after}
        right = {0.0: stream.right_of(after)}
        for one in STRENGTHS:
            child = guarded(before, after, old, new, strength=one, rank=stream.rank)
            tried[one], right[one] = child, stream.right_of(child)
        chosen = max(one for one, count in right.items() if count >= right[0.0] - LOST)
    said = {"way": way(0), "strength": chosen, "tune_right_by_strength": {str(one): n for one, n in right.items()}}
    return stream.learned(tried[chosen], {**cost, "seconds": cost["seconds"] + spending["seconds"], **said})


def replay(stream: Stream) -> Record:
    return stream.learned(*_after(stream, _stored(stream, 0, STORED)))


def evolve(stream: Stream) -> Record:
    """Learn with replay, then search between before, after, and steps that spare what was there."""
    before, (after, cost) = stream.before, _after(stream, _stored(stream, HELD, STORED))
    with stream.timed() as spending:
        old, new = _sums(stream, after)
        spared = [guarded(before, after, old, new, strength=one, rank=stream.rank) for one in SPARED]
    home, usual = stream.home, stream.home.settings.evolution
    materials = Materials.of(stream.tune, held=_stored(stream, 0, HELD), confirm=usual.confirm)
    every = dict.fromkeys(stream.put(one) for one in (before, after, *spared))
    parents = sorted(map(home.shelf.find, every), key=lambda one: one.identity)
    evaluations = (len(parents) + GENERATIONS * usual.size) * len(materials.seen)
    dials = usual.model_copy(update={"evaluations": evaluations, "rank": stream.rank})
    with Run(home, stream.folder / "run", planned(dials, parents, materials, home.base.identity), materials) as run:
        while not run.is_over:
            with lap(stream.ground):
                run.step()
        found, chosen = best_of(run.trials, by_fitness), run.worker.weights(run.champion.genome)
    said = {"way": way(STORED), "evaluations": found.evaluations, "genome": to_dict(found.trial.genome)}
    seconds = cost["seconds"] + spending["seconds"] + stream.ground.notes.seconds
    return stream.learned(chosen, {**cost, "seconds": seconds, **said})


GROUPS: Mapping[str, Callable[[Stream], Record]] = {
    "alone": alone,
    "joint": joint,
    "naive": naive,
    "half": half,
    "guard": guard,
    "replay": replay,
    "evolve": evolve,
}
SINGLE = ("alone", "joint")  # whose end is in their pieces
ROW_OF = {"naive": NAIVE, "half": HALF, "guard": GUARD, "replay": REPLAY, "evolve": EVOLVE}


def _after(stream: Stream, again: Sequence[Example]) -> Step:
    """The agent's adapter, gone on with; where there is something to learn again, on half as many new examples."""
    lessons = stream.lessons(stream.task)
    if again:
        half = len(lessons) // 2
        lessons = (*lessons[:half], *islice(cycle(again), half))
    return stream.trained(stream.task, stream.before, lessons)


def _sums(stream: Stream, after: Adapter) -> tuple[Moments, Moments]:
    """Over the inputs of all earlier tasks, and of this one; both together are kept for the next step."""
    old, new = stream.old_sums(), stream.new_sums(stream.task, after)
    stream.keep_sums(added(old, new))
    return old, new


def _stored(stream: Stream, first: int, last: int) -> tuple[Example, ...]:
    """A part of the 16 examples that are kept of each earlier task."""
    return tuple(one for task in stream.so_far[:-1] for one in stream.lessons(task)[first:last])


def _ended(stream: Stream, group: str) -> list[Record]:
    """Every task of the stream, asked once more."""
    last = stream.home.shelf.get(stream.record(stream.task, group)["adapter"])
    return [stream.part(ROW_OF[group], task, last, stream.record(task, group)) for task in stream.so_far]
