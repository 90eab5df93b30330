"""Any text made safe to stand in a page: nothing in it is obeyed, nothing in it hides, nothing is endless.

    plain       controls become visible, text directions cannot leak, the end of a very long text is cut off
    markdown    plain, in one line, so that a parser finds the same characters again
    fenced      plain, with its lines, in a fence that is longer than any in it

Markup in HTML is escaped where HTML is written, by the template. It knows no page.

>>> print(markdown("a | <b> # `c`"))
a &#124; &lt;b&gt; \\# \\`c\\`
"""

from __future__ import annotations

import re

MOST_CHARS = 20_000  # of one text; a page with a thousand of them still opens
_DIRECTIONS = {*range(0x202A, 0x202F), *range(0x2066, 0x206A)}  # overrides, embeddings and isolates
_SPECIAL = re.compile(r"[\\`*_\[\]#$~@|<>&]|:(?=\S)")  # a colon begins addresses and pictures of faces
# A bar by number: a row of a table is split at bars before escapes are read.
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;", "|": "&#124;"}
_OPENS_A_BLOCK = re.compile(r"([-+=])|(\d{1,9})([.)])(?=\s|$)")
_WWW = re.compile(r"\b(www)\.", re.IGNORECASE)


def plain(text: str, most_chars: int = MOST_CHARS) -> str:
    """The text with line ends alike, every other control visible and no end too far away.

    Controls are shown as Unicode's pictures of them, those that turn the direction of writing by their number.
    """
    cut = text[:most_chars]
    shown = "".join(_visible(one) for one in cut.replace("\r\n", "\n").replace("\r", "\n"))
    return shown if len(text) <= most_chars else f"{shown}… (cut; {len(text):,} characters in all)"


def one_line(text: str, most_chars: int = MOST_CHARS) -> str:
    """`plain`, with every run of spaces and line ends as one space."""
    return " ".join(plain(text, most_chars).split())


def markdown(text: str) -> str:
    """One line of Markdown that reads as the text itself, in a paragraph, a heading or a cell of a table."""
    line = _SPECIAL.sub(lambda found: _ENTITIES.get(found[0], f"\\{found[0]}"), one_line(text))
    line = _WWW.sub(r"\1\\.", line)  # or a bare address becomes a link
    return _OPENS_A_BLOCK.sub(_closed, line, count=1) if _OPENS_A_BLOCK.match(line) else line


def fenced(text: str) -> str:
    """A code block of Markdown."""
    body = plain(text)
    longest = max((len(run) for run in re.findall(r"`+", body)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{body}\n{fence}"


def _closed(found: re.Match[str]) -> str:
    return f"\\{found[1]}" if found[1] else f"{found[2]}\\{found[3]}"


def _visible(character: str) -> str:
    code = ord(character)
    if character in "\n\t" or 0x20 <= code < 0x7F:
        return character
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if code < 0xA0 or 0xD800 <= code < 0xE000 or 0xFDD0 <= code < 0xFDF0 or code & 0xFFFE == 0xFFFE:
        return "\ufffd"  # C1 controls, halves of a pair and what Unicode says is no character
    return f"[U+{code:04X}]" if code in _DIRECTIONS else character
