"""What an embedder is: text in, unit vectors out.

    embed(["My dog is called Rufus.", …])  ──►  (N, dimension)     what is stored
    embed_query("What is my dog's name?")  ──►  (dimension,)       what is looked for

    cosine(a, b) = a · b, because every vector has length 1

Some models are trained with one prefix for passages and another for questions, so there are two doors; for the others
both do the same. It does not know any model.

>>> matrix = embedder.embed(["My dog is called Rufus.", "I hate olives."])  # doctest: +SKIP
>>> int((matrix @ embedder.embed_query("What is my dog's name?")).argmax())  # doctest: +SKIP
0
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Embedder(Protocol):
    """Anything that turns texts into comparable unit vectors; calls may come from any thread.

    Long texts are cut, and what an embedder needs is loaded by its first call. Both methods raise a ModelError with the
    next action when the model is missing or fails.
    """

    @property
    def name(self) -> str:
        """The name of the vector space, stored beside every vector: those of two names are never compared."""

    @property
    def dimension(self) -> int:
        """How many numbers a vector has."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One L2-normalised row for each text that is stored, shape (N, dimension)."""

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """The L2-normalised vector of a text that is looked for, shape (dimension,)."""


def unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """The rows at length 1; a row of zeros stays as it is."""
    import numpy as np

    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: NDArray[np.float32] = (rows / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return scaled
