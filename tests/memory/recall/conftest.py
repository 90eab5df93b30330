"""A database without rows is made once and copied for each test."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.memory.recall.shelf import Shelf
from workbench.memory.database import open_database


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "memory.sqlite"
    open_database(file).close()
    return file


@pytest.fixture(scope="module")
def new_shelf(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Shelf]:
    """A fresh store at each call, for tests that try many examples."""
    folder, numbers = tmp_path_factory.mktemp("shelves"), itertools.count()
    return lambda: Shelf(template, folder / str(next(numbers)))


@pytest.fixture
def shelf(template: Path, tmp_path: Path) -> Iterator[Shelf]:
    shelf = Shelf(template, tmp_path / "shelf")
    yield shelf
    shelf.close()
