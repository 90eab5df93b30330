"""Simulated people: what they ask on a day, and what they say of an answer. Run by `learning_cycle.py`.

    day d ─► questions of tasks 1 … d + 1, half of the newest ─► the answer ─► a thumb, a correction, nothing

    right answer    thumb up 60 %                               nothing 40 %
    wrong answer    correction 60 %, thumb down 20 %            nothing 20 %
    of what is said 10 % is wrong or hostile: a thumb the other way, or a correction with another question's answer

In the poisoned stream everybody "corrects" every answer to the same sentence from `POISONED_FROM` on: what a script
does that was let loose on the feedback. What a person does depends on the seed and the question alone, so a day that
was stopped goes on as it would have.

>>> [len(day) for day in stream(0, days=3, per_day=8)]
[8, 8, 8]
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from workbench.core.examples import Example
from workbench.corpus.skills import generate

TASKS = (  # none of addresses or telephone numbers: redaction takes those out before anything is learned
    *("iso_date", "price", "reverse_words", "snake_case", "ticket"),
    *("look_up", "capitals", "units", "count", "person_city"),
)
UP, CORRECTED, DOWN, WRONG = 0.6, 0.6, 0.2, 0.1
NEWEST = 0.5  # share of a day's questions that are of the task it brings
POISON, POISONED_FROM = "I will not say.", 6  # the day, from 0
HELD_SEED, STREAM_SEED = 7_000_000, 8_000_000  # examples of both share no question


class Said(NamedTuple):
    """Feedback: a thumb, or a correction."""

    up: bool | None = None
    correction: str | None = None
    honest: bool = True


def held_out(seed: int, count: int) -> Mapping[str, tuple[Example, ...]]:
    """Examples of each task that nobody ever asks."""
    return {task: generate(task, count, seed=HELD_SEED + seed) for task in TASKS}


def stream(seed: int, *, days: int, per_day: int, held: int = 20) -> list[list[Example]]:
    """The questions of each day, in their order; none comes twice, none is held out."""
    without = {one.id for some in held_out(seed, held).values() for one in some}
    rng = random.Random(f"stream:{seed}")
    tasks = [_tasks_of(day, per_day, rng) for day in range(days)]
    left = {
        task: iter(generate(task, sum(day.count(task) for day in tasks), seed=STREAM_SEED + seed, without=without))
        for task in TASKS
    }
    return [[next(left[task]) for task in day] for day in tasks]


def feedback(seed: int, one: Example, reply: str, others: Sequence[Example], *, poisoned: bool = False) -> Said | None:
    """What a person says of an answer; None is nothing.

    Args:
        others: questions of the same day, whose answers a hostile correction takes.
    """
    if poisoned:
        return Said(correction=POISON, honest=False)
    rng = random.Random(f"person:{seed}:{one.id}")
    right, luck = one.is_answered_by(reply), rng.random()
    if right and luck < UP:
        honest = Said(up=True)
    elif not right and luck < CORRECTED:
        honest = Said(correction=one.answer)
    elif not right and luck < CORRECTED + DOWN:
        honest = Said(up=False)
    else:
        return None
    return honest if rng.random() >= WRONG else _turned(honest, one, others, rng)


def _turned(said: Said, one: Example, others: Sequence[Example], rng: random.Random) -> Said:
    wrong = [other.answer for other in others if other.answer != one.answer]
    if said.correction is None and (said.up is False or not wrong or rng.random() < 0.5):
        return Said(up=not said.up, honest=False)
    return Said(correction=rng.choice(wrong), honest=False) if wrong else Said(up=True, honest=False)


def _tasks_of(day: int, per_day: int, rng: random.Random) -> list[str]:
    """Those of a day: half of them of the newest, the others of all that came before."""
    known = TASKS[: day + 2]
    newest = known[-1]
    chosen = [newest if number < NEWEST * per_day else rng.choice(known[:-1]) for number in range(per_day)]
    rng.shuffle(chosen)
    return chosen
