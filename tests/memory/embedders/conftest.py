"""The Ollama server of the models' tests, which speaks its wire format over a real socket."""

from tests.models.conftest import dead_url
from tests.models.ollama_server import ollama_server

__all__ = ["dead_url", "ollama_server"]
