"""The user's own examples: a file with one JSON object a line, read line by line and written back.

    {"prompt": "What is 2 + 2?", "answer": "4", "skill": "add", "check": "number"}
    {"messages": [{"role": "user", "content": "Hi"}], "answer": "Hello!", "weight": 2.0}

`prompt` or `messages` (the last one the user's), and `answer`, must be there; `skill`, `check`, `weight` may be, and
`origin` with the turn that an example came from, so that it is found when the turn is forgotten. Of a bad line its
number and the reason are kept, and all good ones; an example found twice is one. The file as a whole is refused only
where it cannot be read or holds nothing. It splits and redacts nothing.

>>> read_examples(Path("mine.jsonl")).examples  # doctest: +SKIP
(Example(messages=(Message(role='user', content='What is 2 + 2?', …),), answer='4', …),)
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from workbench import disk
from workbench.core.checkers import CHECKERS
from workbench.core.errors import ExamplesError
from workbench.core.examples import UNNAMED, Example, Origin
from workbench.core.records import Message, Role

KEYS = frozenset({"prompt", "messages", "answer", "skill", "check", "weight", "origin"})
LONGEST_LINE_BYTES = 1 << 20  # of one example; the longest context known here is shorter
SPOKEN = tuple(role for role in get_args(Role) if role != "tool")
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no example, and why."""

    number: int  # from 1
    reason: str


@dataclass(frozen=True, slots=True)
class Contradiction:
    """One prompt that has several right answers; all of them are kept."""

    prompt: str
    answers: tuple[str, ...]
    example_ids: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.prompt!r} is answered by {' and by '.join(map(repr, self.answers))}"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file held: examples in its order, bad lines, how many lines said what another did, contradictions."""

    examples: tuple[Example, ...]
    bad: tuple[BadLine, ...] = ()
    duplicates: int = 0
    contradictions: tuple[Contradiction, ...] = ()


class _Unfit(Exception):
    """A line is no example; the sentence says why."""


def read_examples(path: Path) -> Reading:
    """The examples of a JSONL file.

    Raises:
        ExamplesError: there is no such file, it cannot be read, it is not UTF-8, or no line of it says anything.
    """
    found: dict[str, Example] = {}
    bad: list[BadLine] = []
    lines = 0
    for number, raw in _lines(path):
        if not raw.strip():
            continue
        lines += 1
        try:
            one = _example(raw, Origin("file", {"file": path.name, "line": str(number)}))
        except _Unfit as error:
            bad.append(BadLine(number, str(error)))
        else:
            found.setdefault(one.id, one)
    if not lines:
        raise ExamplesError(f'{path} is empty; write one object a line: {{"prompt": "…", "answer": "…"}}')
    kept = tuple(found.values())
    return Reading(kept, tuple(bad), lines - len(bad) - len(kept), contradictions(kept))


def write_examples(path: Path, examples: Iterable[Example]) -> None:
    """Write a JSONL file; it appears under its name when it is whole, and `read_examples` gives back the same.

    Raises:
        ExamplesError: an example could not be read back (a role or a text that a file does not hold), or it cannot be
            written.
    """
    write_lines(path, [_line(number, one) for number, one in enumerate(examples, 1)])


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write a file that appears under its name when it is whole; each line brings its newline.

    Raises:
        ExamplesError: it cannot be written; the sentence says whether space or another folder is wanted.
    """
    try:
        with disk.replacing(path) as file:
            file.writelines(lines)
    except OSError as error:
        action = "free some space" if disk.has_no_room(error) else "choose another folder"
        raise ExamplesError(f"{path} cannot be written ({error.strerror}); {action}") from error


def contradictions(examples: Sequence[Example]) -> tuple[Contradiction, ...]:
    """The prompts that stand with different answers."""
    by_prompt: dict[tuple[Message, ...], list[Example]] = {}
    for one in examples:
        by_prompt.setdefault(one.messages, []).append(one)
    return tuple(
        Contradiction(some[0].prompt, tuple(dict.fromkeys(one.answer for one in some)), tuple(one.id for one in some))
        for some in by_prompt.values()
        if len({one.answer for one in some}) > 1
    )


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Numbered lines, none longer in memory than the limit and a byte; JSON holds no bare line feed."""
    try:
        with path.open("rb") as file:
            number = 1
            while raw := file.readline(LONGEST_LINE_BYTES + 1):
                while not raw.endswith(b"\n") and len(raw) > LONGEST_LINE_BYTES and (rest := _rest(file)):
                    if rest.endswith(b"\n"):
                        break
                yield number, raw.removeprefix(BOM) if number == 1 else raw
                number += 1
    except FileNotFoundError as error:
        raise ExamplesError(f"There is no file {path}; name one with an example a line") from error
    except OSError as error:
        raise ExamplesError(f"{path} cannot be read ({error.strerror}); check its name and its permissions") from error


def _rest(file: Any) -> bytes:
    """The next piece of a line that is too long, to be passed over."""
    piece: bytes = file.readline(LONGEST_LINE_BYTES + 1)
    return piece


def _example(raw: bytes, origin: Origin) -> Example:
    data = _object(raw, origin)
    if unknown := sorted(data.keys() - KEYS):
        raise _Unfit(f"{_named(unknown[0])} is no key of an example; known are {', '.join(sorted(KEYS))}")
    return Example(
        messages=_messages(data),
        answer=_text(data, "answer"),
        skill=_text(data, "skill") if "skill" in data else UNNAMED,
        check=_checker(data),
        weight=_weight(data.get("weight", 1.0)),
        origin=_turn(data["origin"]) if "origin" in data else origin,
    )


def _object(raw: bytes, origin: Origin) -> dict[str, Any]:
    if len(raw) > LONGEST_LINE_BYTES:
        raise _Unfit(f"it is longer than {LONGEST_LINE_BYTES >> 20} MiB")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        place = origin.place
        raise ExamplesError(
            f"{place['file']}, line {place['line']}: byte {error.start + 1} is not UTF-8; save the file as UTF-8"
        ) from error
    try:
        data = json.loads(text, object_pairs_hook=_without_twins)
    except RecursionError as error:
        raise _Unfit("it is nested too deep") from error
    except ValueError as error:
        raise _Unfit(f"it is not JSON ({getattr(error, 'msg', 'a number is too long')})") from error
    if not isinstance(data, dict):
        raise _Unfit("it is not an object; write {…}")
    return data


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) < len(pairs):
        names = [name for name, _ in pairs]
        raise _Unfit(f"the key {_named(next(name for name in names if names.count(name) > 1))} stands there twice")
    return data


def _messages(data: dict[str, Any]) -> tuple[Message, ...]:
    if ("prompt" in data) == ("messages" in data):
        raise _Unfit("it needs either 'prompt' or 'messages', and not both")
    if "prompt" in data:
        return (Message("user", _text(data, "prompt")),)
    given = data["messages"]
    if not isinstance(given, list) or not given:
        raise _Unfit("'messages' must be a list of at least one message")
    messages = tuple(_message(one) for one in given)
    if messages[-1].role != "user":
        raise _Unfit("the last of 'messages' must be the user's; what the model should say is 'answer'")
    if any(message.role == "system" for message in messages[1:]):
        raise _Unfit("only the first of 'messages' may be the system's")
    return messages


def _message(given: Any) -> Message:
    if not isinstance(given, dict) or given.keys() != {"role", "content"}:
        raise _Unfit("each of 'messages' must be an object with 'role' and 'content'")
    if given["role"] not in SPOKEN:
        raise _Unfit(f"a role must be one of {', '.join(SPOKEN)}")
    return Message(given["role"], _text(given, "content"))


def _text(data: dict[str, Any], name: str) -> str:
    """A text that says something and that UTF-8 and every store can hold."""
    if name not in data:
        raise _Unfit(f"'{name}' is missing")
    value = data[name]
    if not isinstance(value, str):
        raise _Unfit(f"'{name}' must be text")
    if not value.strip():
        raise _Unfit(f"'{name}' is blank")
    if "\0" in value:
        raise _Unfit(f"'{name}' holds a NUL character")
    if any("\ud800" <= one <= "\udfff" for one in value):
        raise _Unfit(f"'{name}' holds half of a surrogate pair")
    return value


def _checker(data: dict[str, Any]) -> str:
    name = data.get("check", "exact")
    if not isinstance(name, str) or name not in CHECKERS:
        raise _Unfit(f"'check' must be one of {', '.join(CHECKERS)}")
    return name


def _weight(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Unfit("'weight' must be a number")
    try:
        weight = float(value)
    except OverflowError as error:
        raise _Unfit("'weight' must be finite") from error
    if not (math.isfinite(weight) and weight > 0):
        raise _Unfit("'weight' must be above 0 and finite")
    return weight


def _turn(given: Any) -> Origin:
    """Where an example from use came from."""
    if not isinstance(given, dict) or given.keys() - {"turn", "session"} or not isinstance(given.get("turn"), str):
        raise _Unfit("'origin' must be an object with the id of a 'turn' and its 'session'")
    if not all(isinstance(value, str) and value.isprintable() for value in given.values()):
        raise _Unfit("'origin' must hold ids")
    return Origin("interaction", given)


def _named(name: str) -> str:
    return repr(name if len(name) <= 40 else f"{name[:40]}…").encode("utf-8", "backslashreplace").decode()


def _line(number: int, one: Example) -> str:
    """An example as its line; what reading would refuse is refused here."""
    plain: dict[str, Any] = {"prompt": one.prompt}
    if len(one.messages) > 1:
        plain = {"messages": [{"role": said.role, "content": said.content} for said in one.messages]}
    plain |= {"answer": one.answer, "skill": one.skill, "check": one.check, "weight": one.weight}
    if one.origin.source == "interaction" and "turn" in one.origin.place:
        plain["origin"] = {name: one.origin.place[name] for name in ("turn", "session") if name in one.origin.place}
    text = json.dumps(plain, ensure_ascii=False) + "\n"
    try:
        _example(_bytes(text, plain), one.origin)
    except _Unfit as error:
        raise ExamplesError(f"Example {number} cannot be written: {error}; mend or leave out that one") from error
    return text


def _bytes(text: str, plain: dict[str, Any]) -> bytes:
    """The line as a file has it; what UTF-8 cannot hold escaped, for reading to find it."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return json.dumps(plain).encode()
