"""Every name a person may give leads to a base, or to a sentence that says what to do."""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.adapters.bases.ollama_models import keep
from tests.adapters.tiny_models import Tiny, tiny_gguf
from workbench.adapters.bases import Base, load_model, load_tokenizer, open_base
from workbench.core.errors import ModelNotFound, ModelRefused
from workbench.models.embedded import NAME, WEIGHTS_SHA256, find_weights


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_embedded_model_is_a_base_that_knows_its_licence(base: Base) -> None:
    assert (base.name, base.identity, base.licence) == (NAME, WEIGHTS_SHA256, "Apache-2.0")
    assert load_tokenizer(base).eos_token == "<|im_end|>"


def test_the_file_that_ollama_keeps_is_the_same_base_under_ollamas_name(base: Base, bases: Path, models: Path) -> None:
    keep(models, "smollm2:135m", find_weights())
    opened = open_base("ollama:smollm2:135m", bases)
    assert opened.name == "ollama:smollm2:135m"
    assert opened.identity == base.identity  # so an adapter of the one lies on the other
    assert opened.folder == base.folder  # and the weights are turned once for both
    assert opened.gguf == models / "blobs" / f"sha256-{WEIGHTS_SHA256}"


def test_a_model_of_a_person_or_of_another_host_is_found(tiny: Tiny, models: Path, tmp_path: Path) -> None:
    keep(models, "mine:latest", tiny.weights, namespace="me")
    keep(models, "tiny:q8_0", tiny.weights, host="hf.co", namespace="org")
    for name in ("ollama:me/mine", "ollama:me/mine:latest", "ollama:hf.co/org/tiny:q8_0"):
        opened = open_base(name, tmp_path / "bases")
        assert (opened.name, opened.identity, opened.licence) == (name, tiny.base.identity, "mit")


def test_a_gguf_file_is_a_base_by_its_content_wherever_it_lies(tiny: Tiny, tmp_path: Path) -> None:
    copy = tmp_path / "copy of it.gguf"
    shutil.copyfile(tiny.weights, copy)
    opened = open_base(str(copy), tmp_path / "bases")
    assert opened.identity == tiny.base.identity == sha256(copy)
    assert opened.gguf == copy


def test_a_file_that_changes_is_another_base(tiny: Tiny, tmp_path: Path) -> None:
    path = tiny_gguf(tmp_path / "it.gguf", seed=1)
    before = open_base(str(path), tmp_path / "bases")
    tiny_gguf(path, seed=2)
    after = open_base(str(path), tmp_path / "bases")
    assert before.identity != after.identity == sha256(path)
    assert before.folder != after.folder


def test_a_folder_is_a_base_by_its_weights_with_the_licence_of_its_readme(tiny: Tiny, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(tiny.base.folder, folder)
    (folder / "README.md").write_text("---\nlicense: cc-by-4.0\ntags: [x]\n---\n# Mine\n")
    opened = open_base(str(folder), tmp_path / "bases")
    assert (opened.folder, opened.gguf, opened.licence) == (folder, None, "cc-by-4.0")
    assert opened.identity == sha256(folder / "model.safetensors")


@pytest.mark.parametrize("readme", [None, "# No front matter", "---\nlicense: [a, b]\n---\n", "---\n: {\n---\n"])
def test_a_licence_that_is_not_stated_is_none(tiny: Tiny, tmp_path: Path, readme: str | None) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(tiny.base.folder, folder)
    (folder / "README.md").unlink()
    if readme is not None:
        (folder / "README.md").write_text(readme)
    assert open_base(str(folder), tmp_path / "bases").licence is None


def test_an_id_in_the_local_cache_is_found_without_the_network(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = tmp_path / "hub"
    snapshot = hub / "models--org--tiny" / "snapshots" / ("a" * 40)
    shutil.copytree(tiny.base.folder, snapshot)
    (hub / "models--org--tiny" / "refs").mkdir()
    (hub / "models--org--tiny" / "refs" / "main").write_text("a" * 40)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(hub))
    monkeypatch.setattr(socket, "getaddrinfo", _nobody_may_ask)
    opened = open_base("org/tiny", tmp_path / "bases")
    assert opened.name == "org/tiny"
    assert opened.folder.resolve() == snapshot
    with pytest.raises(ModelNotFound, match=r"org/other is not in the local .* hf download org/other"):
        open_base("org/other", tmp_path / "bases")


def _nobody_may_ask(*given: object, **named: object) -> Any:
    raise AssertionError("the network was asked")


def test_weights_that_are_only_pickles_are_refused(tiny: Tiny, tmp_path: Path) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    shutil.copyfile(tiny.base.folder / "config.json", folder / "config.json")
    torch.save({}, folder / "pytorch_model.bin")
    with pytest.raises(ModelRefused, match="pickles, which run code"):
        open_base(str(folder), tmp_path / "bases")


def test_a_folder_with_a_missing_part_names_it(tiny: Tiny, tmp_path: Path) -> None:
    folder = tmp_path / "part"
    shutil.copytree(tiny.base.folder, folder)
    weights = {"a.weight": "model.safetensors", "b.weight": "model-2.safetensors"}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weights}))
    with pytest.raises(ModelNotFound, match=r"model-2\.safetensors is missing"):
        open_base(str(folder), tmp_path / "bases")


def test_what_is_no_base_says_which_forms_there_are(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelNotFound, match=r"no config\.json"):
        open_base(str(tmp_path / "empty"), tmp_path / "bases")
    for name in ("nothing", str(tmp_path / "none.gguf"), "no/such/thing/at/all"):
        with pytest.raises(ModelNotFound, match="ollama:NAME, a GGUF file, a Hugging Face folder or org/name"):
            open_base(name, tmp_path / "bases")


@pytest.mark.parametrize("architecture", ["qwen2", "gemma3"])
def test_other_architectures_become_bases_that_compute(architecture: str, tmp_path: Path) -> None:
    opened = open_base(str(tiny_gguf(tmp_path / "it.gguf", architecture)), tmp_path / "bases")
    model, tokenizer = load_model(opened, precision="fp32"), load_tokenizer(opened)
    with torch.no_grad():
        logits = model(**tokenizer("the hen", return_tensors="pt")).logits
    assert logits.shape[-1] == 132
    assert torch.isfinite(logits).all()


def test_opening_and_loading_write_nothing_on_the_screen(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    load_model(open_base(str(tiny_gguf(tmp_path / "it.gguf")), tmp_path / "bases"))
    assert capfd.readouterr() == ("", "")
