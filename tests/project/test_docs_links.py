"""What the papers point at is there: links, files, tests, settings. The glossary has one word for one thing."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.project.papers import ROOT, anchors, folders, inline_code, links, papers, section
from workbench.core.schema import SECTIONS, SPECS

# The journal and the change log speak of what was there on their day.
PRESENT = [path for path in papers() if path.name not in ("LOG.md", "CHANGELOG.md")]
TEST_NAME = re.compile(r"test_\w+")
SETTING = re.compile(rf"(?:{'|'.join(SECTIONS)})\.[a-z_]+")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("paper", papers(), ids=name_of)
def test_every_relative_link_leads_somewhere(paper: Path) -> None:
    for link in links(paper.read_text()):
        if re.match(r"[a-z][a-z+.-]*:", link):
            continue
        place, _, anchor = unquote(link).partition("#")
        target = (paper.parent / place) if place else paper
        assert target.exists(), f"{link} leads nowhere"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target.read_text()), f"{link}: there is no such heading"


@pytest.mark.parametrize("paper", PRESENT, ids=name_of)
def test_every_file_named_in_a_paper_exists(paper: Path) -> None:
    tops = folders(ROOT)
    for code in inline_code(paper.read_text()):
        place = code.split("::")[0]
        if re.fullmatch(r"[\w.*/-]+", place) and "/" in place and place.split("/")[0] in tops:
            assert any(ROOT.glob(place.rstrip("/"))), f"`{code}` names nothing in the project"


@pytest.mark.parametrize("paper", PRESENT, ids=name_of)
def test_every_test_named_in_a_paper_exists(paper: Path) -> None:
    files = list((ROOT / "tests").rglob("test_*.py"))
    known = {path.stem for path in files}
    for path in files:
        known.update(re.findall(r"def (test_\w+)\(", path.read_text()))
    said = {name for code in inline_code(paper.read_text()) for name in TEST_NAME.findall(code)}
    assert said - known == set()


@pytest.mark.parametrize("paper", PRESENT, ids=name_of)
def test_every_setting_named_in_a_paper_exists(paper: Path) -> None:
    said = {code for code in inline_code(paper.read_text()) if SETTING.fullmatch(code)}
    assert said - set(SPECS) == set()


def test_architecture_names_a_test_for_every_invariant() -> None:
    text = section((ROOT / "docs" / "architecture.md").read_text(), "Invariants")
    rows = re.split(r"^(?=\d+\. )", text, flags=re.MULTILINE)[1:]
    assert len(rows) >= 8
    assert [row.splitlines()[0] for row in rows if not re.search(r"`(test_\w+|make check)`", row)] == []


def test_the_glossary_explains_each_word_once_in_alphabetical_order() -> None:
    words = re.findall(r"^\*\*(.+?)\*\*", (ROOT / "docs" / "glossary.md").read_text(), re.MULTILINE)
    assert len(words) > 40
    assert words == sorted(set(words), key=str.casefold)


def test_design_notes_are_numbered_without_a_gap_and_listed() -> None:
    names = [path.name for path in sorted((ROOT / "docs" / "design").glob("*.md"))]
    assert [name[:4] for name in names] == [f"{number:04}" for number in range(1, len(names) + 1)]
    listed = links((ROOT / "docs" / "architecture.md").read_text())
    assert {f"design/{name}" for name in names} <= set(listed)
