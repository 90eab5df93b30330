"""Who goes when the shelf is full."""

from __future__ import annotations

from workbench.adapters.shelf.quota import Held, to_free


def gone(*held: Held, needed: int, spared: frozenset[str] = frozenset()) -> list[str]:
    return [each.identity for each in to_free(held, needed_bytes=needed, quota_bytes=100, spared=spared)]


def test_nobody_goes_while_there_is_room() -> None:
    assert gone(Held("a", "a", 60, False, ()), needed=40) == []


def test_a_child_goes_before_the_parent_that_its_card_names() -> None:
    family = (Held("parent", "parent", 50, False, ()), Held("child", "child", 50, False, ("parent",)))
    assert gone(*family, needed=50) == ["child"]
    assert gone(*family, needed=100) == ["child", "parent"]


def test_parents_of_parents_of_a_spared_one_stay() -> None:
    line = (
        Held("grandmother", "g", 25, False, ()),
        Held("mother", "m", 25, False, ("grandmother",)),
        Held("champion", "c", 25, False, ("mother",)),
        Held("young", "y", 25, False, ()),
    )
    assert gone(*line, needed=25, spared=frozenset({"champion"})) == ["young"]
