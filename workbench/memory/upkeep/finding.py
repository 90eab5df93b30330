"""One thing that is wrong with a store, or worth knowing: how bad, in a sentence, and what mends it.

>>> Finding("bad", "index", "The index lacks 3 memories", REBUILD).remedy
'run: workbench memory rebuild'
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

REBUILD = "run: workbench memory rebuild"
EMBED = "run: workbench memory rebuild --embed"
RESTORE = "restore a backup of the memory"


@dataclass(frozen=True, slots=True)
class Finding:
    """`bad` must be mended; a `note` does no harm and may be what somebody wants to know."""

    severity: Literal["bad", "note"]
    place: str  # database, texts, vectors, journal, history, index
    sentence: str  # without a full stop
    remedy: str = ""  # what to do, without a full stop; empty where nothing need be done


def counted(number: int, one: str, many: str) -> str:
    """`1 memory has`, `1,204 memories have`: a number with the word that fits it."""
    return f"{number:,} {one if number == 1 else many}"
