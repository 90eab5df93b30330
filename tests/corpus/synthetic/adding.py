"""A skill for the agents' tests: small sums, their verifier, and what counts as nearly the same."""

from __future__ import annotations

import re

from workbench.core.examples import Example, example

SEEDS = tuple(
    example(f"What is {a} + {b}?", str(a + b), skill="add", check="number") for a, b in ((2, 3), (4, 1), (7, 2))
)


def near(one: Example, other: Example) -> bool:
    """The test's own idea of a near-duplicate: the same but for its closing punctuation."""
    return one.prompt.rstrip("?. ") == other.prompt.rstrip("?. ")


def total(prompt: str) -> str | None:
    found = re.fullmatch(r"What is (\d+) \+ (\d+)\?", prompt)
    return str(int(found[1]) + int(found[2])) if found else None
