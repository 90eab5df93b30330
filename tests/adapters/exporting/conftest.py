"""Fixtures of the export's tests."""

from tests.adapters.tiny_models import tiny
from tests.models.conftest import dead_url
from tests.models.ollama_server import ollama_server

__all__ = ["dead_url", "ollama_server", "tiny"]
