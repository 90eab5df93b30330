"""Files and folders of a shelf appear whole or not at all, as `workbench.disk` writes them.

What a crash leaves beside is named after the process that wrote it, so that a later one knows when to remove it.
It does not know what the files mean.

>>> replace(Path("champion.json"), b"{}")                                 # doctest: +SKIP
"""

from __future__ import annotations

import os
import re
import shutil
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from workbench import disk
from workbench.core.errors import AdapterError, ShelfFull

_BESIDE = re.compile(r"\.new-(\d+)-[0-9a-f]{32}")
_STALE_S = 3600.0  # a process id may be used again, so an hour is enough for any writer


def beside(folder: Path) -> Path:
    """A name in the folder that nobody else uses; `sweep` knows it."""
    return folder / f".new-{os.getpid()}-{uuid.uuid4().hex}"


def replace(path: Path, content: bytes) -> None:
    """The file has this content, or the one it had."""
    made = beside(path.parent)
    try:
        disk.write_new(made, content)
        made.replace(path)
    finally:
        made.unlink(missing_ok=True)
    disk.sync(path.parent)


def folder_of(files: Mapping[str, bytes], parent: Path) -> Path:
    """A new folder beside its later place, with these files, all on the disk."""
    made = beside(parent)
    try:
        made.mkdir()
        for name, content in files.items():
            disk.write_new(made / name, content)
        disk.sync(made)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise
    return made


def remove(folder: Path) -> None:
    """The folder vanishes in one step; its content is deleted after."""
    gone = beside(folder.parent)
    folder.rename(gone)
    disk.sync(folder.parent)
    shutil.rmtree(gone, ignore_errors=True)  # what is left is swept later


def sweep(folder: Path) -> None:
    """Remove what processes left that are gone, or that is older than an hour."""
    import psutil

    for path in folder.iterdir():
        found = _BESIDE.fullmatch(path.name)
        if found and (not psutil.pid_exists(int(found[1])) or _age_s(path) > _STALE_S):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """What the disk refuses becomes a sentence."""
    try:
        yield
    except TimeoutError:
        raise  # of a lock, not of the disk
    except OSError as error:
        if disk.has_no_room(error):
            raise ShelfFull(f"There is no room on the disk of {folder}; free some and try again") from error
        raise AdapterError(
            f"The shelf in {folder} cannot be written ({error.strerror}); correct permissions or choose another home"
        ) from error


def _age_s(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0  # another process has swept it
