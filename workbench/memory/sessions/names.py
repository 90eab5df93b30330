"""Names of sessions: what may be one, and which is free.

    " holiday in Rome "  ──►  "holiday in Rome"          "", two lines, 121 characters  ──►  refused
    "talk", taken        ──►  "talk (2)"

It does not read the store: who asks knows which names are taken.

>>> checked_name("  holiday in Rome "), free_name("talk", {"talk", "talk (2)"})
('holiday in Rome', 'talk (3)')
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from itertools import count

from workbench.core.errors import StoreError
from workbench.memory.text import storable

LONGEST_NAME_CHARS = 120
REORDERS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # would turn the line they stand in


def checked_name(name: str) -> str:
    """The name without blanks around it.

    Raises:
        StoreError: it is empty, too long, or holds what would break the line it is shown in.
    """
    name = storable(name).strip()
    if not name:
        raise StoreError("A session's name is empty; give it at least one character")
    if len(name) > LONGEST_NAME_CHARS:
        raise StoreError(f"A session's name has {len(name):,} characters; give it at most {LONGEST_NAME_CHARS}")
    if any(unicodedata.category(one) in ("Cc", "Zl", "Zp") or one in REORDERS for one in name):
        raise StoreError("A session's name holds a line break or another control character; leave it out")
    return name


def free_name(name: str, taken: Iterable[str]) -> str:
    """The name, or where it is taken `name (2)`, `name (3)`, …"""
    taken = set(taken)
    numbered = (f"{name} ({number})" for number in count(2))
    return name if name not in taken else next(other for other in numbered if other not in taken)
