"""A process is killed (SIGKILL) at random moments: what it had acknowledged is there, once, and nothing is broken."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from workbench.core.schema import Settings
from workbench.memory import Memory, MiniLM
from workbench.memory.upkeep.checkup import check

SEED = 20_261_122
WRITES = 200
LONGEST_LIFE_S = 6.0
QUESTIONS = [f"Where did I buy the {thing}?" for thing in ("cats", "boats", "pianos", "clocks", "cameras")]


@dataclass
class Ledger:
    """What was acknowledged, and what a killed process was in the middle of."""

    texts: dict[str, str] = field(default_factory=dict)  # id -> text
    turns: dict[str, list[str]] = field(default_factory=dict)  # turn -> its memories
    gone: set[str] = field(default_factory=set)
    uncertain: set[str] = field(default_factory=set)  # an edit or a forgetting was cut short: both outcomes are right
    writes: int = 0
    begun: dict[str, Any] | None = None

    def hear(self, line: dict[str, Any]) -> None:
        if line["when"] == "begin":
            self.begun = line
        elif line["when"] == "done":
            self.begun = None
            self.writes += 1
            self._note(line)

    def killed(self) -> None:
        if self.begun and "id" in self.begun:
            self.uncertain.add(self.begun["id"])
        self.begun = None

    def _note(self, line: dict[str, Any]) -> None:
        if line["what"] == "say":
            self.turns[line["turn"]] = line["ids"]
            self.texts.update(dict.fromkeys(line["ids"], line["text"]))
        elif line["what"] == "add":
            self.texts.update(zip(line["ids"], line["texts"], strict=True))
        elif line["what"] == "edit":
            self.texts[line["id"]] = line["text"]
        elif line["what"] == "forget":
            self.texts.pop(line["id"], None)
            self.gone.add(line["id"])


def lines_until_killed(home: Path, seed: int, life_s: float) -> Iterator[dict[str, Any]]:
    """What a worker says from its start until it is killed, `life_s` after it was ready."""
    command = [sys.executable, "-m", "tests.memory.crash_worker", str(home), str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        assert worker.stderr is not None
        assert worker.stdout.readline(), worker.stderr.read()
        timer = threading.Timer(life_s, worker.send_signal, [signal.SIGKILL])
        timer.start()
        yield from (json.loads(line) for line in worker.stdout if line.endswith("\n"))
        timer.join()
        assert worker.wait() == -signal.SIGKILL, worker.stderr.read()


async def recalled(home: Path, minilm: MiniLM, index: str) -> list[list[str]]:
    memory = Memory.open(home, embedder=minilm, index=index)
    assert await memory.open_index() is (index == "chroma")
    found = [await memory.recall(question, k=20, min_score=-1, counted=False) for question in QUESTIONS]
    memory.close()
    return [[hit.memory_id for hit in hits] for hits in found]


async def assert_whole(home: Path, minilm: MiniLM, ledger: Ledger) -> None:
    chroma = await recalled(home, minilm, "chroma")
    assert chroma == await recalled(home, minilm, "exact")
    assert check(Settings(home=home), minilm.name) == []
    memory = Memory.open(home, embedder=minilm)
    stored = {one.id: one for one in memory.memories.list()}
    for name, text in ledger.texts.items():
        assert name in ledger.uncertain or stored[name].text == text
    assert not (ledger.gone & stored.keys())
    folded = [" ".join(one.text.casefold().split()) for one in stored.values()]
    assert len(folded) == len(set(folded))
    for turn, ids in ledger.turns.items():
        assert set(memory.sessions.turn(turn).memory_ids) >= set(ids) - ledger.gone - ledger.uncertain
    memory.close()


@pytest.mark.drill
@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize("seed", [SEED, SEED + 1])
async def test_whatever_was_acknowledged_survives_many_kills_and_nothing_is_there_twice(
    tmp_path: Path, minilm: MiniLM, seed: int
) -> None:
    dice, ledger, kills = random.Random(seed), Ledger(), 0
    while ledger.writes < WRITES or kills < 5:
        for line in lines_until_killed(tmp_path, dice.randrange(10**6), dice.uniform(0.05, LONGEST_LIFE_S)):
            ledger.hear(line)
        ledger.killed()
        kills += 1
        assert kills < 60, "the worker makes no progress"
    print(f"{ledger.writes} writes, {kills} kills, {len(ledger.texts)} memories, {len(ledger.gone)} forgotten")
    await assert_whole(tmp_path, minilm, ledger)
