"""A file becomes passages that keep to the budget, know their heading and lines, and lose no word."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.core.errors import ExamplesError
from workbench.core.tokens import tokens_of
from workbench.corpus.documents.passages import LARGEST_BYTES, passages_of, read_passages, sentences

NOTES = """# Workshop

Open daily.

## Fees

A key costs 5 euros.
A day pass costs 2.

Students pay half.

## Tools

The saw is loud.
"""


def test_paragraphs_under_one_heading_share_a_passage_and_know_their_lines() -> None:
    _, fees, tools = passages_of(NOTES, budget_tokens=60)
    assert fees.heading == "Workshop > Fees"
    assert fees.text == "A key costs 5 euros.\nA day pass costs 2.\n\nStudents pay half."
    assert (fees.first_line, fees.last_line) == (7, 10)
    assert (tools.number, tools.heading) == (3, "Workshop > Tools")


@pytest.mark.parametrize("budget_tokens", [1, 5, 12, 40])
def test_no_passage_is_over_the_budget_and_no_word_is_lost(budget_tokens: int) -> None:
    found = passages_of(NOTES, budget_tokens=max(budget_tokens, 2))
    assert all(tokens_of(one.text) <= max(budget_tokens, 2) for one in found)
    letters = "".join("".join(one.text.split()) for one in found)
    assert letters == "".join("".join(line.split()) for line in NOTES.splitlines() if not line.startswith("#"))


def test_a_long_line_is_cut_between_sentences_first() -> None:
    first, second = passages_of("The saw is loud today. The lamp is very bright.", budget_tokens=8)
    assert (first.text, second.text) == ("The saw is loud today.", "The lamp is very bright.")
    assert (first.first_line, second.last_line) == (1, 1)


def test_a_long_japanese_line_is_cut_between_sentences_too() -> None:
    found = passages_of("鋸は大きな音がする。灯りはとても明るい。", budget_tokens=20)
    assert [one.text for one in found] == ["鋸は大きな音がする。", "灯りはとても明るい。"]


def test_a_hash_inside_a_code_fence_is_no_heading() -> None:
    text = "# Setup\n\n```\n# not a heading\nrun it\n```\n\nDone."
    assert {one.heading for one in passages_of(text, budget_tokens=100)} == {"Setup"}


def test_plain_text_has_no_headings(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("# 5 is the number of the gate.\n", encoding="utf-8")
    [one] = read_passages(path, budget_tokens=50)
    assert (one.heading, one.text) == ("", "# 5 is the number of the gate.")


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    path.write_bytes(b"\xef\xbb\xbf# Fees\r\n\r\nA key costs 5.\r\n")
    [one] = read_passages(path, budget_tokens=50)
    assert (one.heading, one.text) == ("Fees", "A key costs 5.")


def test_sentences_run_over_lines_but_not_over_list_items() -> None:
    text = "Dr. Brandt founded it,\nin 2011. It cost 3.50 then.\n- Key: 5 euros\n- Pass: 2 euros"
    assert sentences(text) == (
        "Dr. Brandt founded it, in 2011.",
        "It cost 3.50 then.",
        "- Key: 5 euros",
        "- Pass: 2 euros",
    )


def test_a_file_that_cannot_be_used_says_why(tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_bytes("Gebühr".encode("latin-1"))
    (tmp_path / "blank.md").write_text("# Only a title\n\n", encoding="utf-8")
    (tmp_path / "table.xlsx").write_bytes(b"PK")
    (tmp_path / "huge.txt").write_bytes(b"a" * (LARGEST_BYTES + 1))
    sentences_of = {
        "latin.txt": r"not UTF-8 text \(byte 3\); save it",
        "blank.md": "holds no text",
        "table.xlsx": "give one of: .md, .txt",
        "huge.txt": "larger than 20 MiB",
        "absent.txt": "cannot be read",
    }
    for name, sentence in sentences_of.items():
        with pytest.raises(ExamplesError, match=sentence):
            read_passages(tmp_path / name, budget_tokens=50)
