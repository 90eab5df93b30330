"""Whether a record read from a file is what it says it is: types, ranges and choices, before any of it is stored.

    check({"number": "two"}, {"number": whole(1)})  ──►  Unsound: 'number' must be a whole number of at least 1

A turn is checked against the record `Turn` itself, field by field; fields that this workbench does not know are left
alone, as an older turn may lack some that came later. It reads no file and stores nothing.

>>> check({"id": "a1", "name": "holiday", "created_at": 1.5, "type": "session"}, SESSION)
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from workbench.core.records import Feedback, Turn
from workbench.memory.memories import Kind, State, Tier
from workbench.memory.text import storable

NAME = re.compile(r"[!-~]{1,64}")  # ids are printable and fit their columns
LARGEST = 2**53
CAME_LATER = frozenset({"learning"})  # a file of an older workbench lacks it
Rule = Callable[[Any], str | None]
"""What is wrong with a value, as `must be …`; None where nothing is."""


class Unsound(Exception):
    """A record is not what it should be; the sentence names the field."""


def check(data: Mapping[str, Any], rules: Mapping[str, Rule]) -> None:
    """Every field that the rules name.

    Raises:
        Unsound: naming the first field that is missing or wrong.
    """
    for name, rule in rules.items():
        if name not in data:
            if name in CAME_LATER:
                continue
            raise Unsound(f"{name!r} is missing")
        if (must_be := rule(data[name])) is not None:
            raise Unsound(f"{name!r} {must_be}")


def number_of(value: Any) -> float:
    """The value, if it is a number that can be counted with; else ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("not a number")
    return value


def _text(value: Any) -> str | None:
    return None if isinstance(value, str) else "must be text"


def _id(value: Any) -> str | None:
    return None if isinstance(value, str) and NAME.fullmatch(value) else "must be an id of at most 64 characters"


def _number(value: Any) -> str | None:
    try:
        return None if abs(number_of(value)) <= LARGEST else "must be a smaller number"
    except (ValueError, OverflowError):
        return "must be a number"


def whole(least: int) -> Rule:
    """The rule of a whole number from `least` on."""

    def rule(value: Any) -> str | None:
        sound = isinstance(value, int) and not isinstance(value, bool) and least <= value < 2**31
        return None if sound else f"must be a whole number of at least {least}"

    return rule


def _flag(value: Any) -> str | None:
    return None if isinstance(value, bool) else "must be true or false"


def one_of(choices: Any) -> Rule:
    words = get_args(choices)
    return lambda value: None if value in words else f"must be one of {', '.join(words)}"


def optional(rule: Rule) -> Rule:
    return lambda value: None if value is None else rule(value)


def _parts(value: Any) -> str | None:
    sound = isinstance(value, dict) and all(_number(part) is None for part in value.values())
    return None if sound else "must hold numbers by name"


def _record(value: Any) -> str | None:
    place = misfit(Turn, value)
    if place is not None:
        return f"is no turn: {place.lstrip('.') or 'it'} is not as it should be"
    wrong = next((name for name in ("id", "session_id") if _id(value.get(name)) is not None), None)
    if wrong is None and _number(value.get("asked_at")) is not None:
        wrong = "asked_at"
    return None if wrong is None else f"is no turn: {wrong} is not as it should be"


def _said(value: Any) -> str | None:
    if not isinstance(value, list):
        return "must be a list"
    for said in value:
        if not isinstance(said, dict):
            return "must be a list of objects"
        try:
            check(said, FEEDBACK)
        except Unsound as error:
            return f"holds one in which {error}"
    return None


def misfit(kind: Any, value: Any) -> str | None:
    """Where a value of plain JSON types is not of the annotated kind: `.choice.reasons`; None where it is."""
    if get_origin(kind) in (Union, UnionType):
        options = [option for option in get_args(kind) if option is not NoneType]
        return None if value is None and len(options) < len(get_args(kind)) else misfit(options[0], value)
    if kind is Any:
        return None
    if get_origin(kind) is Literal:
        return None if value in get_args(kind) else ""
    if get_origin(kind) is tuple:
        return _first_misfit(get_args(kind)[0], dict(enumerate(value))) if isinstance(value, list) else ""
    if is_dataclass(kind) and isinstance(kind, type):
        return _misfit_of_record(kind, value)
    if get_origin(kind) is dict:
        return _first_misfit(get_args(kind)[1], value) if isinstance(value, dict) else ""
    if kind is float:
        return "" if isinstance(value, bool) or not isinstance(value, int | float) else None
    return "" if not isinstance(value, kind) or (kind is int and isinstance(value, bool)) else None


def _first_misfit(kind: Any, values: Mapping[Any, Any]) -> str | None:
    for key, value in values.items():
        if (place := misfit(kind, value)) is not None:
            return f".{storable(str(key))[:40]}{place}"
    return None


def _misfit_of_record(kind: type, value: Any) -> str | None:
    if not isinstance(value, dict):
        return ""
    for name, (hint, needed) in _hints(kind).items():
        if name not in value:
            if needed:
                return f".{name}"
        elif (place := misfit(hint, value[name])) is not None:
            return f".{name}{place}"
    return None


@lru_cache
def _hints(kind: type) -> dict[str, tuple[Any, bool]]:
    """The fields of a record: their kind, and whether they have no default."""
    hints = get_type_hints(kind)
    return {
        one.name: (hints[one.name], one.default is MISSING and one.default_factory is MISSING) for one in fields(kind)
    }


SESSION: dict[str, Rule] = {"id": _id, "name": _text, "created_at": _number, "learning": _flag}
FEEDBACK: dict[str, Rule] = {
    "kind": one_of(get_type_hints(Feedback)["kind"]),
    "correction": optional(_text),
    "given_at": _number,
}
TURN: dict[str, Rule] = {"number": whole(1), "record": _record, "feedback": _said}
MEMORY: dict[str, Rule] = {
    "id": _id,
    "text": _text,
    "said_at": _number,
    "session_id": optional(_id),
    "turn_id": optional(_id),
    "place": whole(0),
    "speaker": optional(_text),
    "kind": one_of(Kind),
    "event_at": optional(_number),
    "tier": one_of(Tier),
    "state": one_of(State),
    "replaced_by": optional(_id),
    "importance": _number,
    "parts": _parts,
    "pinned": _flag,
    "recall_count": whole(0),
    "recalled_at": optional(_number),
}
