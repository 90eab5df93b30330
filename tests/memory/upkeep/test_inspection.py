"""What is drawn of memory: sums that add up, curves that agree with consolidation, maps that keep what is near."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from workbench.core.records import Statement
from workbench.core.schema import ConsolidationSettings, ImportanceSettings, Settings
from workbench.memory import Memory
from workbench.memory.memories import Change, StoredMemory
from workbench.memory.upkeep.inspection import (
    DAY_S,
    anatomy,
    counted,
    fading,
    in_bins,
    life_order,
    parts_today,
    plane_of,
    story,
    vector_map,
)
from workbench.memory.weighing.importance import PARTS, importance

NOW = 1_800_000_000.0
DIALS = ImportanceSettings()
SETTINGS = Settings(consolidation=ConsolidationSettings(expire_below=0.25, expire_after_days=14.0))
WEAK = {"novelty": 0.3, "specificity": 0.2, "explicit": 0.0, "feedback": 0.5, "recalled": 0.0, "recency": 1.0}


def a_memory(**changes: Any) -> StoredMemory:
    made = StoredMemory(
        **{"id": "m1", "text": "My dog is called Rufus.", "said_at": NOW, "session_id": None, "turn_id": None},
        **{"place": 0, "speaker": None, "kind": "fact", "event_at": None, "tier": "short", "state": "active"},
        **{"replaced_by": None, "importance": importance(WEAK, DIALS), "parts": WEAK, "pinned": False},
        **{"recall_count": 0, "recalled_at": None, "embedder": "e"},
    )
    return replace(made, **changes)


@pytest.mark.parametrize("explicit", [0.0, 1.0])
def test_the_shares_of_an_importance_add_up_to_it(explicit: float) -> None:
    found = anatomy({**WEAK, "explicit": explicit}, DIALS)
    assert [share.name for share in found.shares[:-1]] == list(PARTS)
    assert sum(share.adds for share in found.shares) == pytest.approx(found.importance)
    assert (found.shares[-1].adds > 0) == (explicit > 0)


def test_a_memory_that_was_never_weighed_says_so() -> None:
    assert not anatomy({}, DIALS).is_weighed
    assert anatomy(WEAK, DIALS).is_weighed


def test_importance_falls_with_recency_alone_and_recency_halves_after_its_half_life() -> None:
    curve = fading(a_memory(), SETTINGS, NOW, horizon_days=60)
    assert curve.recency[0] == pytest.approx(1.0)
    assert curve.recency[30] == pytest.approx(0.5)
    assert list(curve.importance) == sorted(curve.importance, reverse=True)
    assert curve.importance[30] == pytest.approx(importance({**WEAK, "recency": 0.5}, DIALS))


def test_recalls_since_it_was_weighed_count_today() -> None:
    parts = parts_today(a_memory(recall_count=3, recalled_at=NOW - 30 * DAY_S, said_at=NOW - 90 * DAY_S), DIALS, NOW)
    assert (parts["recalled"], parts["recency"]) == (0.5, pytest.approx(0.5))
    assert parts["novelty"] == WEAK["novelty"]


def test_a_fresh_weak_memory_expires_only_when_it_has_been_idle_for_long_enough() -> None:
    curve = fading(a_memory(), SETTINGS, NOW)
    assert curve.crosses_in_days == 0
    assert curve.expires_in_days == 14
    assert fading(a_memory(said_at=NOW - 10 * DAY_S), SETTINGS, NOW).expires_in_days == 4


def test_what_is_still_to_happen_expires_after_it_has_happened() -> None:
    assert fading(a_memory(event_at=NOW + 50 * DAY_S), SETTINGS, NOW).expires_in_days == 50


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"pinned": True}, "pinned"),
        ({"tier": "long"}, "contradicted"),
        ({"kind": "preference"}, "contradicted"),
        ({"state": "merged"}, "merged already"),
    ],
)
def test_what_does_not_expire_says_why(changes: dict[str, Any], reason: str) -> None:
    curve = fading(a_memory(**changes), SETTINGS, NOW)
    assert curve.expires_in_days is None
    assert reason in (curve.kept_because or "")


def test_a_strong_memory_stays() -> None:
    strong = a_memory(parts=dict.fromkeys(PARTS, 0.9))
    curve = fading(strong, SETTINGS, NOW)
    assert (curve.crosses_in_days, curve.expires_in_days, curve.kept_because) == (None, None, None)


async def test_the_day_of_expiry_is_the_day_on_which_consolidation_lets_it_expire(
    open_memory: Callable[..., Memory],
) -> None:
    memory = open_memory(settings=SETTINGS)
    said_at = NOW - 100 * DAY_S
    await memory.add([Statement("It was nice there.", said_at=said_at), Statement("It was nice here.", said_at=NOW)])
    old, _ = sorted(memory.memories.list(), key=lambda one: one.said_at)
    start = said_at + DAY_S
    day = fading(old, memory.settings, start).expires_in_days
    assert day is not None
    assert day > 0
    assert old.id not in _expiring(memory, start + (day - 1) * DAY_S)
    assert old.id in _expiring(memory, start + (day + 0.01) * DAY_S)


def _expiring(memory: Memory, now: float) -> set[str]:
    plan = memory.consolidator.preview(now)
    return {decision.memory_id for decision in plan.decisions if decision.what == "expired"}


def test_a_story_knows_what_it_replaced_and_what_replaced_it() -> None:
    new, old, twin = a_memory(id="new"), a_memory(id="old", replaced_by="new"), a_memory(id="twin", replaced_by="new")
    changes = [Change(1, "old", "remembered", None, 1.0), Change(2, "new", "remembered", None, 2.0)]
    found = story("new", changes, [new, old, twin])
    assert {one.id for one in found.replaces} == {"old", "twin"}
    assert [change.seq for change in found.changes] == [2]
    assert story("old", changes, [new, old, twin]).replaced_by == new


def test_the_plane_explains_what_two_directions_can_and_has_a_fixed_sign() -> None:
    generator = np.random.default_rng(0)
    wide = generator.normal(size=(200, 2)) * (5.0, 2.0)
    vectors = np.hstack([wide, 0.1 * generator.normal(size=(200, 6))]).astype(np.float32)
    plane = plane_of(vectors)
    assert plane.explained[0] > plane.explained[1] > 0.1
    assert sum(plane.explained) > 0.99
    assert plane_of(vectors[::-1]).axes == pytest.approx(plane.axes, abs=1e-6)
    assert plane.place(vectors).shape == (200, 2)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_the_plane_of_few_vectors_is_no_error(count: int) -> None:
    plane = plane_of(np.eye(4, dtype=np.float32)[:count])
    assert plane.place(np.eye(4, dtype=np.float32)[:count]).shape == (count, 2)


async def test_the_map_puts_like_beside_like_and_says_what_it_left_out(memory: Memory) -> None:
    pets = [f"My {pet} sleeps on the sofa." for pet in ("dog", "cat", "puppy", "kitten")]
    cars = [f"The {part} of my car needs a repair." for part in ("engine", "brake", "clutch", "gearbox")]
    await memory.add([Statement(text) for text in pets + cars])
    view = vector_map(memory.memories, memory.embedder.name)
    x = {spot.memory.text: spot.x for spot in view.spots}
    sides = [{np.sign(x[text]) for text in group} for group in (pets, cars)]
    assert sides in ([{1.0}, {-1.0}], [{-1.0}, {1.0}])
    assert view.note == "All 8 active memories"
    sample = vector_map(memory.memories, memory.embedder.name, most=3)
    assert len(sample.spots) == 3
    assert sample.note == "A random sample of 3 of 8 active memories"
    again = vector_map(memory.memories, memory.embedder.name, most=3)
    assert again.spots == sample.spots


def test_the_map_of_an_empty_store_is_empty(memory: Memory) -> None:
    view = vector_map(memory.memories, memory.embedder.name)
    assert (view.spots, view.total) == ((), 0)


def test_bins_count_every_change_once_in_the_order_of_a_life() -> None:
    changes = [Change(n, f"m{n}", "remembered", None, float(n)) for n in range(100)]
    changes += [Change(100, "m1", "expired", None, 99.0), Change(101, "m2", "promoted", None, 50.0)]
    bins = in_bins(changes, bins=10)
    assert sum(found.count for found in bins) == len(changes)
    assert list(dict.fromkeys(found.what for found in bins)) == ["remembered", "promoted", "expired"]
    assert [found.count for found in bins if found.what == "remembered"] == [10] * 10
    assert counted(changes) == {"remembered": 100, "promoted": 1, "expired": 1}


def test_bins_of_nothing_and_of_one_moment_are_no_error() -> None:
    assert in_bins([]) == ()
    [found] = in_bins([Change(1, "m", "pinned", None, 5.0), Change(2, "n", "pinned", None, 5.0)])
    assert (found.count, found.memory_ids) == (2, ("m", "n"))


def test_a_change_of_a_kind_nobody_knows_comes_last() -> None:
    assert sorted(["dreamt", "forgotten", "remembered"], key=life_order) == ["remembered", "forgotten", "dreamt"]
