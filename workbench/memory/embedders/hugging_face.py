"""Text becomes a unit vector by any Hugging Face sentence encoder, in this process.

    "query: …" ─tokens─► (1, T) ─model─► (1, T, D) ─pooling─► (1, D) ─÷ length─► unit vector

    pooling   mean over the tokens, or the first token ([CLS]) where the model's `1_Pooling/config.json` says so
    prefixes  `prompts` of its `config_sentence_transformers.json`, else what its name tells (`prefixes.py`)
    length    `max_seq_length` of its `sentence_bert_config.json`, else what the model and its tokenizer allow

A folder, or a name that is in the local cache of the Hugging Face hub: nothing is downloaded unless `download` allows
it. torch and transformers load with the first text. Code that comes with a model is never run. It does not train.

>>> HuggingFaceEmbedder("intfloat/multilingual-e5-base").embed(["My dog is called Rufus."]).shape  # doctest: +SKIP
(1, 768)
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.core.errors import ModelNotFound, ModelUnavailable
from workbench.memory.embedders.prefixes import Prefixes, prefixes_of
from workbench.memory.embedders.protocol import unit
from workbench.memory.text import storable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

INSTALL = "pip install torch==2.13.0 transformers"
BATCH = 16
LONGEST_TOKENS = 512  # where the model names no limit: attention grows with the square of the length
LONGEST_CHARS = 16_000
WEIGHTS = ("*.safetensors", "pytorch_model*.bin")
SAMPLES, SAMPLE_BYTES = 64, 4_096
FILES = ("*.json", "*.txt", "*.model", "*.safetensors", "1_Pooling/*")  # no pickles: those could run code


@dataclass(frozen=True, slots=True)
class _Loaded:
    tokenizer: Any
    model: Any
    first_token: bool  # pooling by [CLS] instead of the mean
    longest_tokens: int
    prefixes: Prefixes


class HuggingFaceEmbedder:
    """One sentence encoder, from a folder or from the local cache.

    Args:
        model: a folder, or a name such as `intfloat/multilingual-e5-base`.
        download: whether a name that is not in the cache may be fetched.
    Raises:
        ModelNotFound: it is written like a folder, and there is none with a model in it.
    """

    def __init__(self, model: str, *, download: bool = False) -> None:
        self._folder = _folder_of(model)
        self._model = model
        self._download = download
        self.name = f"hf:{model}" if self._folder is None else f"hf:{self._folder.name}@{_fingerprint(self._folder)}"
        self._lock = threading.Lock()
        self._loaded: _Loaded | None = None

    @property
    def dimension(self) -> int:
        """How many numbers a vector has; loads the model."""
        return int(self._load().model.config.hidden_size)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One L2-normalised row for each text that is stored, shape (N, dimension).

        Raises:
            ModelNotFound: torch, transformers or the model is not on this machine.
            ModelUnavailable: the model is there, but it cannot be used as a sentence encoder.
        """
        loaded = self._load()
        return self._embed(loaded, [loaded.prefixes.stored + _readable(text) for text in texts])

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """The L2-normalised vector of a text that is looked for, shape (dimension,); raises what `embed` raises."""
        loaded = self._load()
        vector: NDArray[np.float32] = self._embed(loaded, [loaded.prefixes.query + _readable(text)])[0]
        return vector

    def _embed(self, loaded: _Loaded, texts: list[str]) -> NDArray[np.float32]:
        import numpy as np

        vectors = np.empty((len(texts), loaded.model.config.hidden_size), np.float32)
        by_length = sorted(range(len(texts)), key=lambda row: len(texts[row]))  # little padding within a batch
        for start in range(0, len(texts), BATCH):
            rows = by_length[start : start + BATCH]
            with self._lock:  # a fast tokenizer changes its padding as it works
                vectors[rows] = _pooled(loaded, [texts[row] for row in rows])
        return unit(vectors)

    def _load(self) -> _Loaded:
        with self._lock:
            if self._loaded is None:
                _require_libraries()
                folder = self._folder or _cached(self._model, download=self._download)
                self._loaded = _open(folder, self._model)
            return self._loaded


def _folder_of(model: str) -> Path | None:
    """The folder that `model` means, or None where it is the name of a model."""
    path = Path(model).expanduser()
    if (path / "config.json").is_file():
        return path.resolve()
    if path.is_dir() or model.startswith(("/", ".", "~")) or model.count("/") > 1:
        raise ModelNotFound(f"{model} is not a folder with a model (config.json) in it; correct memory.embedder")
    return None


def _fingerprint(folder: Path) -> str:
    """Twelve digits that change with the model's settings or weights, from samples, so that it takes milliseconds."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.json")):
        digest.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    for path in sorted(path for pattern in WEIGHTS for path in folder.glob(pattern)):
        size = path.stat().st_size
        digest.update(f"{path.name} {size}".encode())
        with path.open("rb") as file:
            for sample in range(SAMPLES):
                file.seek(size * sample // SAMPLES)
                digest.update(file.read(SAMPLE_BYTES))
    return digest.hexdigest()[:12]


def _require_libraries() -> None:
    missing = [name for name in ("torch", "transformers") if importlib.util.find_spec(name) is None]
    if missing:
        raise ModelNotFound(f"A model of Hugging Face needs {' and '.join(missing)}; run: {INSTALL}")


def _cached(name: str, *, download: bool) -> Path:
    """The folder in which the hub's cache keeps that model."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, local_files_only=not download, allow_patterns=list(FILES)))
    except (LocalEntryNotFoundError, HFValidationError, HfHubHTTPError) as error:
        raise ModelNotFound(
            f"{name} is not in this machine's cache of Hugging Face models; run: hf download {name}, or give its folder"
        ) from error


def _open(folder: Path, name: str) -> _Loaded:
    from transformers import AutoModel, AutoTokenizer

    first_token = _pools_first_token(folder, name)
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
        model = AutoModel.from_pretrained(str(folder), local_files_only=True, use_safetensors=True).float().eval()
    except (OSError, ValueError, KeyError) as error:
        said = str(error).strip().splitlines()
        reason = said[0] if said else type(error).__name__
        raise ModelUnavailable(f"{name} cannot be loaded as an encoder ({reason}); choose another model") from error
    if getattr(model.config, "is_encoder_decoder", False) or tokenizer.pad_token is None:
        raise ModelUnavailable(f"{name} is not an encoder of sentences; choose another model for memory.embedder")
    longest = _longest_tokens(folder, tokenizer, model)
    return _Loaded(tokenizer, model, first_token, longest, _prefixes(folder, name))


def _pools_first_token(folder: Path, name: str) -> bool:
    """Whether its pooling is [CLS]; the mean where it says nothing."""
    settings = _json(folder / "1_Pooling" / "config.json")
    modes = {
        key.removeprefix("pooling_mode_") for key, on in settings.items() if key.startswith("pooling_mode_") and on
    }
    modes |= {settings["pooling_mode"]} if isinstance(settings.get("pooling_mode"), str) else set()
    if len(modes) > 1 or not modes <= {"mean_tokens", "cls_token", "mean", "cls"}:
        raise ModelUnavailable(
            f"{name} pools by {', '.join(sorted(modes))}, and only mean and cls are known here; choose another model"
        )
    return bool(modes & {"cls_token", "cls"})


def _longest_tokens(folder: Path, tokenizer: Any, model: Any) -> int:
    stated = _json(folder / "sentence_bert_config.json").get("max_seq_length")
    positions = getattr(model.config, "max_position_embeddings", None) or LONGEST_TOKENS
    return int(min(stated or LONGEST_TOKENS, tokenizer.model_max_length, positions))


def _prefixes(folder: Path, name: str) -> Prefixes:
    prompts = _json(folder / "config_sentence_transformers.json").get("prompts") or {}
    stored = prompts.get("document") or prompts.get("passage") or ""
    return Prefixes(stored, prompts["query"]) if prompts.get("query") else prefixes_of(name)


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelUnavailable(f"{path} is not JSON; fetch the model again") from error
    return said if isinstance(said, dict) else {}


def _pooled(loaded: _Loaded, texts: list[str]) -> NDArray[np.float32]:
    import torch

    options = {"padding": True, "truncation": True, "max_length": loaded.longest_tokens, "return_tensors": "pt"}
    batch = loaded.tokenizer(texts, **options)
    with torch.inference_mode():
        hidden = loaded.model(**batch).last_hidden_state  # (B, T, D)
    if loaded.first_token:
        pooled = hidden[:, 0]
    else:
        mask = batch["attention_mask"].unsqueeze(-1).to(hidden.dtype)  # (B, T, 1)
        pooled = (hidden * mask).sum(dim=1) / mask.sum(dim=1)
    rows: NDArray[np.float32] = pooled.float().numpy()
    return rows


def _readable(text: str) -> str:
    return storable(text[:LONGEST_CHARS])
