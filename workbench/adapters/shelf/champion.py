"""Which adapter answers now, and how it came to be so: one small file, replaced in one step.

    deploy A    deploy B    rollback    rollback        history keeps all four
    base A      base A B    base A      base            what a rollback can still return to, the last is the champion

A rollback goes back and never forth; None stands for the plain base. It does not know adapters but by their identity.

>>> reachable((Move("deploy", "a…", 0.0, "me", "first"),))
(None, 'a…')
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from workbench.adapters.shelf import durable
from workbench.core.errors import AdapterDamaged

if TYPE_CHECKING:
    from pydantic import TypeAdapter

NAME = "champion.json"
REACH = 10  # rollbacks in a row; older champions may be deleted

Kind = Literal["deploy", "forced", "rollback"]


@dataclass(frozen=True, slots=True)
class Move:
    """One move of the pointer; `verdict` refers to the gate's record, where there was one."""

    kind: Kind
    identity: str | None  # None: the plain base
    at: float  # seconds since the epoch
    who: str
    why: str
    verdict: str | None = None


@dataclass(frozen=True, slots=True)
class Pointer:
    """The file's content."""

    current: str | None = None
    moves: tuple[Move, ...] = ()

    def moved(self, move: Move) -> Pointer:
        return Pointer(move.identity, (*self.moves, move))


def reachable(moves: Sequence[Move]) -> tuple[str | None, ...]:
    """What rollbacks can return to, oldest first; the last is the champion itself."""
    stack: list[str | None] = [None]
    for move in moves:
        stack = stack[:-1] if move.kind == "rollback" else [*stack, move.identity][-REACH - 1 :]
    return tuple(stack)


def read(folder: Path) -> Pointer:
    """The pointer of a shelf; where there is none yet, the plain base.

    Raises:
        AdapterDamaged: it cannot be read.
    """
    path = folder / NAME
    try:
        return _adapter().validate_json(path.read_bytes())
    except FileNotFoundError:
        return Pointer()
    except (ValueError, OSError) as error:
        raise AdapterDamaged(
            f"{path} cannot be read; remove it to answer with the plain base, then deploy again"
        ) from error


def write(folder: Path, pointer: Pointer) -> None:
    """All or nothing, and on the disk when this returns."""
    durable.replace(folder / NAME, _adapter().dump_json(pointer, indent=1) + b"\n")


@cache
def _adapter() -> TypeAdapter[Pointer]:
    from pydantic import TypeAdapter

    return TypeAdapter(Pointer)
