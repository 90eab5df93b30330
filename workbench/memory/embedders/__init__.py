"""Text becomes vectors: one file for each kind of model, all with the Protocol in `protocol.py`.

`minilm` comes with the workbench and works offline; `multilingual_e5` is an optional package for a hundred languages;
`ollama` asks a server; `hugging_face` runs any sentence encoder that is on this machine. `prefixes` holds what a model
wants to read before a text. `open_embedder` reads the setting `memory.embedder`. Importing it loads no model.
"""

from workbench.memory.embedders.minilm import MiniLM
from workbench.memory.embedders.opening import open_embedder
from workbench.memory.embedders.protocol import Embedder

__all__ = ["Embedder", "MiniLM", "open_embedder"]
