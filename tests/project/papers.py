"""Reads the project's papers the way a person does: sections, code, commands, links. Only the tests here use it.

>>> [command.words for command in commands("Run `make test`, then `workbench ask 'Hi' --json`.")]
[('make', 'test'), ('workbench', 'ask', 'Hi', '--json')]
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^(#+)\s+(.*)$", re.MULTILINE)
ASSIGNMENT = re.compile(r"[A-Z_][A-Z0-9_]*=")


@dataclass(frozen=True, slots=True)
class Command:
    """A command line that a paper tells the reader to type: its words, without assignments before it."""

    words: tuple[str, ...]

    @property
    def program(self) -> str:
        return Path(self.words[0]).name


def papers() -> list[Path]:
    """Every Markdown file of the project."""
    return [path for path in sorted(ROOT.rglob("*.md")) if not is_ignored(path)]


def is_ignored(path: Path) -> bool:
    """Does .gitignore, or git itself, leave this path out? Enough for the plain patterns this project uses."""
    parts = path.relative_to(ROOT).parts
    patterns = [line.strip() for line in (ROOT / ".gitignore").read_text().splitlines() if line.strip()]
    whole = "/".join(parts)
    names = [pattern.rstrip("/") for pattern in (".git", *patterns)]
    return any(fnmatch(whole, name) or any(fnmatch(part, name) for part in parts) for name in names)


def folders(parent: Path) -> set[str]:
    """Folders of the project directly below `parent` that hold a file; git does not keep empty ones."""
    found = (path for path in parent.iterdir() if path.is_dir() and not is_ignored(path))
    return {path.name for path in found if any(one.is_file() and not is_ignored(one) for one in path.rglob("*"))}


def section(text: str, title: str) -> str:
    """What stands below a heading, up to the next one of its level or above."""
    headings = list(HEADING.finditer(without_fences(text, keep_length=True)))
    start = next(number for number, found in enumerate(headings) if found[2].strip() == title)
    level = len(headings[start][1])
    later = (found.start() for found in headings[start + 1 :] if len(found[1]) <= level)
    return text[headings[start].end() : next(later, len(text))]


def fences(text: str) -> list[str]:
    return FENCE.findall(text)


def without_fences(text: str, *, keep_length: bool = False) -> str:
    return FENCE.sub(lambda found: re.sub(r"[^\n]", " ", found[0]) if keep_length else "", text)


def inline_code(text: str) -> list[str]:
    return INLINE.findall(without_fences(text))


def links(text: str) -> list[str]:
    return LINK.findall(INLINE.sub("", without_fences(text)))


def anchors(text: str) -> set[str]:
    """The anchors that a page of Markdown offers: its headings, lower case, spaces as hyphens."""
    titles = (found[2] for found in HEADING.finditer(without_fences(text)))
    return {re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", title.strip().lower())) for title in titles}


def commands(text: str) -> Iterator[Command]:
    """Every `make …` and `workbench …` in code: inline, or at the start of a line of a code block."""
    lines = [line for block in fences(text) for line in block.splitlines()]
    for line in (*lines, *inline_code(text)):
        for part in re.split(r"&&|\|\|", line):
            words = _words(part)
            if words and Path(words[0]).name in ("make", "workbench"):
                yield Command(words)


def _words(line: str) -> tuple[str, ...]:
    try:
        words = shlex.split(line.strip().removeprefix("$ "), comments=True)
    except ValueError:  # a lone quotation mark: prose or Python, not a command line
        return ()
    while words and ASSIGNMENT.match(words[0]):
        words.pop(0)
    return tuple(words)


def make_targets() -> set[str]:
    """The targets of the Makefile that a person may name."""
    rules = re.findall(r"^([a-z][\w -]*):(?!=)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    return {name for rule in rules for name in rule.split()}
