"""Names of any script and length, made to fit: cut and wrapped by how wide their characters are drawn.

A Latin letter takes one cell, a Chinese or Japanese one two, a combining mark none. It knows text, not figures.

>>> in_lines("日付の計算を学んだもの", cells=12, most_lines=2)
'日付の計算を<br>学んだもの'
>>> in_lines("sums of three-digit numbers", cells=12, most_lines=2)
'sums of<br>three-digit…'
"""

from __future__ import annotations

from html import escape
from unicodedata import category, east_asian_width


def cells_of(text: str) -> int:
    """How wide a text is drawn, in Latin letters."""
    return sum(_cells(one) for one in text)


def in_lines(text: str, *, cells: int, most_lines: int) -> str:
    """A name as a label of a figure: markup made harmless, at most so many lines of so many cells.

    Args:
        cells: width of a line, in Latin letters.
    """
    words = " ".join(text.split())
    lines: list[str] = []
    while words and len(lines) < most_lines - 1:
        line = _first_line(words, cells)
        lines.append(line)
        words = words[len(line) :].lstrip()
    if words:
        lines.append(words if cells_of(words) <= cells else _cut(words, cells - 1).rstrip() + "…")
    return "<br>".join(escape(line.rstrip()) for line in lines)


def _first_line(words: str, cells: int) -> str:
    """As much as fits, up to the last space or dash if there is one."""
    fitting = _cut(words, cells) or words[0]
    if fitting == words or words[len(fitting)] == " ":
        return fitting
    breaks = [place + 1 for place, one in enumerate(fitting) if one in " -_/"]
    return fitting[: breaks[-1]] if breaks else fitting


def _cut(text: str, cells: int) -> str:
    used = 0
    for place, one in enumerate(text):
        used += _cells(one)
        if used > cells:
            return text[:place]
    return text


def _cells(character: str) -> int:
    if category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1
