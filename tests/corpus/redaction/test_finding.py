from __future__ import annotations

import pytest

from workbench.corpus.redaction.finding import Finding, Folded, apart


@pytest.mark.parametrize(
    "text", ["plain", "ＦＵＬＬ　ｗｉｄｔｈ", "zero\u200bwidth", "０９０－１２", "㍿ and ﬁ", "", "電話"]
)
def test_every_folded_character_leads_back_to_the_one_it_came_from(text: str) -> None:
    folded = Folded.of(text)
    whole = [folded.finding("ID", at, at + 1) for at in range(len(folded.text))]
    assert [one.start for one in whole] == sorted(one.start for one in whole)
    assert all(one.length == 1 for one in whole)
    assert all(0 <= one.start < len(text) for one in whole)


def test_dashes_between_digits_are_plain_and_in_words_stay() -> None:
    assert Folded.of("０９０ー１２ サービス").text == "090-12 サービス"


def test_overlapping_findings_become_one_that_covers_both() -> None:
    found = apart([Finding("IP", 5, 9), Finding("URL", 0, 7), Finding("ID", 1, 3), Finding("EMAIL", 9, 12)])
    assert found == (Finding("URL", 0, 9), Finding("EMAIL", 9, 12))
