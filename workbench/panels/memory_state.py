"""What the memory dashboard shows: a frozen record of the store as it was read, the filters, the page, the choice.

    read ──► narrowed (filters, order) ──► turned (page) ──► chosen (one memory) ──► explained (a recall)

Every function takes a state and returns a new one; filtering and paging work on what was read, so that ten thousand
memories are asked of the database once. It does not know widgets, stores or clocks.

>>> desk = narrowed(read(Desk(), memories), Filters(words="dog"))        # doctest: +SKIP
>>> [memory.text for memory in page_of(desk)]                            # doctest: +SKIP
['My dog is called Rufus.']
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from workbench.core.errors import QuestionError
from workbench.core.records import Recalled, Session
from workbench.memory.memories import Change, StoredMemory
from workbench.memory.upkeep.inspection import VectorMap

Order = Literal["said", "importance", "recalls", "text"]
PAGE_ROWS = 12
MOST_HITS = 20
ORDERS: Mapping[Order, Callable[[StoredMemory], Any]] = {
    "said": lambda memory: (-memory.said_at, -memory.place, memory.id),
    "importance": lambda memory: (-memory.importance, -memory.said_at),
    "recalls": lambda memory: (-memory.recall_count, -memory.said_at),
    "text": lambda memory: (memory.text.casefold(), memory.id),
}


@dataclass(frozen=True, slots=True)
class Filters:
    """Which memories the table lists; what is empty or None lets all pass."""

    words: str = ""  # all of them occur in the text, in any order
    kind: str | None = None
    tier: str | None = None
    state: str | None = "active"
    session_id: str | None = None
    pinned: bool = False  # only pinned ones
    since: float | None = None  # said at this time or later
    until: float | None = None  # said before this time


@dataclass(frozen=True, slots=True)
class Explained:
    """A recall that was asked for by a person: its hits, and which of them the agent would be handed."""

    question: str
    k: int  # at most so many hits were asked for
    hits: tuple[Recalled, ...]  # best first
    handed: frozenset[str] = frozenset()
    places: Mapping[str, tuple[float, float]] = field(default_factory=dict)  # on the map, by memory id
    spot: tuple[float, float] | None = None  # the question's own place


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that is on the screen."""

    is_read: bool = False
    memories: tuple[StoredMemory, ...] = ()
    sessions: tuple[Session, ...] = ()
    changes: tuple[Change, ...] = ()
    view: VectorMap | None = None
    filters: Filters = Filters()
    order: Order = "said"
    page: int = 1
    matches: tuple[StoredMemory, ...] = ()  # what the filters let pass, in order
    chosen_id: str | None = None
    explained: Explained | None = None

    @property
    def pages(self) -> int:
        return max(1, -(-len(self.matches) // PAGE_ROWS))

    @property
    def chosen(self) -> StoredMemory | None:
        return next((memory for memory in self.memories if memory.id == self.chosen_id), None)


def read(
    desk: Desk,
    memories: tuple[StoredMemory, ...],
    sessions: tuple[Session, ...] = (),
    changes: tuple[Change, ...] = (),
    view: VectorMap | None = None,
) -> Desk:
    """The desk with the store as it is now; filters and page stay, and so does the choice while it is stored."""
    ids = {memory.id for memory in memories}
    chosen = desk.chosen_id if desk.chosen_id in ids else None
    explained = desk.explained and _still_stored(desk.explained, ids)
    fresh = replace(desk, is_read=True, memories=memories, sessions=sessions, changes=changes, view=view)
    return _matched(replace(fresh, chosen_id=chosen, explained=explained))


def narrowed(desk: Desk, filters: Filters) -> Desk:
    """The desk with other filters, on its first page."""
    return _matched(replace(desk, filters=filters, page=1))


def ordered(desk: Desk, order: Order) -> Desk:
    """The desk in another order, on its first page."""
    return _matched(replace(desk, order=order, page=1))


def turned(desk: Desk, page: int) -> Desk:
    """The desk on another page; one outside the range is the nearest that exists."""
    return replace(desk, page=min(max(1, page), desk.pages))


def chose(desk: Desk, memory_id: str | None) -> Desk:
    """The desk with one memory opened; an id that is not stored opens none."""
    return replace(desk, chosen_id=memory_id if any(one.id == memory_id for one in desk.memories) else None)


def explained(desk: Desk, found: Explained) -> Desk:
    """The desk with the reasons of a recall."""
    return replace(desk, explained=found)


def page_of(desk: Desk) -> tuple[StoredMemory, ...]:
    """The memories of the page that is shown."""
    start = (desk.page - 1) * PAGE_ROWS
    return desk.matches[start : start + PAGE_ROWS]


def filters_from(said: Mapping[str, Any]) -> Filters:
    """Filters as a page sends them: text for each field, dates as YYYY-MM-DD, both days included.

    Raises:
        QuestionError: a date is none.
    """
    known = {one.name for one in fields(Filters)} - {"pinned", "since", "until"}
    values: dict[str, Any] = {name: str(said.get(name) or "") or None for name in known}
    values["words"] = values["words"] or ""
    until = _day(said.get("until"))
    return Filters(
        **values,
        pinned=bool(said.get("pinned")),
        since=_seconds(_day(said.get("since"))),
        until=_seconds(until and until + timedelta(days=1)),
    )


def passes(memory: StoredMemory, filters: Filters) -> bool:
    """Whether a memory is listed."""
    wanted = ((filters.kind, memory.kind), (filters.tier, memory.tier), (filters.state, memory.state))
    return (
        all(asked is None or asked == found for asked, found in wanted)
        and (filters.session_id is None or filters.session_id == memory.session_id)
        and (memory.pinned or not filters.pinned)
        and (filters.since is None or memory.said_at >= filters.since)
        and (filters.until is None or memory.said_at < filters.until)
        and _holds(memory.text, filters.words)
    )


def _matched(desk: Desk) -> Desk:
    found = sorted((one for one in desk.memories if passes(one, desk.filters)), key=ORDERS[desk.order])
    return turned(replace(desk, matches=tuple(found)), desk.page)


def _holds(text: str, words: str) -> bool:
    if not words:
        return True
    folded = _folded(text)
    return all(word in folded for word in _folded(words).split())


def _folded(text: str) -> str:
    """Case and width folded: what a person types finds what another typed."""
    return unicodedata.normalize("NFKC", text).casefold()


def _still_stored(found: Explained, ids: set[str]) -> Explained:
    return replace(found, hits=tuple(hit for hit in found.hits if hit.memory_id in ids))


def _day(written: object) -> datetime | None:
    if not written:
        return None
    try:
        return datetime.strptime(str(written), "%Y-%m-%d")
    except ValueError as error:
        raise QuestionError(f"{written!r} is not a date; write it as 2026-11-03") from error


def _seconds(day: datetime | None) -> float | None:
    """Midnight of a day where the person is, as seconds since the epoch."""
    return day.timestamp() if day else None
