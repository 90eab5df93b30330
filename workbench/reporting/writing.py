"""A page into a folder: `report.md`, then `report.html`, each whole or as it was. It does not know what a page says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from workbench import disk
from workbench.core.errors import StoreError, StoreFull, StoreReadOnly
from workbench.reporting.pages import to_html, to_markdown
from workbench.reporting.record import Page


class Written(NamedTuple):
    """Where a page is."""

    html: Path
    markdown: Path


def write_page(page: Page, folder: Path, *, name: str = "report") -> Written:
    """Write a page as HTML and as Markdown, in place of what had their names.

    Args:
        folder: made if it is missing.
        name: of the files, without an ending.
    Raises:
        StoreFull: there is no room; the earlier page is whole.
        StoreReadOnly: the folder cannot be written.
        StoreError: the disk refused otherwise.
    """
    assert re.fullmatch(r"[\w-]+", name), f"'{name}' is no name for a file"
    found = Written(folder / f"{name}.html", folder / f"{name}.md")
    html, text = to_html(page), to_markdown(page)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, content in ((found.markdown, text), (found.html, html)):
            with disk.replacing(path) as file:
                file.write(content)
    except OSError as error:
        raise _in_words(error, folder) from error
    return found


def _in_words(error: OSError, folder: Path) -> StoreError:
    if disk.has_no_room(error):
        return StoreFull(f"There is no room for the report in {folder}; free some space and write it again")
    if disk.is_forbidden(error):
        return StoreReadOnly(f"The report cannot be written into {folder}; change its permissions or choose another")
    return StoreError(f"The report could not be written into {folder} ({error.strerror}); choose another folder")
