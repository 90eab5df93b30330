"""A report is on the disk whole or not at all, and a new one leaves nothing of the old."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import plotly.graph_objects as go
import pytest

from tests.full_disk import files_at_most
from workbench import disk
from workbench.core.errors import StoreError, StoreFull, StoreReadOnly
from workbench.reporting import Page, Picture, Section, write_page


def page(title: str) -> Page:
    return Page(title, "Kept", [], [], datetime(2026, 11, 12, tzinfo=UTC), "workbench learn", ["Nothing to do."])


def drawn(title: str) -> Page:
    section = Section("Look", "look", [Picture(go.Figure(go.Bar(y=[1, 2])), "Two bars")])
    return replace(page(title), sections=[section])


def test_both_pages_are_there_with_the_figures_inside(tmp_path: Path) -> None:
    written = write_page(drawn("One"), tmp_path / "reports" / "1")
    html = written.html.read_text(encoding="utf-8")
    assert html.startswith("<!DOCTYPE html>")
    assert "Plotly.newPlot" in html
    assert written.markdown.read_text(encoding="utf-8").startswith("# One\n")
    assert {path.name for path in written.html.parent.iterdir()} == {"report.html", "report.md"}


def test_a_second_report_takes_the_place_of_the_first_and_of_nothing_else(tmp_path: Path) -> None:
    write_page(page("One"), tmp_path)
    other = write_page(page("Other"), tmp_path, name="other")
    (tmp_path / "report-mine.svg").write_text("mine")
    written = write_page(page("Two"), tmp_path)
    assert written.markdown.read_text().startswith("# Two\n")
    assert '<h1 dir="auto">Two</h1>' in written.html.read_text()
    assert other.markdown.read_text().startswith("# Other\n")
    names = {"report.html", "report.md", "other.html", "other.md", "report-mine.svg"}
    assert {path.name for path in tmp_path.iterdir()} == names


@pytest.mark.parametrize(
    ("code", "kind"), [(errno.ENOSPC, StoreFull), (errno.EROFS, StoreReadOnly), (errno.EIO, StoreError)]
)
def test_a_disk_that_refuses_is_named_and_leaves_the_earlier_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, kind: type[StoreError]
) -> None:
    written = write_page(page("One"), tmp_path)
    before = written.html.read_text(), written.markdown.read_text()

    @contextmanager
    def refuse(path: Path) -> Iterator[TextIO]:
        raise OSError(code, "refused", str(path))
        yield

    monkeypatch.setattr(disk, "replacing", refuse)
    with pytest.raises(kind, match="report"):
        write_page(page("Two"), tmp_path)
    assert (written.html.read_text(), written.markdown.read_text()) == before


def test_a_disk_that_fills_while_it_writes_leaves_the_earlier_html_and_no_half_of_a_file(tmp_path: Path) -> None:
    written = write_page(page("One"), tmp_path)
    before = written.html.read_text()
    with files_at_most(100_000), pytest.raises(StoreFull, match="free some space"):
        write_page(drawn("Two"), tmp_path)
    assert written.html.read_text() == before
    assert {path.name for path in tmp_path.iterdir()} == {"report.html", "report.md"}


def test_a_folder_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(StoreError, match="choose another folder"):
        write_page(page("One"), tmp_path / "a")
