"""Setting 3: keep what it knew. Ten tasks, learned one after another by one agent; each seed has an order of its own.

    task 1 ─► step ─► task 2 ─► step ─► … ─► task 10 ─► step ─► the end: every task is asked again

    alone      one adapter for each task, under a router that is never wrong            (bounds from above)
    joint      one adapter for all tasks at once, as many steps as all the others together
    naive      (a) plain fine-tuning goes on with the next task
    half       (a) the same, and each time half of the step is taken back
    spare      (a) ours, nothing kept but sums over what was read: each task learns in a branch of its own, which the
               inputs of earlier ones do not enter (`workbench.adapters.training.sparing`)
    replay     (b) fine-tuning, half of each step on the next task, half on 16 stored examples of each earlier one, as
               often as need be (Chaudhry et al. 2019, arXiv 1902.10486)
    both       (b) ours, 16 kept: as `spare`, along fewer directions, a quarter of each step on the stored examples

`way` picks between the last of (a) and the last of (b) by what is stored, as `workbench train --from` and a cycle of
`workbench learn` do (`workbench.retaining`): what lies beside an adapter is replayed, nothing in an encrypted home.

Every step has equally many gradient steps and is cut to rank 16, in all rows; the first task has nothing to keep and is
that of `alone`. Backward transfer is the mean over tasks of the score at the end minus the score right after learning,
in points. Tasks of one stream are pieces that follow on one another, so only the number of --tasks counts: the first so
many of the seed's order.

How long on one core that multiplies bf16, of two, the other one busy: a step with its 100 unseen examples 1 to 2
minutes, so 15 to 20 minutes for each of the rows but `joint`, which takes as long for all tasks at once. Two hours for
a seed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import cycle, islice

from evolution_ground import Ground
from evolution_pieces import Piece, Record
from evolution_stream import AFTER, Stream, order
from evolution_summary import Wanted

from workbench.adapters.adapter import Adapter
from workbench.adapters.grams import Grams
from workbench.adapters.merging import kept, linear, truncated
from workbench.core.examples import Example
from workbench.retaining import WITH_REPLAY

NAME = "keep"
TASKS: tuple[str, ...] = (
    *("person_city", "iso_date", "ticket", "reverse_words", "capitals", "look_up", "snake_case"),
    *("name_date", "reverse_capitals", "dated_file"),
)
QUICK = TASKS[:3]
STORED = 16  # examples of a task that (b) may keep
HALF_AGAIN, QUARTER_AGAIN = 2, 4  # one in so many examples of a step is a stored one
ORACLE, JOINT = "one adapter per task, oracle router", "joint training"
NAIVE, HALF, SPARE = "SFT, one task after another", "the same, half steps", "ours, nothing kept: spared inputs"
REPLAY, BOTH = "SFT with replay", "ours, 16 kept: replay and spared inputs"
TAUGHT = SPARE
ROWS: tuple[str, ...] = (ORACLE, JOINT, NAIVE, HALF, SPARE, REPLAY, BOTH)
WANTED: Wanted = ((SPARE, (NAIVE,), 6.0), (SPARE, (HALF,), 3.0), (BOTH, (REPLAY,), -1.0))
END = "_end"

Step = tuple[Adapter, Record]


def way(stored: int) -> str:
    """Which of ours an agent takes, by the examples of a task that it may keep.

    >>> way(0), way(16)
    ('spare', 'both')
    """
    return "both" if stored else "spare"


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


def spare(stream: Stream) -> Record:
    return _spared(stream, ())


def replay(stream: Stream) -> Record:
    return stream.learned(*_after(stream, _stored(stream), one_in=HALF_AGAIN))


def both(stream: Stream) -> Record:
    return _spared(stream, _stored(stream))


GROUPS: Mapping[str, Callable[[Stream], Record]] = {
    "alone": alone,
    "joint": joint,
    "naive": naive,
    "half": half,
    "spare": spare,
    "replay": replay,
    "both": both,
}
SINGLE = ("alone", "joint")  # whose end is in their pieces
ROW_OF = {"naive": NAIVE, "half": HALF, "spare": SPARE, "replay": REPLAY, "both": BOTH}


def _after(stream: Stream, again: Sequence[Example], old: Sequence[Grams] = (), *, one_in: int = QUARTER_AGAIN) -> Step:
    """The agent's adapter, gone on with; where there is something to learn again, on fewer new examples.

    Args:
        one_in: of so many examples that are read one is learned again.
    """
    lessons = stream.lessons(stream.task)
    if again:
        part = len(lessons) // one_in
        lessons = (*lessons[: len(lessons) - part], *islice(cycle(again), part))
    return stream.trained(stream.task, stream.before, lessons, spare=old)


def _spared(stream: Stream, again: Sequence[Example]) -> Record:
    """A step that spares what all earlier tasks read; what it has read itself is kept for those to come."""
    with stream.timed() as spending:
        old = stream.old_sums()
    after, cost = _after(stream, again, [one.first(WITH_REPLAY) for one in old] if again else old)
    with stream.timed() as more:
        after = truncated(after, stream.rank, [*old, stream.sums_of(stream.task, after)])
    seconds = cost["seconds"] + spending["seconds"] + more["seconds"]
    return stream.learned(after, {**cost, "seconds": seconds, "way": way(len(again))})


def _stored(stream: Stream) -> tuple[Example, ...]:
    """The 16 examples that are kept of each earlier task."""
    return tuple(one for task in stream.so_far[:-1] for one in stream.lessons(task)[:STORED])


def _ended(stream: Stream, group: str) -> list[Record]:
    """Every task of the stream, asked once more."""
    last = stream.home.shelf.get(stream.record(stream.task, group)["adapter"])
    return [stream.part(ROW_OF[group], task, last, stream.record(task, group)) for task in stream.so_far]
