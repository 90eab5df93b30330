"""One tiny base for all tests of the room."""

from __future__ import annotations

import pytest

from tests.adapters.training.tiny import tiny_base
from workbench.adapters.bases import Base


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Base:
    return tiny_base(tmp_path_factory.mktemp("tiny"))
