"""Writes data/recall_ja.jsonl: a year of invented everyday talk in Japanese, and questions with their evidence.

    recall_ja/facts.txt     what matters, by hand ──┐
    recall_ja/chatter.txt   what goes on around it ─┴─► sessions of two people ──► one JSON object a line

    {"kind": "turn", "id": "S012-07", "session": "S012", "said_at": "2025-05-11T20:14:00+09:00", "speaker": …, …}
    {"kind": "question", "id": "Q001", "question": …, "evidence": ["S012-07"], "category": "single-hop"}

The same seed writes the same file, byte for byte. It measures nothing.

    python benchmarks/make_recall_ja.py
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent / "recall_ja"
TARGET = Path(__file__).parents[1] / "data" / "recall_ja.jsonl"
SEED = 20260401
TURNS = 1_300
TRIES = 400
TOKYO = timezone(timedelta(hours=9))
ALWAYS_POLITE = frozenset({"遥", "誠一"})
TURN = re.compile(r"(?P<speaker>[^\s*:]+)(?:\*(?P<tag>\w+))?: (?P<text>.+)")
QUESTION = re.compile(r"Q (?P<category>\S+) (?P<evidence>[\w. ]+?) \| (?P<text>.+)")
CHOICE = re.compile(r"\[([^\[\]]+)\]")
REGISTER = re.compile(r"<([^<>|]*)\|([^<>|]*)>")
SLOT = re.compile(r"\{(\w+)\}")


class Turn(NamedTuple):
    speaker: str
    text: str
    tag: str | None = None  # of a fact: `block.letter`


class Question(NamedTuple):
    text: str
    category: str
    evidence: tuple[str, ...]  # tags


@dataclass(frozen=True)
class Block:
    """Facts told on one day by one pair of people."""

    day: str
    speakers: tuple[str, str]
    turns: list[Turn] = field(default_factory=list)


class Slot(NamedTuple):
    name: str
    scope: str  # "", a speaker, or months such as "12-2"
    values: list[str]


@dataclass(frozen=True)
class Chatter:
    slots: list[Slot] = field(default_factory=list)
    talks: list[list[str]] = field(default_factory=list)


class Session(NamedTuple):
    block: Block
    turns: list[Turn]


def read_facts(path: Path) -> tuple[list[Block], list[Question]]:
    """The blocks and the questions of facts.txt."""
    blocks: list[Block] = []
    questions: list[Question] = []
    name = ""
    for line in _lines(path):
        if line.startswith("@"):
            name, day, *speakers = line[1:].split()
            blocks.append(Block(day, (speakers[0], speakers[1])))
        elif asked := QUESTION.fullmatch(line):
            tags = tuple(tag if "." in tag else f"{name}.{tag}" for tag in asked["evidence"].split())
            questions.append(Question(asked["text"], asked["category"], tags))
        elif said := TURN.fullmatch(line):
            blocks[-1].turns.append(Turn(said["speaker"], said["text"], said["tag"] and f"{name}.{said['tag']}"))
        else:
            raise ValueError(f"{path.name}: cannot read {line!r}")
    return blocks, questions


def read_chatter(path: Path) -> Chatter:
    """The slots and the talks of chatter.txt."""
    found = Chatter()
    for line in _lines(path):
        if line.startswith("slot "):
            head, _, values = line.removeprefix("slot ").partition(": ")
            name, _, scope = head.partition(" ")
            found.slots.append(Slot(name, scope, values.split(" / ")))
        elif line.startswith("="):
            found.talks.append([])
        else:
            found.talks[-1].append(line)
    return found


def _lines(path: Path) -> Iterator[str]:
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return (line for line in lines if line and not line.startswith("#"))


def polite(speaker: str, listener: str) -> bool:
    """Whether the speaker says です and ます to the listener."""
    return speaker in ALWAYS_POLITE or listener == "誠一"


def talked(chatter: Chatter, talk: Sequence[str], pair: tuple[str, str], month: int, rng: random.Random) -> list[Turn]:
    """One talk between two people, every slot and choice filled."""
    values: dict[str, str] = {}
    turns = []
    for line in talk:
        role, _, text = line.partition(": ")
        speaker, listener = pair if role == "A" else pair[::-1]
        while choice := CHOICE.search(text):
            text = text[: choice.start()] + rng.choice(choice[1].split("|")) + text[choice.end() :]
        text = REGISTER.sub(r"\2" if polite(speaker, listener) else r"\1", text)
        for name in SLOT.findall(text):
            values.setdefault(name, rng.choice(_values(chatter, name, pair[0], month)))
        turns.append(Turn(speaker, SLOT.sub(lambda found: values[found[1]], text)))
    return turns


def _values(chatter: Chatter, name: str, speaker: str, month: int) -> list[str]:
    fitting = [slot for slot in chatter.slots if slot.name == name and _holds(slot.scope, speaker, month)]
    return max(fitting, key=lambda slot: bool(slot.scope)).values


def _holds(scope: str, speaker: str, month: int) -> bool:
    if "-" not in scope:
        return scope in ("", speaker)
    first, last = map(int, scope.split("-"))
    return first <= month <= last if first <= last else month >= first or month <= last


def compose(blocks: Sequence[Block], chatter: Chatter, turns: int, rng: random.Random) -> list[Session]:
    """Each block's session: its facts somewhere among talks, no text said twice in the whole year."""
    said = {turn.text for block in blocks for turn in block.turns}
    around: list[list[list[Turn]]] = [[] for _ in blocks]
    talks = [_rounds(len(chatter.talks), rng) for _ in blocks]  # the same talk does not come twice on one day
    total = sum(len(block.turns) for block in blocks)
    for number in _rounds(len(blocks), rng):
        if total >= turns:
            break
        fresh = _fresh(chatter, chatter.talks[next(talks[number])], blocks[number], said, rng)
        said |= {turn.text for turn in fresh}
        around[number].append(fresh)
        total += len(fresh)
    return [Session(block, _mixed(block, some, rng)) for block, some in zip(blocks, around, strict=True)]


def _fresh(chatter: Chatter, talk: Sequence[str], block: Block, said: set[str], rng: random.Random) -> list[Turn]:
    for _ in range(TRIES):
        pair = block.speakers if rng.random() < 0.5 else block.speakers[::-1]
        turns = talked(chatter, talk, pair, int(block.day[5:7]), rng)
        if said.isdisjoint(turn.text for turn in turns):
            return turns
    raise ValueError(f"No text is left that was not said before: {talk[0]}")


def _rounds(count: int, rng: random.Random) -> Iterator[int]:
    """Every number once in random order, and again, for ever."""
    while True:
        yield from rng.sample(range(count), count)


def _mixed(block: Block, talks: list[list[Turn]], rng: random.Random) -> list[Turn]:
    at = rng.randint(0, len(talks))
    return [turn for part in (*talks[:at], block.turns, *talks[at:]) for turn in part]


def records(
    sessions: Sequence[Session], questions: Sequence[Question], rng: random.Random
) -> Iterator[dict[str, object]]:
    """The lines of the file: the turns in the order of time, then the questions."""
    ids: dict[str, str] = {}
    for number, (block, turns) in enumerate(sorted(sessions, key=lambda session: session.block.day), start=1):
        at = datetime.fromisoformat(block.day).replace(tzinfo=TOKYO) + timedelta(minutes=rng.randint(18 * 60, 22 * 60))
        for place, turn in enumerate(turns, start=1):
            name = f"S{number:03}-{place:02}"
            if turn.tag:
                ids[turn.tag] = name
            said = {"id": name, "session": name[:4], "said_at": at.isoformat()}
            yield {"kind": "turn", **said, "speaker": turn.speaker, "text": turn.text}
            at += timedelta(seconds=rng.randint(20, 240))
    for number, question in enumerate(questions, start=1):
        evidence = sorted(ids[tag] for tag in question.evidence)
        asked = {"question": question.text, "evidence": evidence, "category": question.category}
        yield {"kind": "question", "id": f"Q{number:03}", **asked}


def written(seed: int = SEED) -> str:
    """The whole file as text."""
    rng = random.Random(seed)
    blocks, questions = read_facts(HERE / "facts.txt")
    sessions = compose(blocks, read_chatter(HERE / "chatter.txt"), TURNS, rng)
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in records(sessions, questions, rng))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--to", type=Path, default=TARGET, help="the file to write (default: %(default)s)")
    options.parse_args().to.write_text(written(), encoding="utf-8")


if __name__ == "__main__":
    main()
