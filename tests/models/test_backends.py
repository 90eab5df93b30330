"""Which engine answers: what was asked for, what is deployed, what Ollama has, else the embedded model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.models.ollama_server import OllamaWire
from workbench.core.errors import MemoryBudgetError, ModelNotFound, ModelUnavailable
from workbench.core.settings import load_settings
from workbench.hardware.planner import gib
from workbench.hardware.snapshot import Snapshot
from workbench.models.backends import Backends
from workbench.models.embedded import EmbeddedModel
from workbench.models.ollama import OllamaModel

TIERS = ("deepseek-r1:7b", "qwen2.5:7b-instruct-q4_k_m", "qwen2:1.5b-instruct-q4_k_m")


def machine(free_gib: float, label: str = "VRAM") -> Callable[[int], Snapshot]:
    def take(budget_bytes: int) -> Snapshot:
        return Snapshot(0.0, label, "a card", 0, budget_bytes, gib(free_gib), None, gib(16))  # type: ignore[arg-type]

    return take


def backends(host: str, *, free_gib: float = 6.0, **overrides: Any) -> Backends:
    dotted = {key.replace("__", "."): value for key, value in overrides.items()}
    settings = load_settings(overrides={"ollama.host": host, **dotted})
    return Backends(settings, snapshot=machine(free_gib))


async def test_auto_prefers_a_running_ollama_and_says_so(ollama_server: OllamaWire) -> None:
    for name in TIERS:
        ollama_server.install(name)
    choice = await backends(ollama_server.url).choose(0.9)
    assert (choice.backend, choice.model) == ("ollama", "deepseek-r1:7b")
    assert "answers at" in choice.reasons[0]


async def test_little_memory_steps_down_and_keeps_the_reason(ollama_server: OllamaWire) -> None:
    for name in TIERS:
        ollama_server.install(name)
    choice = await backends(ollama_server.url, free_gib=4.0).choose(0.9)
    assert choice.model == "qwen2:1.5b-instruct-q4_k_m"
    assert {refusal.model for refusal in choice.refused} >= {"deepseek-r1:7b", "qwen2.5:7b-instruct-q4_k_m"}


async def test_auto_without_a_server_takes_the_embedded_model_and_says_why(dead_url: str) -> None:
    choice = await backends(dead_url).choose(0.9)
    assert choice.backend == "embedded"
    assert "Nothing listens" in choice.reasons[0]


async def test_a_server_slower_than_300_ms_does_not_count(ollama_server: OllamaWire) -> None:
    ollama_server.version_delay_s = 1.0
    choice = await backends(ollama_server.url, ollama__probe_timeout_ms=300).choose(0.9)
    assert choice.backend == "embedded"
    assert "300 ms" in choice.reasons[0]


async def test_a_server_that_was_asked_for_may_be_slower_than_300_ms(ollama_server: OllamaWire) -> None:
    ollama_server.install("qwen2:1.5b-instruct-q4_k_m")
    ollama_server.version_delay_s = 0.6
    short = {"ollama__probe_timeout_ms": 300}
    named = await backends(ollama_server.url, **short).choose(0.9, model="qwen2:1.5b-instruct-q4_k_m")
    wanted = await backends(ollama_server.url, model__backend="ollama", **short).choose(0.9)
    assert {named.backend, wanted.backend} == {"ollama"}


async def test_a_server_with_only_an_embedding_model_is_not_usable(ollama_server: OllamaWire) -> None:
    ollama_server.models.clear()
    ollama_server.install("nomic-embed-text", capabilities={"embedding"})
    choice = await backends(ollama_server.url).choose(0.2)
    assert choice.backend == "embedded"
    assert "no model that chats" in choice.reasons[0]


async def test_the_ollama_backend_does_not_fall_back_silently(dead_url: str) -> None:
    with pytest.raises(ModelUnavailable, match=r"model\.backend"):
        await backends(dead_url, model__backend="ollama").choose(0.2)


async def test_a_name_in_the_question_outranks_the_settings(ollama_server: OllamaWire) -> None:
    ollama_server.install("qwen2:1.5b-instruct-q4_k_m")
    room = backends(ollama_server.url, model__name="tiny")
    assert (await room.choose(0.2)).model == "tiny:latest"
    assert (await room.choose(0.2, model="qwen2:1.5b-instruct-q4_K_M")).model == "qwen2:1.5b-instruct-q4_k_m"
    assert (await room.choose(0.2, model="smollm2-135m")).backend == "embedded"


async def test_a_name_that_is_not_there_lists_what_is(ollama_server: OllamaWire) -> None:
    with pytest.raises(ModelNotFound, match=r"ollama pull llama9, or choose one of: tiny:latest, smollm2-135m"):
        await backends(ollama_server.url).choose(0.2, model="llama9")


async def test_an_installed_model_outside_the_catalog_is_planned_from_its_own_file(ollama_server: OllamaWire) -> None:
    ollama_server.models.clear()
    facts = {
        "general.architecture": "llama",
        "general.parameter_count": 3_210_000_000,
        "llama.block_count": 28,
        "llama.attention.head_count": 24,
        "llama.attention.head_count_kv": 8,
        "llama.attention.key_length": 128,
        "llama.embedding_length": 3072,
        "llama.context_length": 131072,
        "llama.vocab_size": 128256,
    }
    ollama_server.install("llama3.2:3b", size=2_019_000_000, **facts)
    choice = await backends(ollama_server.url).choose(0.2)
    assert choice.model == "llama3.2:3b"
    assert choice.need_bytes is not None
    assert gib(2) < choice.need_bytes < gib(4)


async def test_nothing_is_loaded_that_does_not_fit(dead_url: str) -> None:
    settings = load_settings(overrides={"ollama.host": dead_url, "hardware.safe_gib": 0.1})
    with pytest.raises(MemoryBudgetError):
        await Backends(settings, snapshot=machine(0.1, "resident memory")).choose(0.2)


async def test_a_model_is_opened_once_and_carries_the_settings(ollama_server: OllamaWire, tmp_path: Path) -> None:
    room = backends(ollama_server.url, model__context_tokens=2048)
    embedded = room.model(await room.choose(0.2, model="smollm2-135m"))
    ollama = room.model(await room.choose(0.2, model="tiny"))
    assert isinstance(embedded, EmbeddedModel)
    assert isinstance(ollama, OllamaModel)
    assert (embedded.context_tokens, ollama.context_tokens) == (2048, 2048)
    assert room.model(await room.choose(0.2, model="tiny")) is ollama
    await room.close()
