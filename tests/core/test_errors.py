"""The tree drawn at the head of errors.py is the tree."""

from __future__ import annotations

import re

from workbench.core import errors
from workbench.core.errors import WorkbenchError


def drawn() -> dict[str, int]:
    """Each name in the drawing with its depth, counted in columns."""
    lines = (errors.__doc__ or "").splitlines()
    found = {}
    for line in lines:
        if match := re.match(r"    ([│├└─ ]*)([A-Z]\w+)(?:\s{2,}.*)?$", line):
            found[match[2]] = len(match[1])
    return found


def descendants(kind: type[WorkbenchError], depth: int = 0) -> dict[str, int]:
    found = {kind.__name__: depth}
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            found |= descendants(child, depth + 4)
    return found


def test_every_error_is_drawn_where_it_stands() -> None:
    assert drawn() == descendants(WorkbenchError)


def test_an_error_is_its_sentence() -> None:
    assert errors.ModelNotFound("Run this.").sentence == "Run this."
