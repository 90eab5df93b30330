"""The memory dashboard's state as the plain JSON that its widgets draw: no HTML, no colours, no widgets.

A browser puts every text on the page as text, so nothing that is remembered can become markup. What is sent is bounded:
a page of the table, a sample of the map, counts instead of single changes, and texts cut where only a glance is meant.

>>> date_of(0.0)[:4] in ("1969", "1970")
True
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import Any, get_args

from workbench.core.records import Recalled
from workbench.core.settings import Settings
from workbench.memory.memories import Change, Kind, State, StoredMemory, Tier
from workbench.memory.recall.why import when_said
from workbench.memory.upkeep.inspection import (
    Anatomy,
    Fading,
    Story,
    anatomy,
    fading,
    in_bins,
    parts_today,
    story,
)
from workbench.panels.memory_state import Desk, Explained, page_of, passes

Json = dict[str, Any]
GLANCE_CHARS = 180
LATEST_CHANGES = 12
MOST_SESSIONS = 200  # in the list to choose from
MOST_STORY = 40
ID = re.compile(r"\b[0-9a-f]{32}\b")
ID_CHARS = 8  # enough to be told apart, and what the command line accepts
MARKED_NAMES = 8  # ids of one bin that a click may open


def head(desk: Desk, home: str) -> Json:
    """What is kept, in one line, and what to do where nothing is."""
    if not desk.is_read:
        return {"summary": "Reading …", "empty": ""}
    active = [memory for memory in desk.memories if memory.state == "active"]
    counts = [
        f"{len(active):,} active {_memories(len(active))}",
        f"{sum(one.tier == 'long' for one in active):,} long-term",
        f"{sum(one.pinned for one in active):,} pinned",
        f"{len(desk.memories) - len(active):,} kept as history",
    ]
    empty = (
        ""
        if desk.memories
        else "Nothing is remembered yet. State a fact in the agent's dashboard, or run: "
        'workbench ask "My dog is called Rufus." Then press Refresh.'
    )
    return {"summary": f"{' · '.join(counts)} · in {home}", "empty": empty}


def table(desk: Desk, now: float) -> Json:
    """One page of memories and what the filters offer."""
    return {
        "rows": [_row(memory, now) for memory in page_of(desk)],
        "stored": len(desk.memories),
        "matched": len(desk.matches),
        "page": desk.page,
        "pages": desk.pages,
        "order": desk.order,
        "chosen": desk.chosen_id,
        "offers": {
            "kind": list(get_args(Kind)),
            "tier": list(get_args(Tier)),
            "state": list(get_args(State)),
            "session_id": [[one.id, one.name] for one in desk.sessions[:MOST_SESSIONS]],
        },
    }


def card(desk: Desk, settings: Settings, now: float) -> Json:
    """The memory that is opened: what it says, why it matters, how that will fall, what happened to it."""
    memory = desk.chosen
    if memory is None:
        return {}
    return {
        "id": memory.id,
        "text": memory.text,
        "pinned": memory.pinned,
        "state": memory.state,
        "facts": _facts(memory, desk, now),
        "anatomy": _anatomy(anatomy(memory.parts, settings.importance), memory),
        "fading": _fading(fading(memory, settings, now)),
        "today": round(anatomy(parts_today(memory, settings.importance, now), settings.importance).importance, 3),
        "story": _story(story(memory.id, desk.changes, desk.memories)),
    }


def recall(found: Explained | None) -> Json:
    """A recall with its reasons."""
    if found is None:
        return {"question": "", "k": 5, "hits": [], "low": 0.0, "high": 1.0}
    lows, highs = zip(*[_ends(hit) for hit in found.hits], strict=True) if found.hits else ((0.0,), (1.0,))
    return {
        "question": found.question,
        "k": found.k,
        "hits": [_hit(hit, hit.memory_id in found.handed) for hit in found.hits],
        "low": round(min(0.0, *lows), 4),
        "high": round(max(0.1, *highs), 4),
    }


def spots(desk: Desk) -> Json:
    """The map: every drawn memory with its place, and what the axes mean."""
    view = desk.view
    if view is None or not view.spots:
        return {"spots": [], "note": "", "explained": [0.0, 0.0]}
    return {
        "spots": [
            {
                "id": spot.memory.id,
                "at": [round(spot.x, 4), round(spot.y, 4)],
                "text": _glance(spot.memory.text),
                "kind": spot.memory.kind,
                "tier": spot.memory.tier,
                "importance": round(spot.memory.importance, 3),
            }
            for spot in view.spots
        ],
        "note": view.note,
        "explained": [round(share, 4) for share in view.plane.explained],
    }


def marks(desk: Desk) -> Json:
    """What stands out on the map: those that the filters hide, the opened one, the recalled ones, the question."""
    drawn = desk.view.spots if desk.view else ()
    found = desk.explained
    return {
        "hidden": [place for place, spot in enumerate(drawn) if not passes(spot.memory, desk.filters)],
        "chosen": desk.chosen_id,
        "recalled": [_at(place) for place in found.places.values()] if found else [],
        "question": _at(found.spot) if found and found.spot else None,
    }


def lifetimes(desk: Desk) -> Json:
    """What happened when, counted in spans, and the latest changes one by one."""
    known = {memory.id: memory for memory in desk.memories}
    bins = in_bins(desk.changes)
    return {
        "bins": [
            {
                "what": found.what,
                "at": round((found.start + found.end) / 2, 1),
                "count": found.count,
                "when": f"{date_of(found.start)} to {date_of(found.end)}",
                "ids": [name for name in found.memory_ids[:MARKED_NAMES] if name in known],
            }
            for found in bins
        ],
        "start": min((found.start for found in bins), default=0.0),
        "end": max((found.end for found in bins), default=0.0),
        "ends": [date_of(min(one.start for one in bins)), date_of(max(one.end for one in bins))] if bins else [],
        "latest": [_change(change, known.get(change.memory_id)) for change in desk.changes[: -LATEST_CHANGES - 1 : -1]],
    }


def date_of(at: float) -> str:
    """A moment as a person reads it, in the time zone of this machine."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))


def _row(memory: StoredMemory, now: float) -> Json:
    return {
        "id": memory.id,
        "text": _glance(memory.text),
        "kind": memory.kind,
        "tier": memory.tier,
        "state": memory.state,
        "pinned": memory.pinned,
        "importance": round(memory.importance, 2),
        "recalls": memory.recall_count,
        "said": when_said(now - memory.said_at),
        "date": date_of(memory.said_at),
    }


def _facts(memory: StoredMemory, desk: Desk, now: float) -> list[list[str]]:
    session = next((one.name for one in desk.sessions if one.id == memory.session_id), None)
    recalled = f", last {when_said(now - memory.recalled_at)}" if memory.recalled_at else ""
    facts = [
        ("Kind", memory.kind),
        ("Tier", f"{memory.tier}-term"),
        ("State", memory.state),
        ("Said", f"{date_of(memory.said_at)} by {memory.speaker or 'you'}"),
        ("Happens", date_of(memory.event_at) if memory.event_at else None),
        ("Session", session),
        ("Recalled", f"{memory.recall_count} times{recalled}"),
        ("Id", memory.id[:ID_CHARS]),
    ]
    return [[name, value] for name, value in facts if value]


def _anatomy(found: Anatomy, memory: StoredMemory) -> Json:
    return {
        "is_weighed": found.is_weighed,
        "importance": round(found.importance, 3),
        "stored": round(memory.importance, 3),
        "shares": [
            {"name": share.name, "value": round(share.value, 3), "weight": share.weight, "adds": round(share.adds, 4)}
            for share in found.shares
        ],
    }


def _fading(found: Fading) -> Json:
    return {
        "days": found.days[-1],
        "values": [round(value, 4) for value in found.importance],
        "expire_below": found.expire_below,
        "crosses": found.crosses_in_days,
        "sentence": found.outlook,
    }


def _story(found: Story) -> Json:
    return {
        "changes": [_change(change, None) for change in found.changes[-MOST_STORY:]],
        "replaced_by": _tied(found.replaced_by) if found.replaced_by else None,
        "replaces": [{**_tied(memory), "state": memory.state} for memory in found.replaces[:MOST_STORY]],
    }


def _tied(memory: StoredMemory) -> Json:
    return {"id": memory.id, "text": _glance(memory.text)}


def _change(change: Change, memory: StoredMemory | None) -> Json:
    return {
        "what": change.what,
        "why": ID.sub(lambda found: found[0][:ID_CHARS], change.why or ""),
        "when": date_of(change.at),
        "id": memory.id if memory else None,
        "text": _glance(memory.text) if memory else "",
    }


def _hit(hit: Recalled, handed: bool) -> Json:
    return {
        "id": hit.memory_id,
        "text": _glance(hit.text),
        "score": round(hit.score, 3),
        "why": hit.why,
        "handed": handed,
        "parts": [[name.replace("_", " "), round(value, 4)] for name, value in hit.parts.items()],
    }


def _ends(hit: Recalled) -> tuple[float, float]:
    """Where the stacked bar of a score begins and ends: its negative parts, and its positive ones."""
    values: Sequence[float] = list(hit.parts.values())
    return sum(value for value in values if value < 0), sum(value for value in values if value > 0)


def _at(place: tuple[float, float]) -> list[float]:
    return [round(place[0], 4), round(place[1], 4)]


def _glance(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= GLANCE_CHARS else line[: GLANCE_CHARS - 1].rstrip() + "…"


def _memories(count: int) -> str:
    return "memory" if count == 1 else "memories"
