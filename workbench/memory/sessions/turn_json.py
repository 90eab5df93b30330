"""A whole `Turn` as one JSON text, and back, without loss.

    Turn ──turn_to_json──► '{"question": …, "thoughts": […], …}' ──turn_from_json──► the equal Turn

A record written by an older workbench lacks fields that came later: they take their defaults. One written by a newer
workbench has fields this one does not know: they are passed over. It does not know tables or sessions.

>>> turn = Turn(question="What is 2 + 2?")
>>> turn_from_json(turn_to_json(turn)) == turn
True
"""

from __future__ import annotations

import json
from dataclasses import is_dataclass
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from workbench.core.records import Turn


def turn_to_json(turn: Turn) -> str:
    """The turn as JSON; text that UTF-8 cannot hold is written as `\\\\uXXXX`, so that nothing is lost."""
    plain = turn.to_dict()
    text = json.dumps(plain, ensure_ascii=False)
    return text if _is_utf8(text) else json.dumps(plain)


def turn_from_json(text: str) -> Turn:
    """The turn that `turn_to_json` wrote."""
    turn = _build(Turn, json.loads(text))
    assert isinstance(turn, Turn)
    return turn


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _build(kind: Any, value: Any) -> Any:
    """`value` (plain JSON types) as the annotated `kind`: a record, `tuple[kind, ...]`, an optional, or as it is."""
    if value is None:
        return None
    if is_dataclass(kind) and isinstance(kind, type):
        return kind(**{name: _build(hint, value[name]) for name, hint in _fields(kind) if name in value})
    if get_origin(kind) is tuple:
        return tuple(_build(get_args(kind)[0], item) for item in value)
    if get_origin(kind) in (Union, UnionType):
        return _build(next(option for option in get_args(kind) if option is not NoneType), value)
    return value


@lru_cache
def _fields(kind: type) -> tuple[tuple[str, Any], ...]:
    return tuple(get_type_hints(kind).items())
