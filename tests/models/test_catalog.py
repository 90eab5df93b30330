"""The cards against the real model file where there is one, and cards made from Ollama's metadata."""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from workbench.core.errors import ModelError, ModelNotFound
from workbench.hardware.planner import compute_buffer_bytes, weights_bytes
from workbench.models.catalog import (
    ASSUMED_VOCABULARY,
    CATALOG,
    canonical_name,
    card_for,
    card_from_gguf_metadata,
)
from workbench.models.embedded import find_weights

# `model_info` of /api/show for qwen2.5:7b, without the keys that do not bear on memory. Ollama answers null for the
# long lists unless asked for them.
QWEN: dict[str, Any] = {
    "general.architecture": "qwen2",
    "general.parameter_count": 7_615_616_512,
    "qwen2.attention.head_count": 28,
    "qwen2.attention.head_count_kv": 4,
    "qwen2.block_count": 28,
    "qwen2.context_length": 32_768,
    "qwen2.embedding_length": 3584,
    "tokenizer.ggml.tokens": None,
}
LLAMA: dict[str, Any] = {
    "general.architecture": "llama",
    "general.parameter_count": 3_212_749_888,
    "llama.attention.head_count": 24,
    "llama.attention.head_count_kv": 8,
    "llama.attention.key_length": 128,
    "llama.block_count": 28,
    "llama.context_length": 131_072,
    "llama.embedding_length": 3072,
    "llama.vocab_size": 128_256,
}


# GGUF value types by number: unsigned and signed integers, float, bool; 8 is a string and 9 a list.
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}


def unpack(file: BinaryIO, code: str) -> Any:
    return struct.unpack(f"<{code}", file.read(struct.calcsize(f"<{code}")))[0]


def text(file: BinaryIO) -> str:
    return file.read(unpack(file, "Q")).decode()


def value(file: BinaryIO, kind: int) -> Any:
    if kind == 8:
        return text(file)
    if kind == 9:
        inner, length = unpack(file, "I"), unpack(file, "Q")
        return [value(file, inner) for _ in range(length)]
    return unpack(file, _SCALARS[kind])


def read_gguf_header(path: Path) -> tuple[dict[str, Any], int]:
    """The metadata of a GGUF file, and how many parameters its tensors hold."""
    with path.open("rb") as file:
        assert file.read(4) == b"GGUF"
        unpack(file, "I")  # version
        tensors, pairs = unpack(file, "Q"), unpack(file, "Q")
        metadata = {text(file): value(file, unpack(file, "I")) for _ in range(pairs)}
        return metadata, sum(tensor_size(file) for _ in range(tensors))


def tensor_size(file: BinaryIO) -> int:
    text(file)  # name
    size = math.prod(unpack(file, "Q") for _ in range(unpack(file, "I")))
    unpack(file, "I"), unpack(file, "Q")  # type, offset
    return size


def test_the_embedded_card_is_what_its_file_says() -> None:
    metadata, parameters = read_gguf_header(find_weights())
    architecture = card_for("smollm2-135m").architecture
    assert architecture.layers == metadata["llama.block_count"]
    assert architecture.kv_heads == metadata["llama.attention.head_count_kv"]
    assert architecture.hidden_size == metadata["llama.embedding_length"]
    assert architecture.head_size == metadata["llama.rope.dimension_count"]
    assert architecture.vocabulary == metadata["llama.vocab_size"] == len(metadata["tokenizer.ggml.tokens"])
    assert architecture.context_tokens == metadata["llama.context_length"]
    assert architecture.parameters == parameters
    assert weights_bytes(architecture) == find_weights().stat().st_size


def test_a_card_made_from_the_embedded_file_is_the_embedded_card() -> None:
    metadata, parameters = read_gguf_header(find_weights())
    size = find_weights().stat().st_size
    card = card_from_gguf_metadata("copy", metadata | {"general.parameter_count": parameters}, file_bytes=size)
    assert card.architecture == card_for("smollm2-135m").architecture


def test_the_weights_of_each_card_are_its_published_file_size() -> None:
    sizes = {card.name: weights_bytes(card.architecture) for card in CATALOG}
    assert sizes == {
        "deepseek-r1:7b": 4_683_075_271,
        "qwen2.5:7b-instruct-q4_k_m": 4_683_087_332,
        "qwen2:1.5b-instruct-q4_k_m": 986_000_000,
        "smollm2-135m": 98_362_432,
    }


def test_strength_ranks_thinking_over_size_over_smallness() -> None:
    ranked = sorted(CATALOG, key=lambda card: card.strength, reverse=True)
    assert [card.name for card in ranked] == [card.name for card in CATALOG]
    assert [card.name for card in CATALOG if card.thinks] == ["deepseek-r1:7b"]


def test_only_the_smallest_model_is_embedded() -> None:
    assert [card.name for card in CATALOG if card.backend == "embedded"] == ["smollm2-135m"]


def test_a_card_is_found_however_ollama_spells_its_name() -> None:
    assert card_for("qwen2.5:7b-instruct-q4_K_M").name == "qwen2.5:7b-instruct-q4_k_m"
    assert canonical_name("llama3.2:latest") == canonical_name("llama3.2")


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ModelNotFound, match=r"'llama9'.*smollm2-135m"):
        card_for("llama9")


def test_metadata_of_a_known_model_gives_the_known_memory() -> None:
    card = card_from_gguf_metadata("qwen2.5:7b", QWEN, file_bytes=4_683_087_332)
    known = card_for("qwen2.5:7b-instruct-q4_k_m").architecture
    assert (card.name, card.backend) == ("qwen2.5:7b", "ollama")
    assert card.architecture.head_size == known.head_size == 128
    assert (card.architecture.layers, card.architecture.kv_heads) == (known.layers, known.kv_heads)
    assert weights_bytes(card.architecture) == weights_bytes(known)


def test_a_vocabulary_that_ollama_leaves_out_is_assumed_large() -> None:
    card = card_from_gguf_metadata("qwen2.5:7b", QWEN, file_bytes=4_683_087_332)
    assert card.architecture.vocabulary == ASSUMED_VOCABULARY
    known = card_for("qwen2.5:7b-instruct-q4_k_m").architecture
    assert compute_buffer_bytes(card.architecture) > compute_buffer_bytes(known)


def test_a_vocabulary_is_counted_from_the_tokens_where_they_are_sent() -> None:
    card = card_from_gguf_metadata("tiny", QWEN | {"tokenizer.ggml.tokens": ["a", "b", "c"]}, file_bytes=10**9)
    assert card.architecture.vocabulary == 3


def test_a_family_that_states_its_head_size_and_vocabulary_is_believed() -> None:
    card = card_from_gguf_metadata("llama3.2:3b", LLAMA, file_bytes=2_019_393_189, licence="Llama 3.2")
    assert (card.architecture.head_size, card.architecture.vocabulary) == (128, 128_256)
    assert card.licence == "Llama 3.2"


def test_key_value_heads_listed_per_layer_are_planned_at_the_largest() -> None:
    card = card_from_gguf_metadata("mixed", LLAMA | {"llama.attention.head_count_kv": [0, 8, 4]}, file_bytes=10**9)
    assert card.architecture.kv_heads == 8


def test_a_model_without_grouped_queries_stores_every_head() -> None:
    old = {key: value for key, value in LLAMA.items() if key != "llama.attention.head_count_kv"}
    assert card_from_gguf_metadata("old", old, file_bytes=10**9).architecture.kv_heads == 24


@pytest.mark.parametrize("key", ["general.parameter_count", "llama.block_count", "llama.embedding_length"])
def test_a_missing_number_is_named(key: str) -> None:
    lacking = {name: value for name, value in LLAMA.items() if name != key}
    with pytest.raises(ModelError, match=key):
        card_from_gguf_metadata("broken", lacking, file_bytes=10**9)


def test_a_thinking_model_outranks_its_equal() -> None:
    plain = card_from_gguf_metadata("plain", LLAMA, file_bytes=10**9)
    thinking = card_from_gguf_metadata("thinking", LLAMA, file_bytes=10**9, thinks=True)
    assert thinking.strength > plain.strength
