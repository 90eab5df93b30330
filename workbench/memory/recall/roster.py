"""What recall knows of every active memory, in RAM: its words, who said it, when, and its neighbours.

    SQL ──journal──► refresh ──► rows:      id, session, place, speaker, said_at, month, length, first person, …
                                 postings:  term ──► (row, times stated, times asked), …

Read once when first needed and kept in step by the journal, so that every process sees what any other wrote. Nothing
of it lies on disk. Rows are never moved: one that is gone is marked dead, and when a quarter is dead all is read anew.
Row 0 is nobody: the neighbour of whoever has none. Neighbours are the nearest living memories of the same session, said
within a day of each other.

>>> roster.refresh(); len(roster)  # doctest: +SKIP
42
"""

from __future__ import annotations

import threading
import time
from array import array
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from workbench.memory.recall.reading import Reading, read

if TYPE_CHECKING:
    from workbench.memory.memories import Memories, StoredMemory

DEAD_SHARE = 0.25
FEW_SESSIONS = 8  # more changed at once are linked all together
SMALLEST_ROWS = 1_024
APART_S = 86_400.0  # a session taken up again after a day: what was said then is no neighbour of what is said now
LAST_S = 253_402_300_799.0  # the end of the year 9999: a later time is no time that calendars know
FIELDS = {
    "session": np.int32,  # a number for each session; -1 outside any
    "place": np.int32,
    "speaker": np.int32,  # a number for each name; 0 is the person at the keyboard
    "said_at": np.float64,
    "month": np.int16,  # 1..12 of said_at, UTC
    "year": np.int16,
    "stated": np.float32,  # terms in sentences that state
    "length": np.float32,  # terms in all
    "first_person": np.bool_,
    "ends_asking": np.bool_,
    "tells_time": np.bool_,
    "alive": np.bool_,
    "before": np.int32,  # row of the neighbour before; 0 where there is none
    "after": np.int32,
}


class Postings(NamedTuple):
    """Where a term occurs: rows, and how often it is stated and asked there."""

    rows: NDArray[np.int32]
    stated: NDArray[np.float32]
    asked: NDArray[np.float32]


class Roster:
    """Every active memory as recall needs it; hold `lock` while reading its arrays."""

    def __init__(self, memories: Memories) -> None:
        self._memories = memories
        self.lock = threading.RLock()
        self._seq = -1  # nothing read yet
        self._columns: dict[str, NDArray[Any]] = {}
        self._forget_all()

    def __len__(self) -> int:
        return self._living

    def refresh(self) -> None:
        """Read what the journal names since the last time; the first time, everything."""
        with self.lock:
            if self._seq < 0 or self._dead() > max(SMALLEST_ROWS, DEAD_SHARE * len(self.ids)):
                self._read_all()
                return
            news = self._memories.changed_since(self._seq)
            if news.ids:
                stored = self._memories.fetch(news.ids)
                self._replace(news.ids, [row for row in stored.values() if row.state == "active"])
            self._seq = news.last_seq

    def column(self, name: str) -> NDArray[Any]:
        """One field of every row, row 0 and dead ones included: shape (len(ids),)."""
        return self._columns[name][: len(self.ids)]

    def postings(self, term: str) -> Postings | None:
        """The living rows that hold a term."""
        if term not in self._postings:
            return None
        rows, stated, asked = (np.array(part) for part in self._postings[term])
        alive = self._columns["alive"][rows]
        if not alive.any():
            return None
        return Postings(rows[alive], stated[alive].astype(np.float32), asked[alive].astype(np.float32))

    def speakers(self) -> Sequence[str]:
        """The names of all speakers."""
        return [name for name in self._speakers if name is not None]

    def speaker_number(self, name: str | None) -> int:
        return self._speakers[name]

    def row_of(self, memory_id: str) -> int | None:
        """The row of an active memory."""
        return self._rows.get(memory_id)

    def neighbours(self, row: int) -> list[int]:
        """The rows before and after, where there are any."""
        return [other for name in ("before", "after") if (other := int(self._columns[name][row]))]

    def _forget_all(self) -> None:
        self._seq = -1
        self._living = 0
        self.ids: list[str] = [""]
        self._rows: dict[str, int] = {}
        self._postings: dict[str, tuple[array[int], array[int], array[int]]] = {}
        self._sessions: dict[str | None, int] = {None: -1}
        self._speakers: dict[str | None, int] = {None: 0}
        self._columns = {name: np.zeros(SMALLEST_ROWS, kind) for name, kind in FIELDS.items()}

    def _dead(self) -> int:
        return len(self.ids) - 1 - self._living

    def _read_all(self) -> None:
        self._forget_all()
        seq = self._memories.last_change()  # before the rows: what comes between is read twice, not lost
        for stored in self._memories.active():
            self._append(stored, read(stored.text, stored.speaker))
        self._link(np.flatnonzero(self.column("alive")))
        self._seq = seq

    def _replace(self, named: Iterable[str], stored: Sequence[StoredMemory]) -> None:
        """The named memories leave; those stored come back as they are now."""
        touched = {int(self._columns["session"][row]) for row in self._drop(named)}
        for one in stored:
            self._append(one, read(one.text, one.speaker))
            touched.add(self._sessions[one.session_id])
        alive, session = self.column("alive"), self.column("session")
        if len(touched) > FEW_SESSIONS:
            self._link(np.flatnonzero(alive))
            return
        for number in touched:
            self._link(np.flatnonzero(alive & (session == number)))

    def _drop(self, named: Iterable[str]) -> list[int]:
        rows = [self._rows.pop(name) for name in named if name in self._rows]
        self._columns["alive"][rows] = False
        self._living -= len(rows)
        return rows

    def _append(self, stored: StoredMemory, reading: Reading) -> None:
        row = len(self.ids)
        self._make_room(row + 1)
        self.ids.append(stored.id)
        self._rows[stored.id] = row
        self._living += 1
        said = time.gmtime(min(max(stored.said_at, 0.0), LAST_S))
        values = {
            "session": self._sessions.setdefault(stored.session_id, len(self._sessions) - 1),
            "place": stored.place,
            "speaker": self._speakers.setdefault(stored.speaker, len(self._speakers)),
            "said_at": stored.said_at,
            "month": said.tm_mon,
            "year": said.tm_year,
            "stated": sum(reading.stated.values()),
            "length": reading.length,
            "first_person": reading.first_person,
            "ends_asking": reading.ends_asking,
            "tells_time": reading.tells_time,
            "alive": True,
        }
        for name, value in values.items():
            self._columns[name][row] = value
        self._post(row, reading)

    def _post(self, row: int, reading: Reading) -> None:
        for term in {**reading.stated, **reading.asked}:
            if term not in self._postings:
                self._postings[term] = array("i"), array("H"), array("H")
            rows, stated, asked = self._postings[term]
            rows.append(row)
            stated.append(min(reading.stated.get(term, 0), 65_535))
            asked.append(min(reading.asked.get(term, 0), 65_535))

    def _make_room(self, rows: int) -> None:
        held = len(self._columns["alive"])
        if rows > held:
            for name, column in self._columns.items():
                self._columns[name] = np.concatenate([column, np.zeros(max(rows, 2 * held) - held, column.dtype)])

    def _link(self, rows: NDArray[np.intp]) -> None:
        """Set `before` and `after` of these rows: all the living ones of the sessions they belong to."""
        session, place = self._columns["session"], self._columns["place"]
        order = rows[np.lexsort((rows, place[rows], session[rows]))]
        same = (session[order[1:]] == session[order[:-1]]) & (session[order[1:]] >= 0)
        same &= np.abs(np.diff(self._columns["said_at"][order])) <= APART_S
        before, after = self._columns["before"], self._columns["after"]
        before[order] = after[order] = 0
        before[order[1:][same]] = order[:-1][same]
        after[order[:-1][same]] = order[1:][same]
