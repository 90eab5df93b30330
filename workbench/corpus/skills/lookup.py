"""A skill with a small table in the prompt: find the value of a key.

>>> import random
>>> task = LOOK_UP.make(random.Random(0))
>>> task.answer in task.prompt
True
"""

from __future__ import annotations

import random

from workbench.corpus.skills.skill import Skill, Task
from workbench.corpus.skills.words import THINGS, listed

COLOURS = listed("amber black blue brown coral cream gold gray green ivory olive orange pink purple red white")

_STOCK = (
    "Stock: {table}. How many of {key}?",
    "{table}. Stock of {key}?",
    "In store: {table}. Number for {key}:",
    "Look up {key}: {table}",
)
_COLOUR = (
    "Colours: {table}. Which for {key}?",
    "{table}. Colour of {key}?",
    "Paint list: {table}. Colour for {key}:",
    "Find the colour of {key}: {table}",
)


def some_table(rng: random.Random, values: list[str]) -> dict[str, str]:
    """One thing for each value."""
    return dict(zip(rng.sample(THINGS, len(values)), values, strict=True))


def in_a_row(table: dict[str, str], rng: random.Random) -> str:
    """A table on one line, in one of the ways in which people write it."""
    joint, gap = rng.choice(((" ", ", "), ("=", ", "), (": ", "; ")))
    return gap.join(f"{key}{joint}{value}" for key, value in table.items())


def _look_up(rng: random.Random) -> Task:
    if rng.random() < 0.5:
        forms, values = _STOCK, [str(n) for n in rng.sample(range(2, 100), 4)]
    else:
        forms, values = _COLOUR, rng.sample(COLOURS, 4)
    table = some_table(rng, values)
    key = rng.choice(tuple(table))
    return Task(rng.choice(forms).format(table=in_a_row(table, rng), key=key), table[key])


LOOK_UP = Skill("look_up", "the value of a key in a small table", "exact", _look_up)
LOOKUP = (LOOK_UP,)
