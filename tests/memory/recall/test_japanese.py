from __future__ import annotations

import time

import pytest

from workbench.memory.recall.japanese import terms


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("新しい車を買った。", "車を買いました", {"車", "買"}),  # endings of a verb, plain and polite
        ("愛犬の散歩", "犬と散歩する", {"犬", "散歩"}),  # a compound and its part
        ("ネコを飼う", "ねこが好き", {"ねこ"}),  # katakana and hiragana
        ("ﾘﾝｺﾞのﾊﾟﾝ", "リンゴのパン", {"りんご", "ぱん"}),  # half and full width
        ("ＮＨＫを見た", "nhkは見ない", {"nhk", "見"}),  # Latin letters, wide and narrow, upper and lower case
        ("コンピューターが壊れた", "コンピュータを直す", {"こんぴゅーた"}),  # the long vowel at the end
        ("２０２５年", "2025年に", {"2025", "年"}),
    ],
)
def test_what_means_the_same_word_shares_its_terms(one: str, other: str, shared: set[str]) -> None:
    assert shared <= set(terms(one)) & set(terms(other))


@pytest.mark.parametrize(
    "text", ["です", "ました。", "という", "の", "から、まで", "！？…", "", " 　 ", "ー", "、。・"]
)
def test_particles_endings_and_marks_are_no_terms(text: str) -> None:
    assert terms(text) == []


def test_compounds_are_told_apart_by_pairs() -> None:
    assert {"東京", "京都"} <= set(terms("東京都"))
    assert "東京" not in terms("京都")


def test_scripts_are_never_joined() -> None:
    assert terms("赤い車") == ["赤", "車"]
    assert terms("東京タワー") == ["東", "京", "東京", "たわ"]


def test_terms_come_in_order_and_as_often_as_they_occur() -> None:
    assert terms("犬と猫と犬") == ["犬", "猫", "犬"]


def test_words_in_hiragana_leave_pairs() -> None:
    assert "うど" in terms("うどんを食べたい")
    assert "食" in terms("うどんを食べたい")


def test_a_pasted_book_takes_time_in_proportion() -> None:
    started = time.perf_counter()
    assert len(terms("昨日は駅前のカフェでケーキを食べました。" * 10_000)) > 100_000
    assert time.perf_counter() - started < 10
