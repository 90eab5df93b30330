"""Conversations with questions about them, read from a file: LoCoMo's JSON, or one JSON object a line.

    Conversation ── turns      id, session, said_at, speaker, text            in the order they were said
                 └─ questions  text, ids of the turns that hold the evidence, category

LoCoMo: Maharana et al., 2024, "Evaluating Very Long-Term Conversational Memory of LLM Agents" (arXiv 2402.17753), the
file `data/locomo10.json` of its repository or a part of it. A turn's text is `Speaker: text`, followed by
` [caption]` where it has a picture; questions of category 5 have no answer and are left out. It stores nothing.

>>> [conversation] = read_lines(Path("data/recall_ja.jsonl"))  # doctest: +SKIP
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

EVIDENCE = re.compile(r"D\d+:\d+")
SESSION = re.compile(r"session_(\d+)")
WHEN = "%I:%M %p on %d %B, %Y"
ANSWERABLE = {1: "multi-hop", 2: "temporal", 3: "open-domain", 4: "single-hop"}


@dataclass(frozen=True, slots=True)
class Spoken:
    """One turn of a conversation."""

    id: str
    session: str
    said_at: float
    speaker: str
    text: str  # with the speaker in front


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A question about a conversation."""

    text: str
    evidence: tuple[str, ...]  # ids of turns
    category: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """What two or more people said, and what is asked about it."""

    id: str
    turns: tuple[Spoken, ...]
    questions: tuple[Inquiry, ...]


def read_locomo(path: Path) -> tuple[Conversation, ...]:
    """The conversations of a LoCoMo file.

    Raises:
        ValueError: the file is not of that format.
    """
    try:
        return tuple(_locomo(sample) for sample in json.loads(path.read_text(encoding="utf-8")))
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is not a LoCoMo file ({error!r}); pass locomo10.json or a part of it") from error


def read_lines(path: Path) -> Conversation:
    """One conversation from JSON lines: turns have a `speaker`, questions a `question`."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    turns = tuple(_spoken(row) for row in rows if "speaker" in row)
    asked = (row for row in rows if "question" in row)
    questions = tuple(Inquiry(row["question"], tuple(row["evidence"]), row["category"]) for row in asked)
    return Conversation(path.stem, turns, questions)


def _spoken(row: dict[str, Any]) -> Spoken:
    said_at = datetime.fromisoformat(row["said_at"]).replace(tzinfo=UTC).timestamp()
    return Spoken(row["id"], str(row["session"]), said_at, row["speaker"], f"{row['speaker']}: {row['text']}")


def _locomo(sample: dict[str, Any]) -> Conversation:
    turns = tuple(_turns(sample["conversation"]))
    known = {turn.id for turn in turns}
    questions = (_question(asked, known) for asked in sample["qa"])
    return Conversation(sample["sample_id"], turns, tuple(one for one in questions if one is not None))


def _turns(conversation: dict[str, Any]) -> Iterator[Spoken]:
    numbers = sorted(int(found[1]) for key in conversation if (found := SESSION.fullmatch(key)))
    for number in numbers:
        said = datetime.strptime(conversation[f"session_{number}_date_time"], WHEN).replace(tzinfo=UTC).timestamp()
        for turn in conversation[f"session_{number}"]:
            caption = f" [{turn['blip_caption']}]" if turn.get("blip_caption") else ""
            text = f"{turn['speaker']}: {turn['text']}{caption}"
            yield Spoken(turn["dia_id"], str(number), said, turn["speaker"], text)


def _question(asked: dict[str, Any], known: set[str]) -> Inquiry | None:
    """`None` for a question without an answer, or without evidence among the turns."""
    named = [name for text in asked.get("evidence") or () for name in EVIDENCE.findall(text) if name in known]
    if asked["category"] not in ANSWERABLE or not named:
        return None
    return Inquiry(asked["question"], tuple(dict.fromkeys(named)), ANSWERABLE[asked["category"]])
