"""One tiny base for all tests of the room, on one thread: two would only wait for each other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.adapters.training.tiny import tiny_base
from workbench.adapters.bases import Base


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Base:
    return tiny_base(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
