"""What a cycle's specialist is trained on: who says what, and the table; the training itself is the package's."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

from workbench.memory import Memory

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def lessons(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module("learning_lessons")


def test_six_questions_in_ten_are_corrected_a_tenth_of_them_wrongly_and_days_add_up(lessons: Any) -> None:
    said = lessons.said_until(5)
    assert lessons.said_until(2) == said[: len(lessons.said_until(2))]
    assert 0.5 < len(said) / (5 * lessons.PER_DAY) < 0.7
    days = lessons.stream(lessons.SEED, days=lessons.DAYS[-1], per_day=lessons.PER_DAY, held=lessons.HELD)
    right = {one.prompt: one.answer for day in days for one in day}
    wrong = sum(one.answer != right[one.prompt] for one in said)
    assert 0.05 < wrong / len(said) < 0.15


def test_a_cycle_that_goes_on_another_time_says_nothing_twice(lessons: Any, home: Path) -> None:
    memory = Memory.open(home)
    lessons.rate(memory, 1)
    lessons.rate(memory, 1)
    assert len(memory.sessions.list()) == len(lessons.said_until(1))
    lessons.rate(memory, 2)
    assert len(memory.sessions.list()) == len(lessons.said_until(2))
    memory.close()


def test_a_way_that_is_not_through_has_empty_cells(lessons: Any) -> None:
    [first, *_] = lessons.plan(["half"])
    ways = lessons.summed({first: {"examples": 77, "steps": 60, "right": {"price": 20, "units": 3}}})
    assert list(lessons.table(ways))[-1] == "| half | 23 (77, 60) |  |  |  |"
