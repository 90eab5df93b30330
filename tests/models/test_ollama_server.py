"""Questions about an Ollama server, over a real socket."""

import time

import pytest

from tests.models.ollama_server import GIB, OllamaWire
from workbench.core.errors import ModelNotFound, ModelUnavailable
from workbench.models.ollama_server import OllamaServer, ServerStatus, base_url, full_name, is_loopback


async def test_a_probe_says_which_version_answers_and_how_fast(ollama_server: OllamaWire) -> None:
    status = await OllamaServer(ollama_server.url).probe()
    assert (status.answers, status.version) == (True, "0.12.6")
    assert status.latency_ms is not None
    assert 0 < status.latency_ms < 300
    assert "0.12.6" in status.reason


async def probe_of(host: str, probe_timeout_ms: int = 300) -> ServerStatus:
    return await OllamaServer(host, probe_timeout_ms).probe()


async def test_a_probe_of_nothing_says_how_to_start_it(dead_url: str) -> None:
    status = await probe_of(dead_url)
    assert (status.answers, status.version, status.latency_ms) == (False, None, None)
    assert status.reason == f"Nothing listens at {dead_url}; start it with: ollama serve"


async def test_a_probe_gives_up_after_its_time(ollama_server: OllamaWire) -> None:
    ollama_server.version_delay_s = 5
    started = time.perf_counter()
    status = await probe_of(ollama_server.url, 100)
    assert (status.answers, "within 100 ms" in status.reason) == (False, True)
    assert time.perf_counter() - started < 1


async def test_a_probe_never_raises(ollama_server: OllamaWire) -> None:
    hosts = (f"{ollama_server.url}/elsewhere", "http://box:port", "ftp://box", "http://[::1")
    for host in hosts:
        status = await probe_of(host)
        assert not status.answers
        assert "check the address" in status.reason
    ollama_server.version = None
    assert not (await probe_of(ollama_server.url)).answers


async def test_installed_models_tell_size_and_whether_they_chat(ollama_server: OllamaWire) -> None:
    ollama_server.install("embed", capabilities={"embedding"}, size=5)
    ollama_server.install("old:7b", capabilities=None, size=7)
    found = {model.name: model for model in await OllamaServer(ollama_server.url).installed()}
    assert {name: model.size_bytes for name, model in found.items()} == {
        "tiny:latest": GIB,
        "embed:latest": 5,
        "old:7b": 7,
    }
    assert {name: model.chats for name, model in found.items()} == {
        "tiny:latest": True,
        "embed:latest": False,
        "old:7b": True,
    }


async def test_residency_is_vram_where_there_is_some_and_all_bytes_elsewhere(ollama_server: OllamaWire) -> None:
    ollama_server.install("gpu", size=9, size_vram=8, loaded=True)
    ollama_server.install("cpu:2b", size=7, size_vram=0, loaded=True)
    assert await OllamaServer(ollama_server.url).resident() == {"gpu:latest": 8, "cpu:2b": 7}


async def test_show_gives_the_facts_that_size_a_model(ollama_server: OllamaWire) -> None:
    ollama_server.install("big", context_length=32768)
    shown = await OllamaServer(ollama_server.url).show("big")
    assert shown["model_info"]["llama.context_length"] == 32768
    assert shown["capabilities"] == ["completion", "tools"]
    with pytest.raises(ModelNotFound, match="ollama pull none"):
        await OllamaServer(ollama_server.url).show("none")


async def test_questions_to_a_dead_server_say_how_to_start_it(dead_url: str) -> None:
    server = OllamaServer(dead_url)
    for question in (server.installed(), server.resident(), server.show("tiny")):
        with pytest.raises(ModelUnavailable, match="ollama serve"):
            await question


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("qwen2", "qwen2:latest"),
        ("qwen2:7b", "qwen2:7b"),
        ("hf.co/me/m", "hf.co/me/m:latest"),
        ("box:5000/m", "box:5000/m:latest"),
    ],
)
def test_a_name_without_a_tag_means_latest(name: str, full: str) -> None:
    assert full_name(name) == full


@pytest.mark.parametrize(
    ("host", "url", "here"),
    [
        ("127.0.0.1", "http://127.0.0.1:11434", True),
        ("0.0.0.0:11500", "http://127.0.0.1:11500", True),
        ("", "http://127.0.0.1:11434", True),
        ("[::1]:9", "http://[::1]:9", True),
        ("http://localhost:11434/", "http://localhost:11434", True),
        ("https://box.example/ollama/", "https://box.example/ollama", False),
        ("192.168.0.7", "http://192.168.0.7:11434", False),
    ],
)
def test_every_form_of_host_becomes_a_url(host: str, url: str, here: bool) -> None:
    assert (base_url(host), is_loopback(host)) == (url, here)
