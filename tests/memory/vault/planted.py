"""Plants unlikely words in every place where memory keeps text, and looks for them in the bytes of files."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from itertools import takewhile
from pathlib import Path

from workbench.core.records import Feedback, Turn
from workbench.memory.database import Database
from workbench.memory.memories import NewMemory
from workbench.memory.sessions.sessions import Sessions
from workbench.memory.tables import sessions

PLACES = 6  # session name, question, answer, memory, speaker, correction
VECTOR = bytes(range(256)) * 2


def three_hundred_words() -> list[str]:
    """Fifty for each place; every seventh holds letters beyond ASCII."""
    return [f"geheim{'é' if number % 7 == 0 else 'e'}{number:03d}xq" for number in range(50 * PLACES)]


def fill(database: Database, words: Sequence[str]) -> None:
    """Say a word in each place: fifty sessions with a turn, a memory and a correction each."""
    kept = Sessions(database)
    groups = (words[start : start + PLACES] for start in range(0, len(words), PLACES))
    for name, question, answer, memory, speaker, correction in groups:
        session = kept.create(f"talk {name}")
        new = NewMemory(f"My word is {memory}", VECTOR, "e", speaker=f"Ann {speaker}")
        turn = kept.save(Turn(question=f"Q {question}", answer=f"A {answer}", session_id=session.id), [new])
        kept.add_feedback(Feedback(turn.id, "correct", f"No, {correction}"))


def summarise(database: Database, words: Sequence[str]) -> None:
    """Give each session a summary, one word each."""
    with database.write() as connection:
        ids = connection.execute(sessions.select()).scalars().all()
        for name, word in zip(ids, words, strict=False):
            sealed = database.vault.seal(f"Summary {word}", f"sessions.summary:{name}")
            connection.execute(sessions.update().where(sessions.c.id == name).values(summary=sealed))


def files_of(folder: Path) -> dict[Path, bytes]:
    """The bytes of every file beneath a folder."""
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def secrets_in(folder: Path, words: Sequence[str]) -> set[str]:
    """The words found in any file: as UTF-8, as UTF-16, as JSON writes them, or inside any of them as base64."""
    everything = b"\n".join(files_of(folder).values())
    letters = zip(min(words), max(words), strict=False)
    shared = "".join(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], letters))
    if len(shared) > 5 and not any(form in everything for form in _forms(shared)):
        return set()  # what they all begin with is nowhere: no need to look for each
    return {word for word in words if any(form in everything for form in _forms(word))}


def _forms(word: str) -> Iterable[bytes]:
    escaped = word.encode("ascii", "backslashreplace").replace(b"\\x", b"\\u00")
    for plain in (word.encode(), word.encode("utf-16-le"), word.encode("utf-16-be"), escaped):
        yield plain
        for before in range(3):  # base64 of a longer text that holds the word at any offset
            coded = base64.b64encode(b"\0" * before + plain)
            whole = coded[-(-before * 8 // 6) : (before + len(plain)) * 8 // 6]
            yield whole
            yield whole.replace(b"+", b"-").replace(b"/", b"_")
