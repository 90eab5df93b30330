"""The memory desk: filters, order, pages and the choice, without a store or a widget."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import pytest

from workbench.core.errors import QuestionError
from workbench.core.records import Recalled, Session
from workbench.core.schema import Settings
from workbench.memory.memories import Change, StoredMemory
from workbench.memory.upkeep.inspection import Plane, Spot, VectorMap
from workbench.panels import memory_showing, memory_state
from workbench.panels.memory_state import PAGE_ROWS, Desk, Explained, Filters, filters_from, page_of

NOON = datetime(2026, 11, 3, 12).timestamp()
DAY_S = 86_400.0


def a_memory(number: int, **changes: Any) -> StoredMemory:
    made = StoredMemory(
        **{"id": f"m{number}", "text": f"Statement {number}.", "said_at": NOON + number, "session_id": "s1"},
        **{"turn_id": None, "place": number, "speaker": None, "kind": "fact", "event_at": None, "tier": "short"},
        **{"state": "active", "replaced_by": None, "importance": 0.3, "parts": {"novelty": 1.0}, "pinned": False},
        **{"recall_count": 0, "recalled_at": None, "embedder": "e"},
    )
    return replace(made, **changes)


MIXED = (
    a_memory(1, text="My dog is called Rufus.", kind="fact"),
    a_memory(2, text="I prefer green tea.", kind="preference", pinned=True, importance=0.9),
    a_memory(3, text="Ich wohne in der Straße am Café.", tier="long", recall_count=4),
    a_memory(4, text="An old address.", state="superseded", replaced_by="m3"),
    a_memory(5, text="Said in another session.", session_id="s2", said_at=NOON - 10 * DAY_S),
)


def listed(filters: Filters, memories: tuple[StoredMemory, ...] = MIXED) -> set[str]:
    return {one.id for one in memory_state.narrowed(memory_state.read(Desk(), memories), filters).matches}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(), {"m1", "m2", "m3", "m5"}),
        (Filters(state=None), {"m1", "m2", "m3", "m4", "m5"}),
        (Filters(state="superseded"), {"m4"}),
        (Filters(kind="preference"), {"m2"}),
        (Filters(tier="long"), {"m3"}),
        (Filters(session_id="s2"), {"m5"}),
        (Filters(pinned=True), {"m2"}),
        (Filters(since=NOON), {"m1", "m2", "m3"}),
        (Filters(until=NOON), {"m5"}),
        (Filters(words="RUFUS dog"), {"m1"}),
        (Filters(words="strasse ｃａｆé"), {"m3"}),
        (Filters(words="rufus tea"), set()),
        (Filters(kind="fact", tier="long", words="café"), {"m3"}),
    ],
    ids=lambda value: str(value)[:60] if isinstance(value, Filters) else "",
)
def test_a_filter_lists_what_passes_and_nothing_else(filters: Filters, expected: set[str]) -> None:
    assert listed(filters) == expected


def test_orders_put_the_latest_the_weightiest_or_the_most_recalled_first() -> None:
    desk = memory_state.read(Desk(), MIXED)
    assert [one.id for one in desk.matches] == ["m3", "m2", "m1", "m5"]
    assert memory_state.ordered(desk, "importance").matches[0].id == "m2"
    assert memory_state.ordered(desk, "recalls").matches[0].id == "m3"
    assert [one.text[0] for one in memory_state.ordered(desk, "text").matches] == ["I", "I", "M", "S"]


def test_pages_hold_every_match_once_and_a_page_outside_is_the_nearest() -> None:
    desk = memory_state.read(Desk(), tuple(a_memory(number) for number in range(2 * PAGE_ROWS + 1)))
    pages = [page_of(memory_state.turned(desk, page)) for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [PAGE_ROWS, PAGE_ROWS, 1]
    assert len({one.id for page in pages for one in page}) == 2 * PAGE_ROWS + 1
    assert memory_state.turned(desk, 99).page == 3
    assert memory_state.turned(desk, -1).page == 1


def test_a_filter_goes_back_to_the_first_page() -> None:
    desk = memory_state.turned(memory_state.read(Desk(), tuple(a_memory(number) for number in range(40))), 2)
    assert memory_state.narrowed(desk, Filters(words="Statement")).page == 1


def test_reading_again_keeps_filters_page_and_choice_while_they_exist() -> None:
    many = tuple(a_memory(number) for number in range(40))
    desk = memory_state.chose(memory_state.turned(memory_state.read(Desk(), many), 3), "m7")
    again = memory_state.read(desk, many)
    assert (again.page, again.chosen_id) == (3, "m7")
    fewer = memory_state.read(desk, many[8:10])
    assert (fewer.page, fewer.chosen_id) == (1, None)


def test_an_explanation_drops_what_was_forgotten_since() -> None:
    hits = (Recalled("m1", "a", 1.0, "why", 0.0), Recalled("m2", "b", 0.5, "why", 0.0))
    desk = memory_state.explained(memory_state.read(Desk(), MIXED), Explained("Who?", 5, hits))
    left = memory_state.read(desk, MIXED[1:]).explained
    assert left is not None
    assert [hit.memory_id for hit in left.hits] == ["m2"]


def test_an_id_that_is_not_stored_opens_nothing() -> None:
    assert memory_state.chose(memory_state.read(Desk(), MIXED), "gone").chosen is None


def test_dates_of_the_page_include_both_days() -> None:
    filters = filters_from({"since": "2026-11-03", "until": "2026-11-03", "words": "", "kind": "", "state": "active"})
    assert filters.since == datetime(2026, 11, 3).timestamp()
    assert filters.until == datetime(2026, 11, 4).timestamp()
    assert (filters.kind, filters.words) == (None, "")
    assert "m1" in listed(filters)


def test_a_date_that_is_none_is_refused_in_a_sentence() -> None:
    with pytest.raises(QuestionError, match="write it as 2026-11-03"):
        filters_from({"since": "yesterday"})


def test_ten_thousand_memories_are_narrowed_and_shown_within_half_a_second() -> None:
    many = tuple(a_memory(number) for number in range(10_000))
    spots = tuple(Spot(one, float(number), 1.0) for number, one in enumerate(many[:2000]))
    view = VectorMap(spots, len(many), Plane(np.zeros(2), np.zeros((2, 2)), (0.5, 0.2)))
    changes = tuple(Change(number, one.id, "remembered", None, one.said_at) for number, one in enumerate(many))
    desk = memory_state.read(Desk(), many, (), changes, view)
    begun = time.perf_counter()
    desk = memory_state.narrowed(desk, Filters(words="statement 99"))
    sent = [memory_showing.table(desk, NOON), memory_showing.marks(desk), memory_showing.lifetimes(desk)]
    assert time.perf_counter() - begun < 0.5
    assert len(sent[0]["rows"]) == PAGE_ROWS
    assert len(json.dumps(sent)) < 60_000
    assert len(json.dumps(memory_showing.spots(desk))) < 500_000


def test_the_empty_store_says_what_to_do() -> None:
    assert "workbench ask" in memory_showing.head(memory_state.read(Desk(), ()), "home")["empty"]
    assert memory_showing.head(memory_state.read(Desk(), MIXED), "home")["empty"] == ""


def test_the_card_of_a_replaced_memory_leads_to_what_replaced_it() -> None:
    desk = memory_state.chose(memory_state.read(Desk(), MIXED, (Session("s1", "holiday", 0.0),)), "m4")
    card = memory_showing.card(desk, Settings(), NOON)
    assert card["story"]["replaced_by"]["id"] == "m3"
    assert ["Session", "holiday"] in card["facts"]
    assert sum(share["adds"] for share in card["anatomy"]["shares"]) == pytest.approx(
        card["anatomy"]["importance"], abs=0.001
    )
    back = memory_showing.card(memory_state.chose(desk, "m3"), Settings(), NOON)
    assert [one["id"] for one in back["story"]["replaces"]] == ["m4"]


def test_a_score_below_zero_widens_the_scale_to_the_left() -> None:
    hit = Recalled("m1", "a", 0.9, "why", 0.0, parts={"words": 1.0, "asks": -0.1})
    shown = memory_showing.recall(Explained("Who?", 5, (hit,), frozenset({"m1"})))
    assert (shown["low"], shown["high"]) == (-0.1, 1.0)
    assert shown["hits"][0]["handed"]


def test_long_ids_in_a_reason_are_shortened() -> None:
    change = Change(1, "m3", "superseded", f"by {'0a' * 16}", NOON)
    desk = memory_state.chose(memory_state.read(Desk(), MIXED, (), (change,)), "m3")
    assert memory_showing.card(desk, Settings(), NOON)["story"]["changes"][0]["why"] == "by 0a0a0a0a"
