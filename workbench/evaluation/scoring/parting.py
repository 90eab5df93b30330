"""Where the beginning of a JSON object parts from a gold object: whatever follows, it can no longer be the same.

    {"name": "Ada", "date": "20…       gold {"name": "Ada", "date": "1815-12-10"}
    └ key ┘  └ same ┘  └ key ┘ └ parts here

A key that gold does not have, one that stands twice, a value of another type, a text that gold's does not begin with,
an object closed too early, and what is no JSON at all. Of numbers, lists and objects inside it waits for the end. It
does not know checkers, and says nothing where it is not sure.

>>> parts('{"name": "Bob', {"name": "Ada"}), parts('{"name": "A', {"name": "Ada"})
(True, False)
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

_BLANKS = " \t\n\r"
_DECODER = json.JSONDecoder()


class _Parted(Exception):
    """It cannot become gold."""


class _Open(Exception):
    """The beginning ends here."""


class _Read(NamedTuple):
    """A value, and the place behind it."""

    value: Any
    end: int


def parts(begun: str, gold: Mapping[str, Any]) -> bool:
    """Whether no text that begins so is a JSON object equal to gold.

    Args:
        begun: begins with the opening brace.
    """
    try:
        _follow(begun, gold)
    except _Parted:
        return True
    except _Open:
        return False
    return False


def _follow(begun: str, gold: Mapping[str, Any]) -> None:
    """Key by key, up to the closing brace."""
    left, at = set(gold), _after_blanks(begun, 1)
    closed = begun[at] == "}"
    while not closed:
        key, at = _text(begun, at, left)
        left.remove(key)
        at = _after_blanks(begun, _value(begun, _after(begun, at, ":"), gold[key]))
        closed = begun[at] == "}"
        at = at if closed else _after(begun, at, ",")
    if left:
        raise _Parted


def _value(begun: str, at: int, meant: Any) -> int:
    """The place behind a value that is the one meant."""
    if isinstance(meant, str):
        return _text(begun, at, (meant,)).end
    if begun[at] == '"':
        raise _Parted
    try:
        said, end = _DECODER.raw_decode(begun, at)
    except (ValueError, RecursionError):
        raise _Open from None  # not whole yet, or no JSON: the checker will say
    if end == len(begun):
        raise _Open  # a number may go on
    if not isinstance(said, dict | list) and said != meant:
        raise _Parted
    return end


def _text(begun: str, at: int, meant: Collection[str]) -> _Read:
    """A string that is one of those meant."""
    if begun[at] != '"':
        raise _Parted
    try:
        said, end = _DECODER.raw_decode(begun, at)
    except ValueError:
        so_far = begun[at + 1 :]
        if "\\" not in so_far and not any(one.startswith(so_far) for one in meant):
            raise _Parted from None
        raise _Open from None
    if said not in meant:
        raise _Parted
    return _Read(said, end)


def _after(begun: str, at: int, mark: str) -> int:
    at = _after_blanks(begun, at)
    if begun[at] != mark:
        raise _Parted
    return _after_blanks(begun, at + 1)


def _after_blanks(begun: str, at: int) -> int:
    """
    Raises:
        _Open: nothing else comes.
    """
    while at < len(begun) and begun[at] in _BLANKS:
        at += 1
    if at == len(begun):
        raise _Open
    return at
