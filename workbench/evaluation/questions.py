"""Questions whose answers a program can check: one JSON object a line.

    {"id": "dev-000", "kind": "add", "question": "What is 77 + 40?", "answer": "117", "check": "number"}

`check` names a checker of `core.checkers`. A file with mistakes is refused whole, and every bad line is named by its
number. It does not know who answers.

>>> len(load_questions(Path("data/verifiable_dev.jsonl"))) > 50          # doctest: +SKIP
True
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from workbench.core.checkers import CHECKERS, check
from workbench.core.errors import StoreCorrupt, StoreError

MOST_BAD_LINES_NAMED = 5


@dataclass(frozen=True, slots=True)
class Question:
    """One question with its gold answer, and the checker that compares."""

    id: str
    kind: str
    question: str
    answer: str
    check: str

    def is_answered_by(self, text: str) -> bool:
        """Whether a reply gives the gold answer."""
        return check(self.check, text, self.answer)


def load_questions(path: Path) -> tuple[Question, ...]:
    """All questions of a JSON-lines file, in its order; blank lines are skipped.

    Raises:
        StoreError: there is no such file.
        StoreCorrupt: a line is not a question; the sentence names the lines.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError as error:
        raise StoreError(
            f"There is no file {path}; name a JSON-lines file such as data/verifiable_dev.jsonl"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise StoreCorrupt(f"{path} cannot be read as UTF-8 text ({error}); check the file") from error
    found: dict[str, Question] = {}
    bad: list[str] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            question = parse_question(line)
            if question.id in found:
                raise ValueError(f"id {question.id!r} was used before")
            found[question.id] = question
        except ValueError as error:
            bad.append(f"line {number}: {error}")
    if bad:
        raise StoreCorrupt(f"{path.name} has {_bad_lines(bad)}; correct or remove them")
    return tuple(found.values())


def parse_question(line: str) -> Question:
    """One line as a question.

    Raises:
        ValueError: what is wrong with it, in a few words.
    """
    try:
        values = json.loads(line)
    except ValueError as error:
        raise ValueError("not JSON") from error
    names = {field.name for field in fields(Question)}
    if not isinstance(values, dict) or values.keys() != names:
        raise ValueError(f"needs exactly the keys {', '.join(sorted(names))}")
    empty = [name for name in sorted(names) if not isinstance(values[name], str) or not values[name].strip()]
    if empty:
        raise ValueError(f"{empty[0]!r} must be text that is not empty")
    if values["check"] not in CHECKERS:
        raise ValueError(f"no checker {values['check']!r}; use one of: {', '.join(CHECKERS)}")
    return Question(**values)


def sample(questions: Sequence[Question], n: int, seed: int) -> tuple[Question, ...]:
    """`n` questions, each kind in its proportion (largest remainder), in the order of `questions`.

    Args:
        n: how many; all of them where there are not more.
        seed: the same seed draws the same questions.
    """
    assert n >= 0, "a sample is not negative"
    generator = random.Random(seed)
    kinds: dict[str, list[Question]] = {}
    for question in questions:
        kinds.setdefault(question.kind, []).append(question)
    share = min(1.0, n / len(questions)) if questions else 0.0
    quotas = {kind: len(members) * share for kind, members in kinds.items()}
    counts = {kind: int(quota) for kind, quota in quotas.items()}
    missing = min(n, len(questions)) - sum(counts.values())
    for kind in sorted(kinds, key=lambda kind: counts[kind] - quotas[kind])[:missing]:
        counts[kind] += 1
    chosen = {question.id for kind in kinds for question in generator.sample(kinds[kind], counts[kind])}
    return tuple(question for question in questions if question.id in chosen)


def _bad_lines(bad: Sequence[str]) -> str:
    shown = "; ".join(bad[:MOST_BAD_LINES_NAMED])
    more = len(bad) - MOST_BAD_LINES_NAMED
    return f"{len(bad)} bad line{'' if len(bad) == 1 else 's'}: {shown}" + (f"; and {more} more" if more > 0 else "")
