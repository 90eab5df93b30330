"""A page as HTML and as Markdown: the same sections in the same order, with the same words.

    Page ─► outline: summary, its sections, how to roll back ─┬─► to_html      one file, figures and plotly inside
                                                              └─► to_markdown  text; what figures show in words

Nothing in a page's strings is obeyed (`escaping`), and nothing is loaded from elsewhere. It writes no file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

from workbench.reporting.escaping import fenced, markdown, one_line, plain
from workbench.reporting.figures import drawn_figure, plotly_script, script_hashes
from workbench.reporting.record import Block, Cell, Fold, Page, Picture, Section, Table, Verbatim, pictures

TEMPLATES = Path(__file__).parent / "templates"
CELL_CHARS = 2_000


@dataclass(frozen=True, slots=True)
class Heading:
    """A section of the page as it is written; unlike `Section` it may have an anchor that every page has."""

    title: str
    anchor: str
    blocks: Sequence[Block]


def outline(page: Page) -> list[Section | Heading]:
    """All sections, in the order of reading."""
    return [
        Heading("Summary", "summary", [*page.summary, "Made by:", Verbatim(page.command)]),
        *page.sections,
        Heading("How to roll back", "roll-back", page.roll_back),
    ]


def shown_cell(value: Cell) -> str:
    """A cell as people read it."""
    if value is None:
        return ""
    if isinstance(value, str):
        return one_line(value, CELL_CHARS)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}".replace("-", "−")


def shown_moment(made: datetime) -> str:
    return f"{made:%Y-%m-%d %H:%M} {made.tzname()}"


def to_html(page: Page) -> str:
    """One self-contained document: nothing is loaded, and no script runs but those that draw its figures.

    It is 5 MB larger where it has figures, because plotly.js is inside. The same page gives the same characters.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    room = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    room.filters |= {"plain": plain, "one_line": one_line, "cell": shown_cell, "moment": shown_moment}
    found = outline(page)
    drawn = [
        drawn_figure(picture, f"figure_{number}")  # no anchor has a low line
        for number, picture in enumerate((one for section in found for one in pictures(section.blocks)), 1)
    ]
    plotly = plotly_script() if drawn else ""
    left = iter(drawn)
    sections = [
        {"title": one.title, "anchor": one.anchor, "blocks": [_for_template(block, left) for block in one.blocks]}
        for one in found
    ]
    allowed = script_hashes([f"<script>{plotly}</script>", *drawn]) if drawn else ""
    text = room.get_template("page.html.j2").render(page=page, sections=sections, plotly=plotly, allowed=allowed)
    return text + "\n"


def _for_template(block: Block, drawn: Iterator[str]) -> str | dict[str, Any]:
    """With the name of its kind, which a template cannot ask for; each picture takes the next figure."""
    if isinstance(block, str):
        return block
    said: dict[str, Any] = {"kind": type(block).__name__}
    said |= {name: getattr(block, name) for name in block.__dataclass_fields__}
    if isinstance(block, Picture):
        said["drawn"] = next(drawn)
    if isinstance(block, Table):
        said["heads"] = list(zip(block.columns, _are_numbers(block), strict=True))
    if isinstance(block, Fold):
        said["blocks"] = [_for_template(each, drawn) for each in block.blocks]
    return said


def to_markdown(page: Page) -> str:
    """GitHub's Markdown."""
    sections = outline(page)
    links = [f"- [{markdown(one.title)}](#{one.anchor})" for one in sections]
    parts = [f"# {markdown(page.title)}", f"Made {shown_moment(page.made)}", f"**{markdown(page.verdict)}**"]
    parts.append("\n".join(links))
    for one in sections:
        parts += [f'<a id="{one.anchor}"></a>', f"## {markdown(one.title)}"]
        parts += [part for block in one.blocks for part in _parts(block)]
    return "\n\n".join(parts) + "\n"


def _parts(block: Block) -> Iterator[str]:
    """What stands between empty lines."""
    if isinstance(block, str):
        yield markdown(block)
    elif isinstance(block, Verbatim):
        yield fenced(block.text)
    elif isinstance(block, Table):
        yield f"*{markdown(block.caption)}*"
        yield "\n".join(_rows(block))
    elif isinstance(block, Picture):
        yield f"*{markdown(block.caption or 'Figure')}:* {markdown(block.alt)}"
    else:
        yield f"<details><summary>{escape(one_line(block.summary))}</summary>"
        for each in block.blocks:
            yield from _parts(each)
        yield "</details>"


def _rows(table: Table) -> Iterator[str]:
    yield _row([markdown(column) for column in table.columns])
    yield _row(["---:" if one else "---" for one in _are_numbers(table)])
    for row in table.rows:
        yield _row([markdown(shown_cell(cell)) for cell in row])


def _are_numbers(table: Table) -> list[bool]:
    """By column: whether any of its cells is a number."""
    return [any(isinstance(row[place], (int, float)) for row in table.rows) for place, _ in enumerate(table.columns)]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
