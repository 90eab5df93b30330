"""A report is on the disk whole or not at all, and a new one leaves nothing of the old."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import pytest

from workbench import disk
from workbench.core.errors import StoreError, StoreFull, StoreReadOnly
from workbench.reporting import Page, Picture, Section, write_page


def page(title: str, width: int = 1) -> Page:
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} 1"/>'
    section = Section("Look", "look", [Picture(svg, "Nothing")])
    return Page(title, "Kept", [], [section], datetime(2026, 11, 12, tzinfo=UTC), "workbench learn", ["Nothing to do."])


def test_both_pages_and_the_pictures_are_there(tmp_path: Path) -> None:
    written = write_page(page("One"), tmp_path / "reports" / "1")
    assert written.html.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    text = written.markdown.read_text(encoding="utf-8")
    assert text.startswith("# One\n")
    [picture] = written.markdown.parent.glob("*.svg")
    assert f"]({picture.name})" in text
    assert {path.name for path in written.html.parent.iterdir()} == {"report.html", "report.md", picture.name}


def test_a_second_report_takes_the_place_of_the_first_and_of_its_pictures_only(tmp_path: Path) -> None:
    write_page(page("One"), tmp_path)
    write_page(page("Other"), tmp_path, name="other")
    (tmp_path / "report-mine.svg").write_text("mine")
    before = set(tmp_path.glob("report-*.svg"))
    written = write_page(page("Two", width=2), tmp_path)
    after = set(tmp_path.glob("report-*.svg"))
    assert len(after) == len(before) == 2
    assert before & after == {tmp_path / "report-mine.svg"}
    assert "# Two" in written.markdown.read_text()
    assert len(list(tmp_path.glob("other-*.svg"))) == 1


@pytest.mark.parametrize(
    ("code", "kind"), [(errno.ENOSPC, StoreFull), (errno.EROFS, StoreReadOnly), (errno.EIO, StoreError)]
)
def test_a_disk_that_refuses_is_named_and_leaves_the_earlier_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, kind: type[StoreError]
) -> None:
    written = write_page(page("One"), tmp_path)
    before = written.html.read_text(), written.markdown.read_text()
    pictures = set(tmp_path.glob("*.svg"))

    @contextmanager
    def refuse(path: Path) -> Iterator[TextIO]:
        raise OSError(code, "refused", str(path))
        yield

    monkeypatch.setattr(disk, "replacing", refuse)
    with pytest.raises(kind, match="report"):
        write_page(page("Two", width=2), tmp_path)
    assert (written.html.read_text(), written.markdown.read_text()) == before
    assert pictures <= set(tmp_path.glob("*.svg"))


def test_a_picture_that_cannot_be_written_leaves_no_half_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(path: Path, content: bytes) -> None:
        path.write_bytes(content[:3])
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(disk, "write_new", half)
    with pytest.raises(StoreFull, match="free some space"):
        write_page(page("One"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(StoreError, match="choose another folder"):
        write_page(page("One"), tmp_path / "a")
