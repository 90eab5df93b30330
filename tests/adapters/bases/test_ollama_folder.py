"""Ollama's folder is read as Ollama reads it, and whatever is wrong with it is one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.adapters.bases.ollama_models import HOST, keep
from tests.adapters.tiny_models import Tiny
from workbench.adapters.bases import ollama_folder, open_base
from workbench.core.errors import ModelNotFound


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny: Tiny) -> Path:
    """A folder with one model, `tiny:1b`."""
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path / "models"))
    keep(tmp_path / "models", "tiny:1b", tiny.weights)
    return tmp_path / "models"


def manifest(models: Path) -> Path:
    return models / "manifests" / HOST / "library" / "tiny" / "1b"


def test_the_weights_are_found_through_the_manifest(models: Path, tiny: Tiny) -> None:
    blob = ollama_folder.weights("tiny:1b")
    assert (blob.sha256, blob.size_bytes) == (tiny.base.identity, tiny.weights.stat().st_size)
    assert blob.path.read_bytes() == tiny.weights.read_bytes()


def test_without_a_setting_it_is_the_folder_in_the_persons_home(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OLLAMA_MODELS")
    monkeypatch.setenv("HOME", str(tmp_path / "person"))
    (tmp_path / "person" / ".ollama").mkdir(parents=True)
    models.rename(tmp_path / "person" / ".ollama" / "models")
    assert ollama_folder.weights("tiny:1b").path.is_file()


def test_no_folder_says_where_it_was_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path / "nowhere"))
    with pytest.raises(ModelNotFound, match=r"no models in .*nowhere; set OLLAMA_MODELS"):
        ollama_folder.weights("tiny")


def test_a_model_that_is_not_there_lists_those_that_are(models: Path, tiny: Tiny) -> None:
    keep(models, "other:latest", tiny.weights, namespace="me")
    with pytest.raises(ModelNotFound, match=r"no tiny:7b .*: me/other:latest, tiny:1b; run: ollama pull tiny:7b"):
        ollama_folder.weights("tiny:7b")


def test_a_missing_blob_names_the_command_that_fetches_it(models: Path) -> None:
    ollama_folder.weights("tiny:1b").path.unlink()
    with pytest.raises(ModelNotFound, match=r"weights sha256-.* are missing; run: ollama pull tiny:1b"):
        ollama_folder.weights("tiny:1b")


def test_a_blob_cut_short_is_refused_by_its_size(models: Path) -> None:
    path = ollama_folder.weights("tiny:1b").path
    whole = path.read_bytes()
    path.unlink()
    path.write_bytes(whole[:-1])
    with pytest.raises(ModelNotFound, match=r"bytes instead of .*; run: ollama pull tiny:1b"):
        ollama_folder.weights("tiny:1b")


def test_a_blob_that_was_altered_is_refused_before_its_weights_are_used(models: Path, tmp_path: Path) -> None:
    path = ollama_folder.weights("tiny:1b").path
    whole = bytearray(path.read_bytes())
    whole[-1] ^= 1
    path.unlink()
    path.write_bytes(whole)
    with pytest.raises(ModelNotFound, match="altered"):
        open_base("ollama:tiny:1b", tmp_path / "bases")
    assert list((tmp_path / "bases").glob("[!.]*")) == []


@pytest.mark.parametrize("content", ["{ not json", "[]", "{}", '{"layers": [{"mediaType": "x"}]}', '{"layers": null}'])
def test_a_broken_manifest_is_one_sentence(models: Path, content: str) -> None:
    manifest(models).write_text(content)
    with pytest.raises(ModelNotFound, match=r"manifest of tiny:1b .*; run: ollama pull tiny:1b"):
        ollama_folder.weights("tiny:1b")


def test_a_digest_that_would_lead_out_of_the_folder_is_not_followed(models: Path) -> None:
    layer = {"mediaType": ollama_folder.WEIGHTS, "digest": "sha256:../../../etc/passwd", "size": 1}
    manifest(models).write_text(json.dumps({"layers": [layer]}))
    with pytest.raises(ModelNotFound, match="names no weights"):
        ollama_folder.weights("tiny:1b")


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "a/b/c/d", "tiny:", ":1b", "a b", "..", "x/../y"])
def test_a_name_that_is_none_is_refused_and_climbs_nowhere(models: Path, name: str) -> None:
    with pytest.raises(ModelNotFound):
        ollama_folder.weights(name)
