"""The home of `homes.py`, copied for each test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.runs.homes import learning_in
from workbench.adapters.bases import Base
from workbench.corpus.skills import generate
from workbench.hardware.giving_back import give_back
from workbench.learning import Learning
from workbench.runs import Materials

Opened = Callable[..., Learning]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Small matrices are faster on one thread, and other processes are left alone."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def memory_given_back() -> Iterator[None]:
    """Each test loads the base; what is left of it counts against the memory that later tests may take."""
    yield
    give_back()


@pytest.fixture
def open_home(taught_home: Path, base: Base, tmp_path: Path) -> Opened:
    """What learns in a copy of that home; a name gives another copy, settings change what they name."""

    def opened(name: str = "home", **changes: object) -> Learning:
        home = tmp_path / name
        if not home.exists():
            shutil.copytree(taught_home, home)
        return learning_in(home, base, **changes)

    return opened


@pytest.fixture(scope="session")
def materials() -> Materials:
    """Few, so that a generation takes seconds."""
    tune = generate("name_date", 4, seed=1)
    return Materials.of(tune, fresh=generate("name_date", 8, seed=2), confirm=0.3)
