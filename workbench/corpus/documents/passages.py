"""A file becomes passages: paragraphs under their heading, packed up to a token budget, with the lines they stand on.

    # Fees                       Passage(number=1, heading="Fees", lines 3–4,
                        ──►              text="A key costs 5 euros.\\nA day pass costs 2.")
    A key costs 5 euros.
    A day pass costs 2.

Plain text and Markdown are read. A paragraph over the budget is cut between lines, then between sentences, at last
between words. It knows no model and asks nothing.

>>> [one.heading for one in passages_of("# Fees\\n\\nA key costs 5 euros.", budget_tokens=50)]
['Fees']
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from workbench.core.errors import ExamplesError
from workbench.core.tokens import tokens_of

ENDINGS = (".md", ".txt")
LARGEST_BYTES = 20 * 2**20  # of a text to learn from; a longer one is a mistake or a job for several files
_HEADING = re.compile(r"^ {0,3}(#{1,6})\s+(.+?)\s*#*\s*$")
_FENCE = re.compile(r"^ {0,3}(```|~~~)")
_ABBREVIATED = "".join(rf"(?<!\b{word}\.)" for word in ("Mr", "Ms", "Mrs", "Dr", "St", "No", r"e\.g", r"i\.e", "[A-Z]"))
_BREAK = re.compile(rf"(?<=[.!?]){_ABBREVIATED}[\"”)]?\s+|(?<=[。！？])")


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of a document, short enough to ask about."""

    number: int  # from 1
    heading: str  # the headings above it, "Handbook > Fees"; empty where there are none
    first_line: int  # from 1
    last_line: int
    text: str  # as written, its lines included

    @property
    def flat(self) -> str:
        """The text on one line."""
        return " ".join(self.text.split())

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, or a piece of a long one."""

    heading: str
    first_line: int
    last_line: int
    text: str


def read_passages(path: Path, *, budget_tokens: int) -> tuple[Passage, ...]:
    """The passages of a file.

    Raises:
        ExamplesError: the file is missing, of another kind, too large, not UTF-8, or holds no text.
    """
    if path.suffix.lower() not in ENDINGS:
        raise ExamplesError(f"{path.name} is not a document that can be read here; give one of: {', '.join(ENDINGS)}")
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise ExamplesError(f"{path.name} is larger than {LARGEST_BYTES >> 20} MiB; cut it into several files")
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ExamplesError(f"{path.name} is not UTF-8 text (byte {error.start}); save it as UTF-8") from error
    except OSError as error:
        raise ExamplesError(f"{path} cannot be read ({error.strerror}); check its name and rights") from error
    found = passages_of(text, budget_tokens=budget_tokens, headings=path.suffix.lower() == ".md")
    if not found:
        raise ExamplesError(f"{path.name} holds no text; give a document with sentences in it")
    return found


def passages_of(text: str, *, budget_tokens: int, headings: bool = True) -> tuple[Passage, ...]:
    """The passages of a text; neighbours under one heading share a passage while the budget holds them."""
    packed: list[Block] = []
    for block in _blocks(text, headings):
        for piece in _pieces(block, budget_tokens):
            joined = _joined(packed[-1], piece) if packed else None
            if joined is not None and tokens_of(joined.text) <= budget_tokens:
                packed[-1] = joined
            else:
                packed.append(piece)
    return tuple(
        Passage(number, one.heading, one.first_line, one.last_line, one.text) for number, one in enumerate(packed, 1)
    )


def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a text, each on one line; a blank line, a list item or a table row ends one too."""
    lines = [(bool(re.match(r"\s*(?:[-*+]|\d+[.)])\s|\s*\|", line)), line.strip()) for line in text.splitlines()]
    runs: list[str] = []
    for item, line in lines:
        if item or not line or not runs or not runs[-1]:
            runs.append(line)
        else:
            runs[-1] += f" {line}"
    return tuple(part.strip() for run in runs for part in _BREAK.split(run) if part.strip())


def _blocks(text: str, headings: bool) -> Iterator[Block]:
    """Paragraphs with the headings above them; inside a code fence nothing is a heading."""
    above: dict[int, str] = {}
    kept: list[tuple[int, str, str]] = []  # line, heading, text
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        fenced ^= headings and bool(_FENCE.match(line))
        title = _HEADING.match(line) if headings and not fenced else None
        if title:
            level = len(title[1])
            above = {depth: name for depth, name in above.items() if depth < level} | {level: title[2]}
        kept.append((number, " > ".join(above.values()), "" if title else line.rstrip()))
    for (blank, heading), run in groupby(kept, key=lambda one: (not one[2].strip(), one[1])):
        lines = list(run)
        if not blank:
            yield Block(heading, lines[0][0], lines[-1][0], "\n".join(line[2] for line in lines))


def _pieces(block: Block, budget_tokens: int) -> Iterator[Block]:
    """The block, or its lines where it is too long for one passage; a line too long is cut where it can be."""
    if tokens_of(block.text) <= budget_tokens:
        yield block
        return
    for offset, line in enumerate(block.text.splitlines()):
        number = block.first_line + offset
        for text in _cut(line, budget_tokens):
            yield Block(block.heading, number, number, text)


def _cut(line: str, budget_tokens: int) -> Iterable[str]:
    """The line between sentences, else between words, else anywhere: no piece is over the budget."""
    if tokens_of(line) <= budget_tokens:
        return (line,)
    for parts in (_BREAK.split(line), line.split()):
        if len(parts) > 1:
            middle = len(parts) // 2
            glue = "" if "".join(parts) == line else " "
            halves = (glue.join(parts[:middle]), glue.join(parts[middle:]))
            return tuple(piece for half in halves for piece in _cut(half, budget_tokens))
    middle = len(line) // 2
    return (line,) if middle == 0 else (*_cut(line[:middle], budget_tokens), *_cut(line[middle:], budget_tokens))


def _joined(left: Block, right: Block) -> Block | None:
    """Both as one, if they stand under the same heading."""
    if left.heading != right.heading:
        return None
    gap = {0: " ", 1: "\n"}.get(right.first_line - left.last_line, "\n\n")
    return Block(left.heading, left.first_line, right.last_line, f"{left.text}{gap}{right.text}")
