"""The benchmark of doubts counts what it says: poison is found, and streams are the same for the same seed."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module("doubting")


def test_a_stream_is_its_seed_s_and_its_poison_lies_at_the_end(script: Any) -> None:
    one = script.simulated(3, poison=1.0)
    assert one == script.simulated(3, poison=1.0) != script.simulated(4, poison=1.0)
    assert one.poison[-120:] == (True,) * 120
    assert not any(one.poison[:-120])
    assert not any(one.approved[-120:])


def test_what_is_found_is_told_apart_from_what_is_honest(script: Any) -> None:
    doubts, honest, poisoned = script.looked_at(script.simulated(3, poison=1.0))
    assert (doubts, poisoned) == (1, 120)
    assert honest < 60


def test_sums_count_all_ratings_of_all_streams(script: Any) -> None:
    told = script.summed(2, poison=1.0)
    streams = [script.simulated(20_000 + number, poison=1.0) for number in range(2)]
    assert told["ratings"] == sum(rating is not None for one in streams for rating in one.approved)
    assert told["poison_found"] == 1.0
