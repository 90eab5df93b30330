"""The record of a skill, and the one way its examples are drawn.

    random.Random("capitals:7") ─► make ─► make ─► …        the stream of a skill and a seed: always the same
                                    number 0, 1, 2, …       a prompt that came before is passed over, and not counted

An example is found again by skill, seed and number, which is what its origin says. It knows no particular skill.

>>> echo = Skill("echo", "says it again", "exact", lambda rng: Task(f"Say {rng.randrange(900)}.", "ok"))
>>> [one.origin.place["number"] for one in draw(echo, 2, seed=1)]
['0', '1']
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple

from workbench.core.errors import ExamplesError
from workbench.core.examples import Example, Origin, example

PATIENCE = 500  # draws in a row with nothing new, after which a skill counts as used up


class Task(NamedTuple):
    """A prompt with the one answer that is right."""

    prompt: str
    answer: str


@dataclass(frozen=True, slots=True)
class Skill:
    """A kind of task whose answers a program can tell.

    Args:
        check: a checker of `core.checkers`.
        make: draws one task from a random generator.
        parts: the single skills that a composite joins; empty for a single one.
    """

    name: str
    description: str
    check: str
    make: Callable[[random.Random], Task]
    parts: tuple[str, ...] = ()


def draw(
    skill: Skill, n: int, *, seed: int, without: Collection[str] = frozenset(), fewer: bool = False
) -> tuple[Example, ...]:
    """The first `n` examples of the stream whose ids are not in `without`; no prompt comes twice.

    Raises:
        ExamplesError: the skill has fewer than that, and fewer will not do.
    """
    if n < 0:
        raise ExamplesError(f"{n} examples of the skill {skill.name} cannot be drawn; ask for 0 or more")
    given: list[Example] = []
    for one in _stream(skill, seed):
        if len(given) == n:
            break
        if one.id not in without:
            given.append(one)
    if len(given) < n and not fewer:
        raise ExamplesError(
            f"The skill {skill.name} has only {len(given)} more examples with the seed {seed}; ask for fewer than {n}"
        )
    return tuple(given)


def _stream(skill: Skill, seed: int) -> Iterator[Example]:
    """Examples with distinct prompts in the order of the seed, until nothing new comes."""
    rng = random.Random(f"{skill.name}:{seed}")
    numbers = count()
    seen: set[str] = set()
    idle = 0
    while idle < PATIENCE:
        task = skill.make(rng)
        idle += 1
        if task.prompt not in seen:
            seen.add(task.prompt)
            idle = 0
            yield _example(skill, task, seed, next(numbers))


def _example(skill: Skill, task: Task, seed: int, number: int) -> Example:
    place = {"skill": skill.name, "seed": str(seed), "number": str(number)}
    return example(task.prompt, task.answer, skill=skill.name, check=skill.check, origin=Origin("skill", place))
