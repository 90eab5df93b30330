"""What a page says, before it is HTML or Markdown: a title, a verdict, sections of blocks, and how to roll back.

    Page ─► Section ─► Block:  a paragraph (str)   Table   Picture   Verbatim   Fold ─► Block …

All strings are plain text in any script: what is markup in them is shown, never obeyed. It does not know what was
learned or evolved, nor how a page is written.

>>> section = Section("By skill", "by-skill", ["Better.", Table("Right answers", ["skill", "right"], [["dates", 9]])])
>>> section.blocks[1].rows
[['dates', 9]]
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias, Union

if TYPE_CHECKING:
    import plotly.graph_objects as go

Cell: TypeAlias = str | int | float | None  # None is an empty cell
TAKEN = ("summary", "roll-back")  # anchors of the sections that every page has
_ANCHOR = re.compile(r"[a-z][a-z0-9-]*")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under named columns; the first column says what the row is about.

    Args:
        caption: what is counted, with the unit.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    def __post_init__(self) -> None:
        assert self.caption.strip(), "a table says in words what it holds"
        assert self.columns, "a table has columns"
        assert all(len(row) == len(self.columns) for row in self.rows), f"rows of '{self.caption}' differ in length"


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure.

    Args:
        figure: drawn when the HTML page is opened; the Markdown page says `alt` in its place.
        alt: what a person who cannot see it needs to know.
    """

    figure: go.Figure
    alt: str
    caption: str = ""

    def __post_init__(self) -> None:
        assert self.alt.strip(), "a picture says in words what it shows"


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Text that keeps its lines and spaces: a command, an example."""

    text: str


@dataclass(frozen=True, slots=True)
class Fold:
    """Blocks that a reader opens."""

    summary: str
    blocks: Sequence[Block]


Block: TypeAlias = Union[str, Table, Picture, Verbatim, Fold]  # noqa: UP007  Fold is not defined yet inside itself


@dataclass(frozen=True, slots=True)
class Section:
    """Blocks under a heading that can be linked to.

    Args:
        anchor: lower-case letters, digits and dashes.
    """

    title: str
    anchor: str
    blocks: Sequence[Block]

    def __post_init__(self) -> None:
        assert _ANCHOR.fullmatch(self.anchor), f"'{self.anchor}' is no anchor"
        assert self.anchor not in TAKEN, f"'{self.anchor}' is a section that every page has"


@dataclass(frozen=True, slots=True)
class Page:
    """One report.

    Args:
        verdict: what came of it, in a sentence.
        summary: sentences.
        made: when, with a time zone.
        command: that made it, as typed.
        roll_back: how what was done is undone; always the last section.
    """

    title: str
    verdict: str
    summary: Sequence[str]
    sections: Sequence[Section]
    made: datetime
    command: str
    roll_back: Sequence[Block]

    def __post_init__(self) -> None:
        assert self.title.strip(), "a page has a title"
        assert self.verdict.strip(), "a page says what came of it"
        assert self.made.tzinfo is not None, "a moment without a time zone is not one"
        assert self.roll_back, "a page says how to roll back, or that there is nothing to"
        anchors = [section.anchor for section in self.sections]
        assert len(set(anchors)) == len(anchors), f"an anchor comes twice: {anchors}"


def pictures(blocks: Sequence[Block]) -> Iterator[Picture]:
    """All pictures in the order of reading, those in folds too."""
    for block in blocks:
        if isinstance(block, Picture):
            yield block
        elif isinstance(block, Fold):
            yield from pictures(block.blocks)
