"""What an adapter lies on: a base model as trainable weights, whatever form it came in.

    smollm2-135m           the embedded model, from its package
    ollama:NAME            the file that Ollama keeps on this machine
    FILE.gguf              any GGUF file
    FOLDER or org/name     a Hugging Face folder, or one that is in the local cache

A GGUF file is turned into a folder once, in full precision, and kept under the base's identity.
"""

from workbench.adapters.bases.base import Base
from workbench.adapters.bases.loading import Precision, load_model, load_tokenizer
from workbench.adapters.bases.opening import open_base

__all__ = ["Base", "Precision", "load_model", "load_tokenizer", "open_base"]
