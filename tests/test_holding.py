"""An adapter holds what it was scored on and knows, and what it was trained on while nobody measured otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.adapters.merging.small import small_adapter
from workbench.adapters.shelf import Data, Provenance, Shelf
from workbench.corpus.interactions import EARLIER
from workbench.holding import HELD_FROM, held_skills, shares


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    shelf = Shelf(tmp_path / "adapters", 2**24)
    shelf.put(small_adapter(1), Provenance("train", "tiny", data=Data("0" * 64, {"add": 5, "dates": 5})), name="one")
    return shelf


def test_nobody_holds_nothing() -> None:
    assert held_skills(None) == frozenset()


def test_a_skill_is_held_because_it_was_trained_until_a_score_says_otherwise(shelf: Shelf) -> None:
    assert held_skills(shelf.find("one")) == {"add", "dates"}
    shelf.add_scores("one", shares([("add", False), ("use", True), ("use", False)]))
    assert held_skills(shelf.find("one")) == {"dates", "use"}


def test_earlier_use_is_watched_and_never_held(shelf: Shelf) -> None:
    shelf.add_scores("one", shares([(EARLIER, True)] * 9))
    assert EARLIER not in held_skills(shelf.find("one"))


def test_shares_count_each_skill_with_its_interval() -> None:
    [add, use] = shares([("add", True), ("use", False), ("add", True), ("add", False)])
    assert (add.skill, add.n, add.mean) == ("add", 3, pytest.approx(2 / 3))
    assert (use.n, use.mean) == (1, 0.0)
    assert add.low < HELD_FROM < add.high
