"""Any sentence encoder through transformers: a tiny real BERT with random weights, saved to a folder."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workbench.core.errors import ModelNotFound, ModelUnavailable
from workbench.memory.embedders import hugging_face as room
from workbench.memory.embedders.hugging_face import HuggingFaceEmbedder

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "dog", "cat", "red", "car", "my", "query", "passage", ":", "x"]
LIBRARIES = [name for name in ("torch", "transformers") if importlib.util.find_spec(name) is None]
needs_torch = pytest.mark.skipif(bool(LIBRARIES), reason=f"not installed: {', '.join(LIBRARIES)}; run: {room.INSTALL}")


@pytest.mark.skipif(not LIBRARIES, reason="torch and transformers are installed")
def test_without_torch_one_sentence_says_what_to_install() -> None:
    with pytest.raises(ModelNotFound, match=r"needs torch.*; run: pip install torch"):
        HuggingFaceEmbedder("intfloat/multilingual-e5-base").embed(["hello"])


def test_a_name_that_is_not_in_the_cache_is_not_fetched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelNotFound, match="run: hf download nobody/no-such-model"):
        room._cached("nobody/no-such-model", download=False)
    assert not any(tmp_path.rglob("*.safetensors"))


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("model") / "tiny"
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(WORDS))
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    BertModel(BertConfig(vocab_size=len(WORDS), max_position_embeddings=16, **sizes)).save_pretrained(folder)
    BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=16).save_pretrained(folder)
    return folder


def state(folder: Path, file: str, **settings: Any) -> None:
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_text(json.dumps(settings))


@pytest.fixture
def copied(encoder: Path, tmp_path: Path) -> Path:
    for file in encoder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


@needs_torch
def test_rows_are_unit_float32_in_the_order_of_the_texts(encoder: Path) -> None:
    embedder = HuggingFaceEmbedder(str(encoder))
    texts = ["my red car", "dog", "my cat my dog red car x", ""] * 9
    vectors = embedder.embed(texts)
    assert (vectors.shape, vectors.dtype, embedder.dimension) == ((36, 32), np.dtype(np.float32), 32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(vectors[:4], np.concatenate([embedder.embed([text]) for text in texts[:4]]), atol=1e-4)
    assert embedder.embed([]).shape == (0, 32)


@needs_torch
def test_the_vector_is_the_mean_over_the_tokens_of_the_model(encoder: Path) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    batch = AutoTokenizer.from_pretrained(str(encoder))(["my red car"], return_tensors="pt")
    with torch.inference_mode():
        mean = AutoModel.from_pretrained(str(encoder)).eval()(**batch).last_hidden_state[0].mean(dim=0).numpy()
    [vector] = HuggingFaceEmbedder(str(encoder)).embed(["my red car"])
    np.testing.assert_allclose(vector, mean / np.linalg.norm(mean), atol=1e-5)


@needs_torch
def test_cls_pooling_is_read_from_the_folder(copied: Path) -> None:
    mean = HuggingFaceEmbedder(str(copied)).embed(["my red car"])
    state(copied, "1_Pooling/config.json", pooling_mode_cls_token=True, pooling_mode_mean_tokens=False)
    assert not np.allclose(HuggingFaceEmbedder(str(copied)).embed(["my red car"]), mean, atol=1e-3)


@needs_torch
def test_pooling_that_is_not_known_is_refused_by_name(copied: Path) -> None:
    state(copied, "1_Pooling/config.json", pooling_mode_lasttoken=True)
    with pytest.raises(ModelUnavailable, match="pools by lasttoken"):
        HuggingFaceEmbedder(str(copied)).embed(["my red car"])


@needs_torch
def test_prompts_of_the_folder_tell_a_question_from_a_statement(copied: Path) -> None:
    assert np.allclose(
        HuggingFaceEmbedder(str(copied)).embed_query("dog"), HuggingFaceEmbedder(str(copied)).embed(["dog"])[0]
    )
    state(copied, "config_sentence_transformers.json", prompts={"query": "query: ", "passage": "passage: "})
    embedder = HuggingFaceEmbedder(str(copied))
    assert not np.allclose(embedder.embed_query("dog"), embedder.embed(["dog"])[0], atol=1e-3)


@needs_torch
def test_a_long_text_is_cut_at_what_the_model_can_read(encoder: Path) -> None:
    embedder = HuggingFaceEmbedder(str(encoder))
    np.testing.assert_allclose(embedder.embed(["dog " * 9_000]), embedder.embed(["dog " * 14]), atol=1e-5)


@needs_torch
def test_a_folder_with_broken_weights_is_one_sentence(copied: Path) -> None:
    for weights in copied.glob("*.safetensors"):
        weights.unlink()
    with pytest.raises(ModelUnavailable, match="cannot be loaded as an encoder"):
        HuggingFaceEmbedder(str(copied)).embed(["dog"])
