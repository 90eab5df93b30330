"""Each test has its own home; the real embedder is loaded once for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from workbench.memory import Memory, MiniLM
from workbench.memory.database import Database, open_database


@pytest.fixture(scope="session")
def minilm() -> MiniLM:
    return MiniLM()


@pytest.fixture
def open_memory(tmp_path: Path, minilm: MiniLM) -> Iterator[Callable[..., Memory]]:
    opened: list[Memory] = []

    def opener(home: Path = tmp_path, **options: object) -> Memory:
        opened.append(Memory.open(home, **{"embedder": minilm, **options}))
        return opened[-1]

    yield opener
    for memory in opened:
        memory.close()


@pytest.fixture
def memory(open_memory: Callable[..., Memory]) -> Memory:
    return open_memory()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = open_database(tmp_path / "memory.sqlite")
    yield database
    database.close()
