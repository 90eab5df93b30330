"""A file is the old one or the new one, never a part of either."""

from __future__ import annotations

import errno
import stat
from pathlib import Path

import pytest

from workbench import disk


def test_a_replaced_file_has_its_new_content_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    path.write_text("old")
    with disk.replacing(path) as file:
        file.write("new\nlines\n")
        assert path.read_text() == "old"
    assert path.read_bytes() == b"new\nlines\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_while_writing_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    path.write_text("old")

    def fail() -> None:
        with disk.replacing(path) as file:
            file.write("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_is_not_written_over_another(tmp_path: Path) -> None:
    disk.write_new(tmp_path / "a", b"1")
    with pytest.raises(FileExistsError):
        disk.write_new(tmp_path / "a", b"2")
    disk.sync(tmp_path)
    assert (tmp_path / "a").read_bytes() == b"1"


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_want_of_room_is_told_from_want_of_rights(code: int) -> None:
    assert disk.has_no_room(OSError(code, "x"))
    assert not disk.is_forbidden(OSError(code, "x"))
    assert disk.is_forbidden(OSError(errno.EROFS, "x"))
    assert not disk.has_no_room(OSError(errno.EROFS, "x"))
