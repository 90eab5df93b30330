"""Hostile text comes out as text: a Markdown parser finds it again, and nothing in it is obeyed."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from workbench.reporting.escaping import MOST_CHARS, fenced, markdown, one_line, plain

PARSER = MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough")
HOSTILE = [
    "<script>alert(1)</script>",
    "| a | b |",
    "a \\| b \\",
    "# heading",
    "- item",
    "1. item",
    "12) item",
    "> quote",
    "```\nfence",
    "~~~",
    "---",
    "===",
    "+ plus",
    "    indented",
    "[a](javascript:alert(1))",
    "![a](http://e.example/x.png)",
    "https://e.example www.e.example me@e.example",
    "&lt;b&gt; &copy; &#0;",
    "*a* _b_ **c** `d` ~~e~~ $x$",
    "<!-- --> <![CDATA[ ]]> <?php",
    "a\\\nb",
    "[^1]: note",
    "</details></table>",
    "\u202etxt.exe\u2066",
    "\x00\x1b[31m\x85",
    "שלום \u200f abc",
    "|---|",
]
TEXT = (
    st.text(max_size=80)
    | st.text(alphabet="\\`*_{}[]()<>#+-.!|~&:=\"'$@ \n\t1aw;/日", max_size=60)
    | st.sampled_from(HOSTILE)
)


def words(source: str, kinds: set[str]) -> str:
    """The text of a document that may hold only blocks of these kinds, and in them nothing but text."""
    tokens = PARSER.parse(source)
    assert {token.type for token in tokens} <= kinds, [token.type for token in tokens]
    inline = [child for token in tokens if token.type == "inline" for child in token.children or ()]
    assert {child.type for child in inline} <= {"text", "text_special"}, [child.type for child in inline]
    return "".join(child.content for child in inline)


@settings(max_examples=400, deadline=None)
@given(TEXT)
def test_a_paragraph_reads_as_the_text_itself(text: str) -> None:
    found = words(markdown(text), {"paragraph_open", "inline", "paragraph_close"})
    assert found == one_line(text)


@settings(max_examples=400, deadline=None)
@given(TEXT, TEXT)
def test_a_cell_reads_as_the_text_itself_and_stays_one_cell(left: str, right: str) -> None:
    rows = f"| h | i |\n| --- | --- |\n| {markdown(left)} | {markdown(right)} |"
    tokens = PARSER.parse(rows)
    cells = [token for before, token in pairwise(tokens) if before.type in ("td_open", "th_open")]
    texts = ["".join(child.content for child in cell.children or ()) for cell in cells]
    assert texts == ["h", "i", one_line(left), one_line(right)]
    assert {child.type for cell in cells for child in cell.children or ()} <= {"text", "text_special"}


@settings(max_examples=200, deadline=None)
@given(TEXT)
def test_a_heading_reads_as_the_text_itself(text: str) -> None:
    assert words(f"## {markdown(text)}", {"heading_open", "inline", "heading_close"}) == one_line(text)


@settings(max_examples=300, deadline=None)
@given(TEXT)
@example("```\n````\n")
def test_a_fence_keeps_every_line_and_ends_only_at_its_own_end(text: str) -> None:
    [token] = PARSER.parse(fenced(text))
    assert token.type == "fence"
    assert token.content == plain(text) + "\n"


def test_controls_are_shown_and_directions_named_by_their_number() -> None:
    assert plain("a\x00b\x1b") == "a\u2400b\u241b"
    assert plain("\u202eexe.txt\u202c") == "[U+202E]exe.txt[U+202C]"
    assert plain("\ud800\ufffe\x85") == "\ufffd" * 3
    assert plain("שלום\u200f 日本語 é") == "שלום\u200f 日本語 é"
    assert plain("a\r\nb\rc") == "a\nb\nc"


@pytest.mark.parametrize("text", HOSTILE)
def test_the_text_can_be_written_as_utf_8_and_holds_no_control(text: str) -> None:
    assert not [one for one in plain(text) if ord(one) < 32 and one not in "\n\t"]
    plain(text).encode()


def test_a_very_long_text_is_cut_and_says_how_long_it_was() -> None:
    shown = plain("x" * 1_048_576)
    assert shown.startswith("x" * MOST_CHARS)
    assert shown.endswith("… (cut; 1,048,576 characters in all)")
    assert len(shown) < MOST_CHARS + 60


def test_plain_words_and_numbers_stay_readable() -> None:
    assert markdown("Kept: 0.41 (−2.5 points), done!") == "Kept: 0.41 (−2.5 points), done!"


def test_a_bare_address_is_no_link_on_sites_that_link_them() -> None:
    assert "https\\:" in markdown("https://e.example")
    assert "www\\." in markdown("www.e.example")
    assert "me\\@e" in markdown("me@e.example")
    assert PARSER.render(markdown("https://e.example")) == "<p>https://e.example</p>\n"
