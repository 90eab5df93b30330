"""Feedback that is set apart in a home: found anew at each cycle, until a person calls it right.

    memory's turns ─► doubts (`inspecting`) ───────┬─► evidence is gathered without them
    trusted.json: ids that a person calls right ───┘   memory recalls none of their corrections

Nothing is forgotten: what is trusted, or no longer doubted, is recalled and learned from as all else.

>>> doubting = Doubting(agent.memory, home / "cycles")                    # doctest: +SKIP
>>> [one.sentence for one in doubting.found()]                            # doctest: +SKIP
['120 answers rated since 30 November 2026 were approved 0 times, where 34 were to be expected at least']
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workbench import disk
from workbench.core.errors import StoreError
from workbench.cycles.inspecting import Doubt, Rating, doubts

if TYPE_CHECKING:
    from workbench.core.records import Feedback, Turn
    from workbench.memory import Memory
    from workbench.memory.sessions.sessions import Sessions

TRUSTED = "trusted.json"


class Doubting:
    """What is set apart in one home.

    Args:
        folder: of the cycles.
    """

    def __init__(self, memory: Memory, folder: Path) -> None:
        self.memory, self._file = memory, folder / TRUSTED

    def found(self) -> tuple[Doubt, ...]:
        """What is doubted now; memory recalls none of its corrections from here on, and again what is doubted no more.

        Raises:
            ModelError: the embedder cannot be loaded.
            StoreError: memory cannot be read or written.
        """
        every, questions = heard(self.memory.sessions)
        found = doubts(every, self.memory.embedder.embed(questions), self._trusted()) if every else ()
        self.memory.doubt_corrections([turn for one in found for turn in one.turns])
        return found

    def trust(self) -> tuple[Doubt, ...]:
        """A person says that what is doubted is right: it is learned from and recalled as all else.

        Returns:
            What was doubted.
        Raises:
            ModelError, StoreError: as `found`.
        """
        found = self.found()
        if found:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with disk.replacing(self._file) as file:
                json.dump(sorted(self._trusted().union(*(one.turns for one in found))), file)
            self.memory.doubt_corrections(())
        return found

    def _trusted(self) -> frozenset[str]:
        if not self._file.exists():
            return frozenset()
        try:
            return frozenset(map(str, json.loads(self._file.read_text(encoding="utf-8"))))
        except (ValueError, TypeError) as error:
            raise StoreError(f"{self._file} cannot be read; move it away, and trust anew what is set apart") from error


def heard(sessions: Sessions) -> tuple[list[Rating], list[str]]:
    """Every turn by the time of the last word about it, or of its question, and its question beside it.

    Raises:
        StoreError: memory cannot be read.
    """
    turns = [(turn, sessions.feedback(turn.id)) for one in sessions.list() for turn in sessions.turns(one.id)]
    found = [(_rating(turn, said), turn.question) for turn, said in turns]
    found.sort(key=lambda each: each[0].at)
    return [one for one, _ in found], [question for _, question in found]


def _rating(turn: Turn, said: Sequence[Feedback]) -> Rating:
    return Rating(turn.id, said[-1].kind == "up", said[-1].given_at) if said else Rating(turn.id, None, turn.asked_at)
