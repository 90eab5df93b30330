"""Every test has its own home and sees no settings of the person who runs it."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.models.ollama_server import ollama_server
from tests.runs.homes import taught_home
from workbench.adapters.bases import Base, open_base
from workbench.agent import Agent, open_agent
from workbench.models.embedded import NAME, EmbeddedModel

__all__ = ["ollama_server", "taught_home"]

NOBODY = "http://127.0.0.1:9"  # the discard port: nothing listens there


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh WORKBENCH_HOME, and no Ollama server unless the test starts one."""
    for name in [name for name in os.environ if name.startswith(("WORKBENCH_", "OLLAMA_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("WORKBENCH_OLLAMA_HOST", NOBODY)
    return tmp_path / "home"


@pytest.fixture(autouse=True)
def own_log() -> Iterator[None]:
    """A command sends this process's log to its home; put back what was there."""
    log = logging.getLogger("workbench")
    handlers, level, propagate = list(log.handlers), log.level, log.propagate
    yield
    for handler in log.handlers:
        if handler not in handlers:
            handler.close()
    log.handlers, log.level, log.propagate = handlers, level, propagate


@pytest.fixture(scope="session")
def ray_home() -> Iterator[Path]:
    """Where Ray keeps its token, which it reads once in a process."""
    folder = tempfile.mkdtemp(prefix="ray")
    yield Path(folder)
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def embedded() -> EmbeddedModel:
    """The real embedded model, loaded once for all tests."""
    model = EmbeddedModel()
    model.load()
    return model


@pytest.fixture(scope="session")
def bases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where weights turned from GGUF are kept, shared by all tests of a run."""
    return tmp_path_factory.mktemp("bases")


@pytest.fixture(scope="session")
def base(bases: Path) -> Base:
    """The embedded model as a base for adapters, turned from GGUF once for all tests (10 to 30 s)."""
    return open_base(NAME, bases)


@pytest.fixture
async def agent(home: Path) -> AsyncIterator[Agent]:
    """An agent on a fresh home; hand it a model in `ask(model=…)`."""
    async with open_agent(home=home) as opened:
        yield opened
