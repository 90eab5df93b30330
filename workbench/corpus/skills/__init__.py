"""Seeded generators of tasks whose answers a program can check: single skills, and composites that join two of them.

    generate("capitals", 640, seed=1)   640 examples, the same ones each time

A small model learns each single skill in a minute or two of training; composites are kept for what merging and
evolution make of the specialists. This room draws examples; it splits, trains and scores nothing.
"""

from __future__ import annotations

from collections.abc import Collection

from workbench.core.errors import ExamplesError
from workbench.core.examples import Example
from workbench.corpus.skills.composites import JOINED
from workbench.corpus.skills.dates import DATES
from workbench.corpus.skills.extraction import EXTRACTION
from workbench.corpus.skills.japanese import JAPANESE
from workbench.corpus.skills.lookup import LOOKUP
from workbench.corpus.skills.numbers import NUMBERS
from workbench.corpus.skills.skill import Skill, Task, draw
from workbench.corpus.skills.wording import WORDING

__all__ = ["COMPOSITES", "SKILLS", "Skill", "Task", "generate"]

SKILLS: dict[str, Skill] = {
    skill.name: skill for skill in (*NUMBERS, *DATES, *EXTRACTION, *WORDING, *LOOKUP, *JAPANESE)
}
COMPOSITES: dict[str, Skill] = {skill.name: skill for skill in JOINED}


def generate(
    name: str, n: int, *, seed: int, without: Collection[str] = frozenset(), fewer: bool = False
) -> tuple[Example, ...]:
    """Examples of a skill or a composite, with distinct prompts; the same for the same seed.

    Args:
        without: ids of examples that are not to be given.
        fewer: where there are not so many, give those that there are.
    Raises:
        ExamplesError: there is no such skill, or it has fewer examples than that.
    """
    skill = SKILLS.get(name) or COMPOSITES.get(name)
    if skill is None:
        raise ExamplesError(f"There is no skill {name!r}; choose one of: {', '.join((*SKILLS, *COMPOSITES))}")
    return draw(skill, n, seed=seed, without=without, fewer=fewer)
