"""Pictures of docs/ come from the records alone, the same each time."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module("figures")


def labels(axes: Any) -> list[str]:
    return [one.get_text() for one in axes.get_yticklabels()]


def test_every_row_of_the_record_is_drawn_and_one_of_fewer_pairs_says_so(figures: ModuleType) -> None:
    part = json.loads((FOLDER / "results/evolution.json").read_text(encoding="utf-8"))["gold"]
    [axes] = figures.evolution({"gold": part}).axes
    pairs = max(one["pairs"] for one in part["rows"].values())
    assert labels(axes) == [
        name if one["pairs"] == pairs else f"{name} ({one['pairs']})" for name, one in part["rows"].items()
    ]


def test_days_of_an_arm_are_a_line_and_full_supervision_is_a_level(figures: ModuleType) -> None:
    days = [{"mean": mean, "interval_95": [mean - 0.1, mean + 0.1]} for mean in (0.1, 0.4, 0.6)]
    record = {"arms": {"both": {"seeds": 2, "days": days}, "supervised": {"seeds": 2, "days": days[-1:]}}}
    [axes] = figures.learning_cycle(record).axes
    line, level = axes.get_lines()
    assert list(line.get_ydata()) == [0.1, 0.4, 0.6]
    assert set(level.get_ydata()) == {0.6}
