"""Text becomes a unit vector by an embedding model that an Ollama server runs.

    embed ──► POST /api/embed {"model", "input": ["search_document: …", …]} ──► {"embeddings": [[…], …]} ──► unit rows

One request holds up to 32 texts; a connection lives for one call, so that any thread may ask. The server cuts a text
that is longer than the model's context. It does not install models or start the server.

>>> OllamaEmbedder("nomic-embed-text").embed(["My dog is called Rufus."]).shape  # doctest: +SKIP
(1, 768)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.core.errors import ModelRefused
from workbench.memory.embedders.prefixes import Prefixes, prefixes_of
from workbench.memory.embedders.protocol import unit
from workbench.memory.text import storable
from workbench.models.ollama_server import DEFAULT_HOST, base_url, client_options, full_name, translated

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BATCH = 32
LONGEST_CHARS = 16_000  # spares the network a pasted megabyte; the model's context is shorter
TIMEOUT_S = 120.0  # the first call waits for the model to load


class OllamaEmbedder:
    """One embedding model of one Ollama server.

    Args:
        model: as `ollama list` shows it, such as `nomic-embed-text` or `bge-m3`.
        host: the server's address.
        timeout_s: the longest wait for one request of up to 32 texts.
        prefixes: what the model wants before a text; `None` goes by its name.
    """

    def __init__(
        self,
        model: str,
        *,
        host: str = DEFAULT_HOST,
        timeout_s: float = TIMEOUT_S,
        prefixes: Prefixes | None = None,
    ) -> None:
        self.name = f"ollama:{full_name(model)}"
        self.host = host
        self._model = model
        self._timeout_s = timeout_s
        self._prefixes = prefixes_of(model) if prefixes is None else prefixes
        self._dimension: int | None = None

    @property
    def dimension(self) -> int:
        """How many numbers a vector has; the server is asked once."""
        if self._dimension is None:
            self.embed_query("dimension")
        assert self._dimension is not None
        return self._dimension

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One L2-normalised row for each text that is stored, shape (N, dimension).

        Raises:
            ModelUnavailable: no server answers.
            ModelNotFound: the server has no such model.
            ModelTimeout: it took too long.
            ConnectionDropped: the connection broke before the vectors were complete.
            ModelRefused: the server answered with an error of its own, or with something else than vectors.
        """
        import numpy as np

        if not texts:
            return np.empty((0, self.dimension), np.float32)
        prefixed = [self._prefixes.stored + _readable(text) for text in texts]
        portions = [prefixed[start : start + BATCH] for start in range(0, len(prefixed), BATCH)]
        return np.concatenate([self._ask(some) for some in portions])

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """The L2-normalised vector of a text that is looked for, shape (dimension,); raises what `embed` raises."""
        vector: NDArray[np.float32] = self._ask([self._prefixes.query + _readable(text)])[0]
        return vector

    def _ask(self, texts: list[str]) -> NDArray[np.float32]:
        import httpx
        import ollama

        with translated(self.host, self._model):
            try:
                client = ollama.Client(base_url(self.host), timeout=self._timeout_s, **client_options(self.host))
            except ValueError as error:
                raise httpx.InvalidURL(str(error)) from error
            with client:
                found = client.embed(self._model, texts, truncate=True).embeddings
        return self._checked(found, len(texts))

    def _checked(self, found: Sequence[Sequence[float]], wanted: int) -> NDArray[np.float32]:
        import numpy as np

        lengths = {len(row) for row in found}
        expected = lengths if self._dimension is None else {self._dimension}
        if len(found) != wanted or len(lengths) != 1 or lengths != expected or lengths == {0}:
            raise ModelRefused(
                f"{self._model} did not give one vector a text; choose an embedding model, or pull it anew"
            )
        rows = np.asarray(found, np.float32)
        if not np.isfinite(rows).all():
            raise ModelRefused(f"{self._model} gave a vector that is not finite; choose another embedding model")
        self._dimension = rows.shape[1]
        return unit(rows)


def _readable(text: str) -> str:
    return storable(text[:LONGEST_CHARS])
