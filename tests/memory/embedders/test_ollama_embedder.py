"""The Ollama embedder over a real socket, against a server that speaks Ollama's wire format."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tests.models.ollama_replies import VECTOR_LENGTH, word_vector
from tests.models.ollama_server import OllamaWire
from workbench.core.errors import (
    ConnectionDropped,
    ModelError,
    ModelNotFound,
    ModelRefused,
    ModelTimeout,
    ModelUnavailable,
)
from workbench.memory.embedders.ollama import BATCH, LONGEST_CHARS, OllamaEmbedder


@pytest.fixture
def server(ollama_server: OllamaWire) -> OllamaWire:
    ollama_server.install("nomic-embed-text", capabilities={"embedding"})
    ollama_server.install("bge-m3", capabilities={"embedding"})
    return ollama_server


def test_each_text_gets_its_unit_row_in_order_across_batches(server: OllamaWire) -> None:
    texts = [f"memory number {number}" for number in range(2 * BATCH + 3)]
    vectors = OllamaEmbedder("bge-m3", host=server.url).embed(texts)
    np.testing.assert_allclose(vectors, [word_vector(text) for text in texts], atol=1e-6)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert [len(body["input"]) for body in server.embeddings] == [BATCH, BATCH, 3]
    assert all(body["truncate"] for body in server.embeddings)


def test_nomic_reads_its_prefixes_for_what_is_stored_and_what_is_asked(server: OllamaWire) -> None:
    embedder = OllamaEmbedder("nomic-embed-text", host=server.url)
    embedder.embed(["My dog is called Rufus."])
    vector = embedder.embed_query("What is my dog's name?")
    assert [body["input"] for body in server.embeddings] == [
        ["search_document: My dog is called Rufus."],
        ["search_query: What is my dog's name?"],
    ]
    np.testing.assert_allclose(vector, word_vector("search_query: What is my dog's name?"), atol=1e-6)


def test_a_question_finds_its_statement(server: OllamaWire) -> None:
    embedder = OllamaEmbedder("bge-m3", host=server.url)
    said = embedder.embed(["I work as a nurse.", "My dog is called Rufus.", "The car is red."])
    assert (said @ embedder.embed_query("How is my dog called?")).argmax() == 1


def test_the_dimension_is_asked_once(server: OllamaWire) -> None:
    embedder = OllamaEmbedder("bge-m3", host=server.url)
    assert (embedder.dimension, embedder.dimension) == (VECTOR_LENGTH, VECTOR_LENGTH)
    assert embedder.embed([]).shape == (0, VECTOR_LENGTH)
    assert len(server.embeddings) == 1


def test_long_and_hostile_texts_are_cut_and_made_readable(server: OllamaWire) -> None:
    OllamaEmbedder("bge-m3", host=server.url).embed(["x" * 1_000_000, "a\0b \ud800"])
    [long, hostile] = server.embeddings[0]["input"]
    assert len(long) == LONGEST_CHARS
    assert hostile == "a\ufffdb \ufffd"


def test_many_threads_may_ask_at_once(server: OllamaWire) -> None:
    embedder = OllamaEmbedder("bge-m3", host=server.url)
    texts = [f"memory {number}" for number in range(24)]
    with ThreadPoolExecutor(8) as threads:
        vectors = list(threads.map(embedder.embed_query, texts))
    np.testing.assert_allclose(vectors, [word_vector(text) for text in texts], atol=1e-6)


def test_no_server_is_named_with_the_command_that_starts_one(dead_url: str) -> None:
    with pytest.raises(ModelUnavailable, match="start it with: ollama serve"):
        OllamaEmbedder("bge-m3", host=dead_url).embed(["hello"])


def test_a_missing_model_is_named_with_the_command_that_pulls_it(server: OllamaWire) -> None:
    with pytest.raises(ModelNotFound, match="run: ollama pull mxbai-embed-large"):
        OllamaEmbedder("mxbai-embed-large", host=server.url).embed(["hello"])


def test_a_chat_model_says_that_it_cannot_embed(server: OllamaWire) -> None:
    with pytest.raises(ModelRefused, match="does not support embeddings"):
        OllamaEmbedder("tiny", host=server.url).embed(["hello"])


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (lambda server: server.embed_badly(drop_after=0), ConnectionDropped),
        (lambda server: server.embed_badly(status=500, error="llama runner process has terminated"), ModelRefused),
        (lambda server: server.embed_badly(end_after=1), ModelRefused),
        (lambda server: server.embed_badly(first_delay_s=5), ModelTimeout),
    ],
    ids=["dropped", "error", "too few vectors", "too slow"],
)
def test_what_goes_wrong_is_one_of_our_errors_and_the_next_call_works(
    server: OllamaWire, script: Callable[[OllamaWire], None], expected: type[ModelError]
) -> None:
    embedder = OllamaEmbedder("bge-m3", host=server.url, timeout_s=0.5)
    script(server)
    with pytest.raises(expected, match=r"; "):
        embedder.embed(["one", "two"])
    assert embedder.embed(["one", "two"]).shape == (2, VECTOR_LENGTH)


def test_an_address_that_is_none_is_refused_with_an_example() -> None:
    with pytest.raises(ModelUnavailable, match=r"write it like http://127\.0\.0\.1:11434"):
        OllamaEmbedder("bge-m3", host="http://[::1").embed(["hello"])
