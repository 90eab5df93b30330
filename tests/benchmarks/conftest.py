"""The modules of the benchmark of evolution, found as its scripts find each other."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module of the benchmark, by the end of its name; they find each other as scripts do."""
    monkeypatch.syspath_prepend(str(FOLDER))

    def module(name: str) -> ModuleType:
        return importlib.import_module(f"evolution_{name}")

    return module
