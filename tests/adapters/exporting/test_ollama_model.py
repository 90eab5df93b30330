"""A model of Ollama is made of base and adapter: by a Modelfile, or at once through the real client."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment

from tests.adapters.tiny_models import Tiny
from tests.models.ollama_server import OllamaWire
from workbench.adapters.bases import Base, load_tokenizer
from workbench.adapters.exporting import create, write_modelfile
from workbench.adapters.exporting.go_template import go_template
from workbench.core.errors import ModelRefused
from workbench.models.deployed import ollama_name

NAME = ollama_name("mine", "3f" * 32)
LLAMA3 = (
    "{{ '<|begin|>' }}{% for message in messages %}{{ '<|start|>' + message['role'] + '<|end|>\n\n' "
    "+ message['content'] | trim + '<|eot|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start|>assistant<|end|>\n\n' }}{% endif %}"
)
FOLDED = (  # the system message goes into the first question, as Gemma does it
    "{% for message in messages %}{% if message['role'] == 'system' %}{% else %}"
    "{{ '<turn>' + message['role'] + '\n' + (messages[0]['content'] if loop.index == 2 else '') + message['content'] }}"
    "{% endif %}{% endfor %}"
)
DATED = "{{ 'Messages: ' ~ messages | length }}{% for message in messages %}{{ message['content'] }}{% endfor %}"


class Speaking:
    """A tokenizer's chat template alone."""

    def __init__(self, template: str, bos: str | None = None) -> None:
        self._template, self.bos_token, self.bos_token_id = template, bos, 1

    def __call__(self, text: str) -> dict[str, Any]:
        return {"input_ids": [1, 5] if self.bos_token else [5]}

    def apply_chat_template(self, messages: list[dict[str, str]], **how: Any) -> str:
        return Environment().from_string(self._template).render(messages=messages, **how)


@pytest.fixture
def from_ollama(tiny: Tiny) -> Base:
    return Base("ollama:tiny", tiny.base.identity, tiny.base.folder, tiny.base.gguf, "mit")


def digest(path: Path) -> str:
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def test_the_modelfile_of_ollamas_own_model_names_it_and_keeps_its_template(
    tiny: Tiny, from_ollama: Base, tmp_path: Path
) -> None:
    path = write_modelfile(from_ollama, tiny.files["a"], load_tokenizer(tiny.base), tmp_path, context_tokens=2048)
    assert path.read_text().splitlines() == [
        "FROM tiny",
        f"ADAPTER {tiny.files['a']}",
        "PARAMETER temperature 0.0",
        "PARAMETER num_ctx 2048",
        'PARAMETER stop "<|im_end|>"',
        'LICENSE """mit"""',
    ]


def test_the_modelfile_of_a_file_names_the_file_and_says_its_template(tiny: Tiny, tmp_path: Path) -> None:
    text = write_modelfile(tiny.base, tiny.files["a"], load_tokenizer(tiny.base), tmp_path).read_text()
    assert text.startswith(f"FROM {tiny.weights}\n")
    assert '{{ if eq .Role "system" }}<|im_start|>system\n{{ .Content }}<|im_end|>\n{{ else if' in text
    assert '{{ if and $last (ne .Role "assistant") }}<|im_start|>assistant\n{{ end }}' in text


def test_a_template_of_plain_pieces_is_said_in_ollamas_words() -> None:
    found = go_template(Speaking(LLAMA3, bos="<|begin|>"))
    assert found is not None
    assert "<|begin|>" not in found  # Ollama puts the opening token itself
    assert '{{ else if eq .Role "user" }}<|start|>user<|end|>\n\n{{ .Content }}<|eot|>' in found


@pytest.mark.parametrize("template", [FOLDED, DATED, "{{ raise_exception('no') }}", "{{ '{{' }}"])
def test_a_template_that_is_more_than_pieces_is_left_to_ollama(template: str) -> None:
    assert go_template(Speaking(template)) is None


async def test_a_server_that_answers_makes_the_model_of_its_own_base(
    ollama_server: OllamaWire, tiny: Tiny, from_ollama: Base
) -> None:
    said = await create(
        from_ollama, tiny.files["a"], NAME, load_tokenizer(tiny.base), host=ollama_server.url, context_tokens=512
    )
    assert said.made
    assert NAME in said.sentence
    made = ollama_server.models[NAME].made_of
    assert made is not None
    assert made["from"] == "tiny"
    assert list(made["adapters"].values()) == [digest(tiny.files["a"])]
    assert made["parameters"] == {"temperature": 0.0, "num_ctx": 512, "stop": ["<|im_end|>"]}
    assert "template" not in made
    assert ollama_server.blobs[digest(tiny.files["a"])] == tiny.files["a"].read_bytes()


async def test_a_base_that_is_a_file_is_sent_too(ollama_server: OllamaWire, tiny: Tiny) -> None:
    await create(tiny.base, tiny.files["a"], NAME, load_tokenizer(tiny.base), host=ollama_server.url)
    made = ollama_server.models[NAME].made_of
    assert made is not None
    assert made["files"] == {tiny.weights.name: digest(tiny.weights)}
    assert made["template"] == go_template(load_tokenizer(tiny.base))
    assert made["license"] == "mit"


async def test_without_a_server_there_is_a_modelfile_and_the_command_for_later(
    dead_url: str, tiny: Tiny, from_ollama: Base, tmp_path: Path
) -> None:
    file = tmp_path / "adapter.gguf"
    file.write_bytes(tiny.files["a"].read_bytes())
    said = await create(from_ollama, file, NAME, load_tokenizer(tiny.base), host=dead_url)
    assert not said.made
    assert said.sentence.endswith(f"then run: ollama create {NAME} -f {tmp_path / 'Modelfile'}")
    assert f"ADAPTER {file}" in (tmp_path / "Modelfile").read_text()


async def test_what_the_server_refuses_is_told_in_its_words(
    ollama_server: OllamaWire, tiny: Tiny, from_ollama: Base
) -> None:
    ollama_server.models.clear()
    with pytest.raises(ModelRefused, match="tiny does not exist"):
        await create(from_ollama, tiny.files["a"], NAME, load_tokenizer(tiny.base), host=ollama_server.url)


def test_the_name_in_ollama_tells_two_adapters_of_one_name_apart() -> None:
    assert ollama_name("My Dates!", "ab" * 32) == "workbench-my-dates:abababababab"
    assert ollama_name("日本", "ab" * 32) == "workbench-adapter:abababababab"
    assert ollama_name("mine", "ab" * 32) != ollama_name("mine", "cd" * 32)
