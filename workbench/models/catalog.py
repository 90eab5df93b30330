"""The models the workbench knows by heart, and how to describe one it does not.

    name ──► card_for ──► ModelCard(architecture, backend, thinks, licence) ──► hardware.planner.plan

A card holds what decides memory and rank. Strength is a stated rule, not a taste:

    strength = billions of parameters · (1.5 if the model thinks before it answers, else 1)

It does not know what is installed, what is free, or which question is asked; `selector` brings these together.

>>> card_for("deepseek-r1:7b").architecture.layers
28
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from workbench.core.errors import ModelError, ModelNotFound
from workbench.hardware.planner import Architecture, plan
from workbench.models import embedded

THINKING_FACTOR = 1.5

# Ollama leaves long lists out of /api/show, the tokens among them, so the vocabulary is unknown where a family does not
# also write `vocab_size`. 262,144 (Gemma 3) is the largest in common use: the plan is then up to 0.5 GiB too cautious.
ASSUMED_VOCABULARY = 262_144


@dataclass(frozen=True, slots=True)
class ModelCard:
    """One model: who runs it, what it is made of, and under which licence."""

    name: str
    backend: str  # ollama or embedded
    architecture: Architecture
    thinks: bool = False  # writes its reasoning before its answer
    licence: str | None = None

    @property
    def strength(self) -> float:
        """Higher answers harder questions; the rule is at the head of this file."""
        return self.architecture.parameters / 1e9 * (THINKING_FACTOR if self.thinks else 1.0)


# Qwen2.5-7B. config.json on Hugging Face (Qwen/Qwen2.5-7B-Instruct, deepseek-ai/DeepSeek-R1-Distill-Qwen-7B) and the
# GGUF metadata at ollama.com/library/deepseek-r1:7b-qwen-distill-q4_K_M: block_count 28, head_count 28 (head size
# 3584 / 28 = 128), head_count_kv 4, embedding_length 3584, token_embd 152064 rows. The parameters are the sum of its
# tensors, 7.62 B as llama.cpp prints it; the file sizes are those in Ollama's /api/tags.
_QWEN25_7B = Architecture(
    parameters=7_615_616_512,
    layers=28,
    kv_heads=4,
    head_size=128,
    hidden_size=3584,
    vocabulary=152_064,
    bytes_per_weight=4_683_087_332 / 7_615_616_512,
    context_tokens=32_768,
)
_DEEPSEEK_R1_7B = replace(_QWEN25_7B, bytes_per_weight=4_683_075_271 / 7_615_616_512, context_tokens=131_072)

# Qwen2-1.5B. config.json on Hugging Face (Qwen/Qwen2-1.5B-Instruct): 28 layers, 12 heads of 128, 2 of them key-value,
# hidden 1536, vocabulary 151936, embeddings tied; ollama.com/library/qwen2 lists the q4_K_M file as 986 MB.
_QWEN2_1_5B = Architecture(
    parameters=1_543_714_304,
    layers=28,
    kv_heads=2,
    head_size=128,
    hidden_size=1536,
    vocabulary=151_936,
    bytes_per_weight=986_000_000 / 1_543_714_304,
    context_tokens=32_768,
)

# SmolLM2-135M-Instruct, read from the GGUF file that the embedded model's package carries.
_SMOLLM2_135M = Architecture(
    parameters=134_515_008,
    layers=30,
    kv_heads=3,
    head_size=64,
    hidden_size=576,
    vocabulary=49_152,
    bytes_per_weight=embedded.WEIGHTS_BYTES / 134_515_008,
    context_tokens=embedded.TRAINED_CONTEXT_TOKENS,
)

CATALOG: tuple[ModelCard, ...] = (
    ModelCard("deepseek-r1:7b", "ollama", _DEEPSEEK_R1_7B, thinks=True, licence="MIT"),
    ModelCard("qwen2.5:7b-instruct-q4_k_m", "ollama", _QWEN25_7B, licence="Apache-2.0"),
    ModelCard("qwen2:1.5b-instruct-q4_k_m", "ollama", _QWEN2_1_5B, licence="Apache-2.0"),
    ModelCard(embedded.NAME, embedded.EmbeddedModel.backend, _SMOLLM2_135M, licence="Apache-2.0"),
)


def canonical_name(name: str) -> str:
    """One spelling per model: Ollama ignores case (its library writes `q4_K_M`) and reads no tag as `:latest`.

    >>> canonical_name("Qwen2.5:7B-instruct-q4_K_M"), canonical_name("llama3.2:latest")
    ('qwen2.5:7b-instruct-q4_k_m', 'llama3.2')
    """
    return name.strip().lower().removesuffix(":latest")


def card_for(name: str, cards: Iterable[ModelCard] = CATALOG) -> ModelCard:
    """The card of a model by name.

    Raises:
        ModelNotFound: no card has this name.
    """
    known = tuple(cards)
    for card in known:
        if canonical_name(card.name) == canonical_name(name):
            return card
    names = ", ".join(card.name for card in known)
    raise ModelNotFound(f"No card describes the model {name!r}; choose one of: {names}.")


def card_from_gguf_metadata(
    name: str,
    show_response_modelinfo: Mapping[str, Any],
    *,
    file_bytes: int,
    thinks: bool = False,
    licence: str | None = None,
) -> ModelCard:
    """Describe an installed model that is not in the catalog.

    Args:
        name: the model as Ollama lists it.
        show_response_modelinfo: `model_info` of Ollama's /api/show: the GGUF file's own keys.
        file_bytes: `size` of the model in Ollama's /api/tags.
        thinks: whether /api/show names `thinking` among the capabilities.
    Raises:
        ModelError: a number that decides memory is missing.
    """
    metadata = _Metadata(name, show_response_modelinfo)
    parameters = metadata.number("general.parameter_count")
    architecture = Architecture(
        parameters=parameters,
        layers=metadata.number("{family}.block_count"),
        kv_heads=metadata.number("{family}.attention.head_count_kv", "{family}.attention.head_count"),
        head_size=_head_size(metadata),
        hidden_size=metadata.number("{family}.embedding_length"),
        vocabulary=_vocabulary(metadata),
        bytes_per_weight=file_bytes / parameters,
        context_tokens=metadata.number("{family}.context_length"),
    )
    return ModelCard(name, "ollama", architecture, thinks, licence)


@dataclass(frozen=True, slots=True)
class _Metadata:
    """GGUF keys, most of which begin with the family's name (`qwen2.block_count`)."""

    model: str
    values: Mapping[str, Any]

    def find(self, key: str) -> Any:
        return self.values.get(key.format(family=self.values.get("general.architecture")))

    def number(self, *keys: str) -> int:
        """The first of `keys` that is present; of a list with one number per layer, the largest."""
        for key in keys:
            value = self.find(key)
            if value:
                return int(max(value) if isinstance(value, list | tuple) else value)
        family = self.values.get("general.architecture", "its family")
        missing = keys[0].format(family=family)
        raise ModelError(
            f"Ollama's description of {self.model} lacks {missing}; pull it again or choose another model."
        )


def _head_size(metadata: _Metadata) -> int:
    if metadata.find("{family}.attention.key_length"):
        return metadata.number("{family}.attention.key_length")
    return metadata.number("{family}.embedding_length") // metadata.number("{family}.attention.head_count")


def _vocabulary(metadata: _Metadata) -> int:
    tokens = metadata.find("tokenizer.ggml.tokens")
    return int(metadata.find("{family}.vocab_size") or (len(tokens) if tokens else ASSUMED_VOCABULARY))


def planned_bytes(name: str, context_tokens: int) -> int:
    """What a model of the catalog needs in all at a context length, in bytes."""
    return plan(card_for(name).architecture, context_tokens).total
