"""A page says the same in HTML and in Markdown, stands alone, and nothing in it is obeyed."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from html.parser import HTMLParser

import plotly.graph_objects as go
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from plotly.offline import get_plotlyjs

from workbench.reporting import Fold, Page, Picture, Section, Table, Verbatim, to_html, to_markdown
from workbench.reporting.escaping import one_line, plain
from workbench.reporting.record import Block

MADE = datetime(2026, 11, 12, 7, 30, tzinfo=UTC)
VOID = {"meta", "br", "link", "hr", "input"}
STRUCTURE = "html head meta title style body header nav main section h1 h2 p time ul li a div details summary"
PARTS = "table caption thead tbody tr th td pre code figure figcaption script noscript"
KNOWN = {*STRUCTURE.split(), *PARTS.split()}
LINE, DOT = go.Figure(go.Scatter(x=[1, 2], y=[3, 4])), go.Figure(go.Scatter(x=[1], y=[1]))


def page(*blocks: Block, title: str = "Cycle 3", verdict: str = "Kept", summary: Sequence[str] = ("One.",)) -> Page:
    return Page(
        title=title,
        verdict=verdict,
        summary=summary,
        sections=[Section("What was tried", "tried", blocks)],
        made=MADE,
        command="workbench evolve tune.jsonl",
        roll_back=["Type this:", Verbatim("workbench rollback")],
    )


def hash_of(script: str) -> str:
    return f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"


PARSER = MarkdownIt("commonmark", {"html": True}).enable("table")


class Strict(HTMLParser):
    """Reads a document and refuses what a browser would have to mend."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        assert html.startswith("<!DOCTYPE html>\n")
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in KNOWN, tag
        assert not (tag in ("p", "div", "table", "pre", "figure", "details") and "p" in self.open), self.open
        assert len(dict(attrs)) == len(attrs), f"an attribute twice: {attrs}"
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts[self.open[-1]][-1] += data

    def of(self, tag: str, name: str) -> list[str | None]:
        return [attrs[name] for found, attrs in self.tags if found == tag and name in attrs]


FULL = page(
    "Dates are better.",
    Table("Right answers of 40", ["skill", "before", "after"], [["dates", 4, 30], ["sums", None, 0.4751]]),
    Fold("Examples", [Verbatim("1 + 1\n  = 2"), Fold("More", ["Deep."])]),
)
DRAWN = page(Picture(LINE, "A line that rises", "Fitness"), Fold("Examples", [Picture(DOT, "A dot")]))


def test_the_html_is_well_formed_and_its_headings_go_down_one_by_one() -> None:
    found = Strict(to_html(FULL))
    levels = [int(tag[1]) for tag, _ in found.tags if re.fullmatch(r"h\d", tag)]
    assert levels == [1, 2, 2, 2]
    assert found.texts["h2"] == ["Summary", "What was tried", "How to roll back"]


def test_every_link_leads_to_a_section_of_the_page_and_every_id_is_there_once() -> None:
    found = Strict(to_html(FULL))
    ids = [attrs["id"] for _, attrs in found.tags if "id" in attrs]
    assert found.of("a", "href") == [f"#{one}" for one in ids] == ["#summary", "#tried", "#roll-back"]
    assert set(found.of("section", "aria-labelledby")) == set(ids)


def test_the_html_without_figures_loads_nothing_and_runs_nothing() -> None:
    found = Strict(to_html(FULL))
    assert "script" not in found.texts
    assert not [name for _, attrs in found.tags for name in attrs if name.startswith("on") or name == "src"]
    [policy] = [one for one in found.of("meta", "content") if one and "-src" in one]
    assert str(policy).startswith("default-src 'none';")
    assert "script-src" not in str(policy)
    assert "http" not in to_html(FULL).replace("http-equiv", "")
    assert "prefers-color-scheme: dark" in to_html(FULL)


def test_the_html_with_figures_has_plotly_once_and_allows_its_own_scripts_by_their_hashes_alone() -> None:
    found = Strict(to_html(DRAWN))
    plotly, *drawings = found.texts["script"]
    assert plotly == get_plotlyjs()
    assert len(drawings) == 2
    [policy] = [str(one) for one in found.of("meta", "content") if one and "-src" in one]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"].split() == [hash_of(one) for one in (plotly, *drawings)]
    assert not [one for one in rules if "http" in rules[one] or "*" in rules[one]]
    assert found.of("script", "src") == []


def test_each_figure_has_a_box_its_words_and_a_caption() -> None:
    found = Strict(to_html(DRAWN))
    ids = [attrs["id"] for _, attrs in found.tags if "id" in attrs]
    assert [one for one in ids if "figure" in str(one)] == ["figure_1", "figure_2"]
    assert len(set(ids)) == len(ids)
    words = [attrs["aria-label"] for _, attrs in found.tags if attrs.get("class") == "drawing"]
    assert words == ["A line that rises", "A dot"]
    assert [one for one in found.texts["p"] if one in words] == words  # where scripts are off
    assert found.texts["figcaption"] == ["Fitness"]


def test_the_same_page_gives_the_same_characters() -> None:
    assert to_html(DRAWN) == to_html(DRAWN)
    assert to_markdown(DRAWN) == to_markdown(DRAWN)


def test_a_figure_about_the_way_back_is_drawn_too() -> None:
    back = Page("t", "v", [], [], MADE, "c", [Picture(DOT, "A dot")])
    assert len(Strict(to_html(back)).texts["script"]) == 2


def test_a_table_has_a_caption_heads_for_columns_and_rows_and_numbers_to_the_right() -> None:
    found = Strict(to_html(FULL))
    assert found.texts["caption"] == ["Right answers of 40"]
    assert found.of("th", "scope") == ["col"] * 3 + ["row", "row"]
    assert found.texts["th"] == ["skill", "before", "after", "dates", "sums"]
    assert found.texts["td"] == ["4", "30", "", "0.4751"]
    assert found.of("td", "class") == ["number"] * 3
    assert found.of("th", "class") == ["number"] * 2


def test_both_pages_name_the_moment_the_command_and_the_way_back_last() -> None:
    html, text = to_html(FULL), to_markdown(FULL)
    for said in ("2026-11-12 07:30 UTC", "workbench evolve tune.jsonl"):
        assert said in html
        assert said in text
    assert text.rstrip().endswith("```text\nworkbench rollback\n```")
    assert Strict(html).texts["code"][-1] == "workbench rollback"


def test_the_markdown_has_the_same_sections_table_and_folds() -> None:
    html = PARSER.render(to_markdown(FULL))
    assert re.findall(r"<h(\d)>", html) == ["1", "2", "2", "2"]
    assert [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", html, re.S)] == [
        [],
        ["dates", "4", "30"],
        ["sums", "", "0.4751"],
    ]
    assert html.count("<details>") == html.count("</details>") == 2
    assert set(re.findall(r'href="#([^"]+)"', html)) == set(re.findall(r'<a id="([^"]+)"', html))


def test_the_markdown_says_in_words_what_figures_show() -> None:
    html = PARSER.render(to_markdown(DRAWN))
    assert "<p><em>Fitness:</em> A line that rises</p>" in html
    assert "<p><em>Figure:</em> A dot</p>" in html
    assert "<img" not in html


HOSTILE = "</td></p></details><script>alert(1)</script> | a | b |\n# heading\n```\n\x00\u202e \" ' & {{ 7 * 7 }}"


def everywhere(text: str, *more: Block) -> Page:
    return page(
        text,
        Table(text, [text, "b"], [[text, 1]]),
        Verbatim(text),
        Fold(text, [text]),
        *more,
        title=text,
        verdict=text,
        summary=[text],
    )


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60).filter(str.strip) | st.just(HOSTILE))
def test_any_text_anywhere_is_found_again_and_breaks_neither_page(text: str) -> None:
    found = Strict(to_html(everywhere(text)))
    for tag in ("h1", "caption", "summary", "title"):
        assert found.texts[tag] == [one_line(text)]
    assert found.texts["th"] == [one_line(text), "b", one_line(text)]
    assert found.texts["p"].count(one_line(text)) >= 4
    assert found.texts["code"][1] == plain(text)
    tokens = PARSER.parse(to_markdown(everywhere(text, Picture(DOT, text, text))))
    raw = [token.content for token in tokens if token.type == "html_block"]
    assert all(re.fullmatch(r"<details><summary>[^<>]*</summary>\n?|</details>\n?", one) for one in raw)
    assert [token.tag for token in tokens if token.type == "heading_open"] == ["h1", "h2", "h2", "h2"]


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60).filter(str.strip) | st.text("*_[]()!`\\ a", min_size=1, max_size=20).map("b{}".format))
def test_verdict_caption_and_words_of_a_picture_are_whole_in_the_markdown(text: str) -> None:
    tokens = PARSER.parse(to_markdown(page(Table(text, ["a"], []), Picture(DOT, text, text), verdict=text)))
    lines = [token.children or [] for token in tokens if token.type == "inline"]
    strong = [line for line in lines if any(part.type == "strong_open" for part in line)]
    slanted = [line for line in lines if any(part.type == "em_open" for part in line)]
    said = one_line(text)
    read = ["".join(part.content for part in line) for line in (*strong, *slanted)]
    assert read == [said, said, f"{said}: {said}"]


def test_hostile_words_about_a_picture_break_no_page() -> None:
    found = Strict(to_html(page(Picture(DOT, HOSTILE, HOSTILE))))
    assert found.texts["figcaption"] == [one_line(HOSTILE)]
    assert one_line(HOSTILE) in found.of("div", "aria-label")
    assert len(found.texts["script"]) == 2


def test_a_megabyte_of_text_makes_a_page_that_still_opens() -> None:
    html = to_html(everywhere("<" * 1_048_576))
    assert len(html) < 2_000_000
    assert "1,048,576 characters in all" in html


def test_mistakes_of_ours_are_caught_where_they_are_made() -> None:
    with pytest.raises(AssertionError, match="differ in length"):
        Table("t", ["a", "b"], [["1"]])
    with pytest.raises(AssertionError, match="no anchor"):
        Section("t", "A b", [])
    with pytest.raises(AssertionError, match="every page has"):
        Section("t", "summary", [])
    with pytest.raises(AssertionError, match="in words"):
        Picture(DOT, " ")
    with pytest.raises(AssertionError, match="time zone"):
        Page("t", "v", [], [], MADE.replace(tzinfo=None), "c", ["r"])
    with pytest.raises(AssertionError, match="twice"):
        Page("t", "v", [], [Section("a", "a", []), Section("b", "a", [])], MADE, "c", ["r"])
    with pytest.raises(AssertionError, match="roll back"):
        Page("t", "v", [], [], MADE, "c", [])
    with pytest.raises(AssertionError, match="what came of it"):
        Page("t", " ", [], [], MADE, "c", ["r"])
    with pytest.raises(AssertionError, match="what it holds"):
        Table("", ["a"], [])
