"""An adapter in service, as it is handed to the models: which, on what base, and the file that an engine loads.

    shelf ─► agent ─► Deployed ─► Backends ─► llama.cpp (the file)  or  Ollama (the model created from it)

It does not know the shelf; whoever deploys fills it in.

>>> Deployed("mine", "3f" * 32, Path("adapter.gguf"), "smollm2-135m").fault
'adapter.gguf is missing'
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

MAGIC = b"GGUF"


@dataclass(frozen=True, slots=True)
class Deployed:
    """An adapter in service.

    Args:
        adapter: its name on the shelf.
        identity: of its weights, 64 digits; what an engine knows it by.
        gguf: the adapter for llama.cpp, as `adapters.exporting.write_gguf` makes it.
        base: the name of the model it was trained on, such as `smollm2-135m` or `ollama:qwen2:1.5b`.
        sha256: of that file, where it is known; the file is then served only if it is still that one.
    """

    adapter: str
    identity: str
    gguf: Path
    base: str
    sha256: str | None = None

    @property
    def fault(self) -> str | None:
        """What is wrong with the file, in a few words, or None; read again only when it has changed."""
        try:
            status = self.gguf.stat()
        except OSError:
            return f"{self.gguf.name} is missing"
        return _fault(self.gguf, self.sha256, status.st_size, status.st_mtime_ns)

    @property
    def ollama_name(self) -> str:
        """What the model made of it in Ollama is called."""
        return ollama_name(self.adapter, self.identity)


def ollama_name(adapter: str, identity: str) -> str:
    """A model's name that Ollama accepts, and that another adapter of the same name does not share.

    >>> ollama_name("My dates!", "3f" * 32)
    'workbench-my-dates:3f3f3f3f3f3f'
    """
    word = re.sub(r"[^a-z0-9_.-]+", "-", adapter.lower()).strip("-.")
    return f"workbench-{word or 'adapter'}:{identity[:12]}"


@lru_cache(maxsize=64)
def _fault(path: Path, sha256: str | None, size: int, changed_ns: int) -> str | None:
    try:
        content = path.read_bytes()
    except OSError as error:
        return f"{path.name} cannot be read ({error.strerror})"
    if not content.startswith(MAGIC):
        return f"{path.name} is not a GGUF file"
    if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256:
        return f"{path.name} was altered or cut short"
    return None
