"""Which memories stay when not all can: those that tell most for their length, weighed with the rest of importance.

    density  = telling / (tokens + 25)               `telling.py`; 25 is what a memory costs besides its text
    standing = share of the other memories whose density is lower                       0..1
    keeping  = importance(parts, but specificity = standing)                            see `importance.py`

The least `keeping` goes first. A long text is specific, but so are three short ones of the same length: where room is
short, what counts is what is told for each token. It is a choice of whole memories: to shorten texts kept less of what
was later asked for. It knows no question, and removes nothing.

>>> standings({"a": 0.1, "b": 0.3, "c": 0.2})
{'a': 0.0, 'b': 1.0, 'c': 0.5}
"""

from __future__ import annotations

import bisect
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from workbench.core.tokens import tokens_of
from workbench.memory.weighing.importance import importance
from workbench.memory.weighing.telling import asks_something, telling

if TYPE_CHECKING:
    from workbench.core.schema import ImportanceSettings
    from workbench.memory.memories import StoredMemory

ROW_TOKENS = 25.0


def density(text: str, *, answers: bool = False) -> float:
    """What a text tells for each token that it costs."""
    return telling(text, answers=answers) / (tokens_of(text) + ROW_TOKENS)


def answering(memories: Sequence[StoredMemory]) -> frozenset[str]:
    """The ids of memories that follow, in their session, one that asks something."""
    asking = {(one.session_id, one.place) for one in memories if one.session_id and asks_something(one.text)}
    return frozenset(one.id for one in memories if (one.session_id, one.place - 1) in asking)


def standings(densities: Mapping[str, float]) -> dict[str, float]:
    """For each memory, the share of the others with a lower density, 0..1; equal ones stand equal."""
    ranked = sorted(densities.values())
    others = max(len(ranked) - 1, 1)
    return {name: bisect.bisect_left(ranked, value) / others for name, value in densities.items()}


def least_first(
    memories: Sequence[StoredMemory],
    parts: Mapping[str, Mapping[str, float]],
    dials: ImportanceSettings,
    *,
    answers: Collection[str],
) -> list[tuple[str, float]]:
    """Ids with their `keeping`, the first to go first; equal ones in the order of their ids.

    Args:
        parts: id -> importance parts.
        answers: ids of those that answer, see `answering`.
    """
    stand = standings({one.id: density(one.text, answers=one.id in answers) for one in memories})
    keeping = [(one.id, importance({**parts[one.id], "specificity": stand[one.id]}, dials)) for one in memories]
    return sorted(keeping, key=lambda pair: (pair[1], pair[0]))
