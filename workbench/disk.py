"""Files that appear whole or not at all and stay after a power cut, and what it means when a disk refuses.

    write beside ─► flush, fsync ─► rename into place ─► fsync of the folder

It does not know what the files mean, nor the sentence that a person reads: the room that writes says it.

>>> with replacing(Path("card.json")) as file:                            # doctest: +SKIP
...     file.write("{}")
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


def has_no_room(error: OSError) -> bool:
    """The disk, the person's share of it or the longest file is used up."""
    return error.errno in _NO_ROOM


def is_forbidden(error: OSError) -> bool:
    """Permissions, or a disk that is mounted to be read only."""
    return error.errno in _FORBIDDEN


@contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """A text file to write into; it takes the name, from whatever had it, when the block ends well.

    Its owner alone can read it. UTF-8, lines end in a newline alone.
    """
    handle, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.")  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
        sync(path.absolute().parent)
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()


def write_new(path: Path, content: bytes) -> None:
    """A file that was not there, with its content on the disk; its name is there after `sync` of the folder."""
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync(folder: Path) -> None:
    """The names in the folder are on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
