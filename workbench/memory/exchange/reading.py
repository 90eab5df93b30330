"""An export file, read line by line and judged: is it whole, and is every record what it says it is?

    line 1          the head: written by this workbench or an older one?
    line 2, 3, …    a record each: JSON, of a known type, its fields sound, naming only what stands before it
    the last line   the counts: as many as were read?

The first fault ends the reading with one sentence that names the line. Nothing of a file is trusted: not its size, its
nesting, its numbers or its order. It knows the form that `exporting.py` writes, and stores nothing.

>>> sum(1 for entry in entries(Path("backup.json")))  # doctest: +SKIP
22
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.core.errors import StoreError
from workbench.memory.exchange.exporting import PLURALS, VERSION, Exported
from workbench.memory.exchange.soundness import MEMORY, SESSION, TURN, Unsound, check, number_of
from workbench.memory.failures import translated
from workbench.memory.migrate import HEAD

LONGEST_LINE_BYTES = 64 << 20
RULES = {"session": SESSION, "turn": TURN, "memory": MEMORY}


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of the file."""

    line: int
    bytes_read: int  # of the file, up to and with this line
    data: dict[str, Any]


def entries(path: Path) -> Iterator[Entry]:
    """The records of a file, each sound in itself, and the counts at its end compared.

    Raises:
        StoreError: naming the line that is not as it should be.
    """
    with translated(str(path)), path.open("rb") as file:
        line, read, counts = 1, 0, Counter[str]()
        raw = file.readline(LONGEST_LINE_BYTES)
        _check_head(path, raw)
        while True:
            line, read = line + 1, read + len(raw)
            raw = file.readline(LONGEST_LINE_BYTES)
            if raw.startswith(b"]"):
                break
            data = _record(path, line, raw)
            counts[PLURALS[data["type"]]] += 1
            counts["feedback"] += len(data.get("feedback", ()))
            yield Entry(line, read + len(raw), data)
        _check_end(path, line, raw, counts)


def check_all(path: Path) -> None:
    """Every line, and that each names only what stands before it.

    Raises:
        StoreError: naming the first line that is not as it should be.
    """
    known: dict[str, set[str]] = {"session": set(), "turn": set(), "memory": set()}
    for entry in entries(path):
        kind, data = entry.data["type"], entry.data
        name = data["record"]["id"] if kind == "turn" else data["id"]
        if name in known[kind]:
            raise _refused(path, entry.line, f"the {kind} {name!r} stands there a second time")
        known[kind].add(name)
        source = data["record"] if kind == "turn" else data
        for other, of in (("session", source.get("session_id")), ("turn", data.get("turn_id"))):
            if of is not None and of not in known[other]:
                raise _refused(path, entry.line, f"it names the {other} {of!r}, which does not stand before it")


def _check_head(path: Path, raw: bytes) -> None:
    try:
        head = json.loads(raw.decode() + "]}")
        version, schema, app = head["workbench_export"], head["schema"], str(head["app"])
        newer = number_of(version) > VERSION or int(schema) > int(HEAD)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _refused(path, 1, "it does not begin as an export of the workbench does") from error
    if newer:
        raise StoreError(
            f"{path.name} was written by a newer workbench ({app[:40]!r}); upgrade this one, nothing was imported"
        )


def _check_end(path: Path, line: int, raw: bytes, counts: Counter[str]) -> None:
    try:
        told = json.loads('{"records": [' + raw.decode())["counts"]
        sound = all(told[name] == counts[name] for name in Exported.__dataclass_fields__)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _refused(path, line, "it does not end as an export does") from error
    if not sound:
        raise _refused(path, line, "it counts other records than stand before it")


def _record(path: Path, line: int, raw: bytes) -> dict[str, Any]:
    if not raw.endswith(b"\n"):
        long = len(raw) == LONGEST_LINE_BYTES
        raise _refused(path, line, "it is longer than 64 MiB" if long else "the file ends here, before its end")
    try:
        data = json.loads(raw.rstrip(b",\n"))
        if not isinstance(data, dict) or data.get("type") not in RULES:
            raise Unsound("its type is none of session, turn, memory")
        check(data, RULES[data["type"]])
    except Unsound as error:
        raise _refused(path, line, str(error)) from error
    except (ValueError, RecursionError) as error:
        raise _refused(path, line, "it is not JSON") from error
    return data


def _refused(path: Path, line: int, problem: str) -> StoreError:
    return StoreError(
        f"{path.name}, line {line}: {problem}; nothing was imported, so export it again or mend that line"
    )
