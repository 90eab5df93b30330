"""What redaction finds among planted secrets, and what it takes for one in ordinary text."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from benchmarks.planted_secrets import MAKERS, SENTENCES, Planted, planted
from workbench.corpus.redaction import find, suspects
from workbench.corpus.skills import COMPOSITES, SKILLS, generate

DATA = Path(__file__).parents[3] / "data"
MEANT = ("email_domain", "phone")  # skills whose prompts hold identifiers on purpose


def is_found(one: Planted) -> bool:
    return one.is_within((found.start, found.end) for found in find(one.text))


@pytest.mark.parametrize("phrasing", ["a", "b", "c"])
def test_95_of_100_planted_secrets_are_found_whole(phrasing: Literal["a", "b", "c"]) -> None:
    every = planted(phrasing, each=20)
    missed = [one for one in every if not is_found(one)]
    assert len(every) >= 200
    assert len(missed) <= 0.05 * len(every), missed


@pytest.mark.parametrize("kind", MAKERS)
def test_no_kind_is_left_out(kind: str) -> None:
    found = [is_found(one) for one in planted("c", each=20, seed=7) if one.kind == kind]
    assert sum(found) >= 0.85 * len(found)


def test_planted_sentences_are_repeatable_and_the_sets_share_no_sentence() -> None:
    assert planted("a", each=2) == planted("a", each=2)
    every = [(kind, one) for found in SENTENCES.values() for kind, some in found.items() for one in some]
    assert len(every) == len(set(every)) > 150


def questions() -> Iterator[str]:
    for line in (DATA / "recall_ja.jsonl").read_text(encoding="utf-8").splitlines():
        said = json.loads(line)
        yield said.get("text") or said["question"]
    for name in ("verifiable_dev.jsonl", "verifiable_test.jsonl"):
        yield from (json.loads(line)["question"] for line in (DATA / name).read_text(encoding="utf-8").splitlines())


def test_ordinary_questions_and_everyday_talk_raise_no_alarm() -> None:
    alarms = [(text, find(text), suspects(text)) for text in questions() if find(text) or suspects(text)]
    assert alarms == []


def test_the_tasks_of_skills_raise_no_alarm_but_where_identifiers_are_meant() -> None:
    alarms: Counter[str] = Counter()
    for name in (*SKILLS, *COMPOSITES):
        alarms[name] = sum(bool(find(one.prompt)) for one in generate(name, 40, seed=5))
    assert {name for name, count in alarms.items() if count} <= set(MEANT)
