"""The Japanese recall set: what it promises, and that the committed file is what the generator writes."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from benchmarks import make_recall_ja as room

ROOT = Path(__file__).parents[2]
FILE = ROOT / "data" / "recall_ja.jsonl"


@pytest.fixture(scope="module")
def turns() -> list[dict[str, Any]]:
    return [line for line in map(json.loads, FILE.read_text(encoding="utf-8").splitlines()) if line["kind"] == "turn"]


@pytest.fixture(scope="module")
def questions() -> list[dict[str, Any]]:
    lines = map(json.loads, FILE.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line["kind"] == "question"]


def test_the_committed_file_is_what_the_generator_writes() -> None:
    assert room.written() == FILE.read_text(encoding="utf-8")


def test_another_seed_keeps_the_facts_and_changes_what_is_around_them() -> None:
    facts = {turn.text for block in room.read_facts(room.HERE / "facts.txt")[0] for turn in block.turns}
    other = [json.loads(line) for line in room.written(seed=1).splitlines()]
    assert facts <= {line["text"] for line in other if line["kind"] == "turn"}
    assert room.written(seed=1) != room.written()


def test_it_is_as_large_as_it_says(turns: list[dict[str, Any]], questions: list[dict[str, Any]]) -> None:
    assert len(turns) >= 1_200
    assert len({turn["session"] for turn in turns}) >= 60
    assert len(questions) >= 120
    assert FILE.stat().st_size <= 600_000
    kinds = Counter(question["category"] for question in questions)
    assert set(kinds) == {"single-hop", "multi-hop", "temporal", "open"}
    assert min(kinds.values()) >= 20


def test_nothing_is_said_twice_and_no_mark_of_the_grammar_is_left(turns: list[dict[str, Any]]) -> None:
    texts = [turn["text"] for turn in turns]
    assert len(set(texts)) == len(texts)
    assert not [text for text in texts if re.search(r"[<>\[\]{}|*]", text)]


def test_every_question_has_evidence_among_the_turns_and_is_asked_once(
    turns: list[dict[str, Any]], questions: list[dict[str, Any]]
) -> None:
    ids = {turn["id"] for turn in turns}
    assert len(ids) == len(turns)
    assert all(question["evidence"] and ids.issuperset(question["evidence"]) for question in questions)
    assert len({question["question"] for question in questions}) == len(questions)
    assert all(len(question["evidence"]) >= 2 for question in questions if question["category"] == "multi-hop")


def test_the_turns_run_through_a_year_in_order(turns: list[dict[str, Any]]) -> None:
    times = [datetime.fromisoformat(turn["said_at"]) for turn in turns]
    by_session: dict[str, list[datetime]] = {}
    for turn, at in zip(turns, times, strict=True):
        by_session.setdefault(turn["session"], []).append(at)
    assert all(sorted(said) == said for said in by_session.values())
    assert timedelta(days=300) < max(times) - min(times) < timedelta(days=366)
    assert all(len({turn["speaker"] for turn in turns if turn["session"] == name}) == 2 for name in by_session)


def test_people_speak_politely_to_the_retired_teacher(turns: list[dict[str, Any]]) -> None:
    pairs: dict[str, set[str]] = {}
    for turn in turns:
        pairs.setdefault(turn["session"], set()).add(turn["speaker"])
    to_him = [turn["text"] for turn in turns if "誠一" in pairs[turn["session"]] and turn["speaker"] != "誠一"]
    plain = [text for text in to_him if re.search(r"(だよ|だって|なんだ|だね)。?$", text)]
    assert not plain


def test_a_line_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "facts.txt").write_text("@a 2025-04-06 美咲 健太\nnobody said this\n", encoding="utf-8")
    with pytest.raises(ValueError, match="nobody said this"):
        room.read_facts(tmp_path / "facts.txt")
