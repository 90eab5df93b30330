from __future__ import annotations

import json
from pathlib import Path

import pytest

from workbench.core.errors import ModelNotFound, SettingsError
from workbench.memory import MiniLM, open_embedder
from workbench.memory.embedders.hugging_face import HuggingFaceEmbedder
from workbench.memory.embedders.multilingual_e5 import MultilingualE5
from workbench.memory.embedders.ollama import OllamaEmbedder
from workbench.memory.embedders.prefixes import prefixes_of


@pytest.mark.parametrize(
    ("setting", "kind", "name"),
    [
        ("minilm", MiniLM, "all-minilm-l6-v2-int8"),
        ("multilingual-e5-small", MultilingualE5, "multilingual-e5-small-q4-centred"),
        ("ollama:nomic-embed-text", OllamaEmbedder, "ollama:nomic-embed-text:latest"),
        ("ollama:bge-m3:567m", OllamaEmbedder, "ollama:bge-m3:567m"),
        ("hf:intfloat/multilingual-e5-base", HuggingFaceEmbedder, "hf:intfloat/multilingual-e5-base"),
    ],
)
def test_the_setting_names_the_embedder_and_its_vector_space(setting: str, kind: type, name: str) -> None:
    embedder = open_embedder(setting, ollama_host="http://box:1")
    assert type(embedder) is kind
    assert embedder.name == name


def test_a_model_with_and_without_its_latest_tag_is_one_vector_space() -> None:
    assert open_embedder("ollama:bge-m3").name == open_embedder("ollama:bge-m3:latest").name


def test_the_address_of_the_server_is_passed_on() -> None:
    embedder = open_embedder("ollama:bge-m3", ollama_host="http://box:1")
    assert isinstance(embedder, OllamaEmbedder)
    assert embedder.host == "http://box:1"


@pytest.mark.parametrize("setting", ["", "mini", "ollama:", "hf: ", "minilm:large", "openai:x"])
def test_another_setting_is_refused_with_all_choices(setting: str) -> None:
    with pytest.raises(SettingsError, match="minilm, multilingual-e5-small, ollama:NAME or hf:NAME-OR-FOLDER"):
        open_embedder(setting)


@pytest.mark.parametrize("folder", ["./nothing-here", "/nothing/here", "~/nothing-here-at-all"])
def test_a_folder_without_a_model_is_refused_at_once(folder: str) -> None:
    with pytest.raises(ModelNotFound, match="not a folder with a model"):
        open_embedder(f"hf:{folder}")


def test_the_vector_space_of_a_folder_changes_with_its_contents_and_not_with_its_place(tmp_path: Path) -> None:
    def written(place: str, weights: bytes) -> str:
        folder = tmp_path / place / "mine"
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps({"hidden_size": 8}))
        (folder / "model.safetensors").write_bytes(weights)
        return open_embedder(f"hf:{folder}").name

    first = written("a", b"\0" * 1_000_000)
    assert first.startswith("hf:mine@")
    assert written("b", b"\0" * 1_000_000) == first
    assert written("c", b"\1" * 1_000_000) != first
    assert written("d", b"\0" * 1_000_001) != first


@pytest.mark.parametrize(
    ("model", "stored", "query"),
    [
        ("nomic-embed-text:latest", "search_document: ", "search_query: "),
        ("intfloat/multilingual-e5-base", "passage: ", "query: "),
        ("bge-m3", "", ""),
        ("snowflake-arctic-embed2", "", "query: "),
        ("some-model", "", ""),
    ],
)
def test_prefixes_go_by_the_name_of_the_model(model: str, stored: str, query: str) -> None:
    assert prefixes_of(model) == (stored, query)
