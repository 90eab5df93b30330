"""Fixtures of the models' tests."""

import socket

import pytest

from tests.adapters.tiny_models import tiny
from tests.models.ollama_server import ollama_server

__all__ = ["dead_url", "ollama_server", "tiny"]


@pytest.fixture
def dead_url() -> str:
    """An address on which nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"
