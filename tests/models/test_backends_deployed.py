"""What is deployed answers from the next choice on; what cannot be served is told, and its plain base answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.adapters.tiny_models import Tiny
from tests.models.ollama_server import OllamaWire
from tests.models.test_backends import machine
from workbench.core.errors import AdapterDamaged, WorkbenchError
from workbench.core.records import Message, Reply, Sampling
from workbench.core.settings import load_settings
from workbench.models import embedded
from workbench.models.backends import Backends, Deployed
from workbench.models.embedded import EmbeddedModel
from workbench.models.protocol import Model, gather

NAME = embedded.NAME
QWEN = "qwen2:1.5b-instruct-q4_k_m"


@pytest.fixture(autouse=True)
def tiny_as_embedded(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine is the real one; its weights are small, so that adapters made here fit them."""
    monkeypatch.setattr(embedded, "find_weights", lambda: tiny.weights)


class Shelf:
    """The pointer as the agent reads it."""

    def __init__(self, tiny: Tiny) -> None:
        self.tiny = tiny
        self.champion: Deployed | WorkbenchError | None = None

    def deploy(self, name: str, base: str = NAME, **rest: Any) -> Deployed:
        identity, file = self.tiny.adapters[name].identity, self.tiny.files[name]
        self.champion = Deployed(name, identity, rest.pop("gguf", file), base, **rest)
        return self.champion

    def __call__(self) -> Deployed | None:
        if isinstance(self.champion, WorkbenchError):
            raise self.champion
        return self.champion


@pytest.fixture
def shelf(tiny: Tiny) -> Shelf:
    return Shelf(tiny)


def room(host: str, shelf: Shelf, **overrides: Any) -> Backends:
    dotted = {key.replace("__", "."): value for key, value in overrides.items()}
    settings = load_settings(overrides={"ollama.host": host, "model.context_tokens": 512, **dotted})
    return Backends(settings, deployed=shelf, snapshot=machine(6.0))


async def said(model: Model) -> Reply:
    return await gather(model.stream([Message("user", "hello")], Sampling(max_tokens=12)))


async def answered(backends: Backends, **asked: Any) -> str:
    return (await said(backends.model(await backends.choose(0.2, **asked)))).text


async def alone(tiny: Tiny, name: str | None) -> str:
    model = EmbeddedModel(weights=tiny.weights, context_tokens=512, adapters=tiny.files)
    model.use(name)
    return (await said(model)).text


@pytest.mark.parametrize("backend", ["auto", "embedded"])
async def test_the_base_of_a_deployed_adapter_outranks_what_ollama_has(
    ollama_server: OllamaWire, shelf: Shelf, backend: str
) -> None:
    shelf.deploy("a")
    choice = await room(ollama_server.url, shelf, model__backend=backend).choose(0.9)
    assert (choice.backend, choice.model, choice.adapter) == ("embedded", NAME, "a")
    assert choice.reasons[0] == "adapter 'a' is deployed on it"
    assert choice.complexity == 0.9


async def test_deploy_and_rollback_hold_from_the_next_question_on(dead_url: str, shelf: Shelf, tiny: Tiny) -> None:
    backends, plain = room(dead_url, shelf), await alone(tiny, None)
    assert await answered(backends) == plain
    shelf.deploy("a")
    assert await answered(backends) == await alone(tiny, "a")
    shelf.deploy("b")
    assert await answered(backends) == await alone(tiny, "b")
    shelf.deploy("a")
    assert await answered(backends) == await alone(tiny, "a")
    shelf.champion = None
    assert await answered(backends) == plain
    await backends.close()


async def test_going_back_to_an_adapter_starts_no_new_engine(dead_url: str, shelf: Shelf) -> None:
    backends = room(dead_url, shelf)
    servers = []
    for name in ("a", "b", "a", "b"):
        shelf.deploy(name)
        model = backends.model(await backends.choose(0.2))
        assert isinstance(model, EmbeddedModel)
        servers.append(model._engine.running().server)
    assert servers[1] is servers[2] is servers[3]
    assert servers[0] is not servers[1]


async def test_the_same_name_with_other_weights_is_another_adapter(dead_url: str, shelf: Shelf, tiny: Tiny) -> None:
    backends = room(dead_url, shelf)
    shelf.deploy("a")
    await answered(backends)
    shelf.champion = Deployed("a", tiny.adapters["b"].identity, tiny.files["b"], NAME)
    assert await answered(backends) == await alone(tiny, "b")


async def test_a_name_means_the_plain_model_and_says_that_the_adapter_was_left_out(
    dead_url: str, shelf: Shelf, tiny: Tiny
) -> None:
    shelf.deploy("a")
    backends = room(dead_url, shelf)
    choice = await backends.choose(0.2, model=NAME)
    assert choice.adapter is None
    assert "adapter 'a' is deployed on it but left out" in choice.reasons[-1]
    assert await answered(backends, model=NAME) == await alone(tiny, None)
    assert await answered(backends) == await alone(tiny, "a")


@pytest.mark.parametrize("damage", ["altered", "cut", "gone", "unreadable by llama.cpp"])
async def test_a_damaged_adapter_leaves_its_plain_base_to_answer_and_says_so(
    dead_url: str, shelf: Shelf, tiny: Tiny, tmp_path: Path, damage: str
) -> None:
    import hashlib

    whole = tiny.files["a"].read_bytes()
    content = {"altered": whole[:-1] + b"!", "cut": whole[:-999], "unreadable by llama.cpp": b"GGUF, or not"}
    path = tmp_path / "adapter.gguf"
    if damage != "gone":
        path.write_bytes(content[damage])
    sha256 = None if damage.startswith("unreadable") else hashlib.sha256(whole).hexdigest()
    shelf.deploy("a", gguf=path, sha256=sha256)
    backends = room(dead_url, shelf)
    choice = await backends.choose(0.2)
    assert (choice.backend, choice.adapter) == ("embedded", None)
    assert choice.reasons[0].startswith("adapter 'a' is deployed on it but")
    assert choice.reasons[0].endswith("the plain base answers")
    assert await answered(backends) == await alone(tiny, None)
    path.write_bytes(whole)  # mended: it answers again
    assert await answered(backends) == await alone(tiny, "a")


async def test_a_damaged_adapter_does_not_hand_its_question_to_another_model(
    ollama_server: OllamaWire, shelf: Shelf, tmp_path: Path
) -> None:
    ollama_server.install(QWEN)
    assert (await room(ollama_server.url, shelf).choose(0.2)).model == QWEN
    shelf.deploy("a", gguf=tmp_path / "gone.gguf")
    choice = await room(ollama_server.url, shelf).choose(0.2)
    assert (choice.backend, choice.model) == ("embedded", NAME)


async def test_a_shelf_that_cannot_be_read_is_a_reason_not_an_error(dead_url: str, shelf: Shelf) -> None:
    shelf.champion = AdapterDamaged("The champion's file was cut short; deploy one again")
    choice = await room(dead_url, shelf).choose(0.2)
    assert choice.adapter is None
    assert "cut short; deploy one again" in choice.reasons[0]


async def test_an_adapter_on_an_ollama_model_is_served_by_the_model_made_of_it(
    ollama_server: OllamaWire, shelf: Shelf
) -> None:
    deployed = shelf.deploy("a", base="ollama:tiny")
    ollama_server.install(deployed.ollama_name)
    choice = await room(ollama_server.url, shelf).choose(0.2)
    assert (choice.backend, choice.model, choice.adapter) == ("ollama", deployed.ollama_name, "a")
    assert choice.reasons[0] == "adapter 'a' is deployed on it"


async def test_while_ollama_lacks_that_model_its_base_answers_plain(ollama_server: OllamaWire, shelf: Shelf) -> None:
    ollama_server.install(QWEN)
    deployed = shelf.deploy("a", base="ollama:tiny")
    choice = await room(ollama_server.url, shelf).choose(0.2)
    assert (choice.backend, choice.model, choice.adapter) == ("ollama", "tiny:latest", None)
    assert f"Ollama has no {deployed.ollama_name}" in choice.reasons[0]


async def test_without_ollama_the_embedded_model_answers_for_an_adapter_of_it(dead_url: str, shelf: Shelf) -> None:
    shelf.deploy("a", base="ollama:tiny")
    choice = await room(dead_url, shelf).choose(0.2)
    assert (choice.model, choice.adapter) == (NAME, None)
    assert "adapter 'a' is deployed on ollama:tiny, but" in choice.reasons[0]


@pytest.mark.parametrize(("backend", "base"), [("embedded", "ollama:tiny"), ("ollama", NAME)])
async def test_a_setting_that_excludes_the_adapters_engine_is_obeyed_and_told(
    ollama_server: OllamaWire, shelf: Shelf, backend: str, base: str
) -> None:
    ollama_server.install(QWEN)
    shelf.deploy("a", base=base)
    choice = await room(ollama_server.url, shelf, model__backend=backend).choose(0.2)
    assert (choice.backend, choice.adapter) == (backend, None)
    assert f"model.backend is '{backend}'" in choice.reasons[0]


async def test_an_adapter_on_a_base_that_nothing_serves_is_told(dead_url: str, shelf: Shelf) -> None:
    shelf.deploy("a", base="org/name")
    choice = await room(dead_url, shelf).choose(0.2)
    assert choice.adapter is None
    assert "no engine here serves" in choice.reasons[0]
