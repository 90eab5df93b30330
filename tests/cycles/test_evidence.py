"""What use has taught is dealt out once, and too little of it is said in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.core.examples import Example, example
from workbench.core.records import Feedback, Turn
from workbench.core.settings import load_settings
from workbench.corpus.jsonl import write_examples
from workbench.cycles import Evidence, gathered
from workbench.learning import HELD_FILE, REPLAY_FILE, Learning
from workbench.memory import Memory


@pytest.fixture
def memory(home: Path) -> Memory:
    memory = Memory.open(home)
    yield memory
    memory.close()


def rated(memory: Memory, count: int, *, start: int = 0) -> None:
    """So many turns with a thumb up, each with a question of its own."""
    for number in range(start, start + count):
        turn = memory.sessions.save(Turn(question=f"Which city has number {number}?", answer=f"City {number}"))
        memory.sessions.add_feedback(Feedback(turn.id, "up"))


def learning_in(home: Path, **dials: int) -> Learning:
    return Learning(
        load_settings(overrides={"home": str(home), **{f"learn.{key}": value for key, value in dials.items()}})
    )


def parts(found: Evidence) -> list[set[str]]:
    return [{one.id for one in part} for part in (found.train, found.replay, found.tune, found.held, found.fresh)]


def test_nothing_rated_is_no_evidence(memory: Memory, home: Path) -> None:
    memory.sessions.save(Turn(question="Who is it?", answer="Ada"))
    found = gathered(memory.sessions, learning_in(home))
    assert (found.unrated, found.new) == (1, 0)
    assert "workbench feedback" in (found.lacks or "")


def test_too_little_says_how_many_more_are_wanted(memory: Memory, home: Path) -> None:
    rated(memory, 30)
    found = gathered(memory.sessions, learning_in(home, least_new=50))
    missing = 50 - len(found.train)
    assert found.lacks == (
        f"{len(found.train)} new examples to train on, and a cycle begins with 50: rate or correct about "
        f"{2 * missing} more answers"
    )


def test_every_example_is_in_one_part_and_stays_there_when_others_come(memory: Memory, home: Path) -> None:
    rated(memory, 60)
    learning = learning_in(home, least_new=5, least_fresh=5)
    first = gathered(memory.sessions, learning)
    assert first.lacks is None
    assert sum(map(len, parts(first))) == 60 == len(set().union(*parts(first)))
    assert first.new == len(first.train)
    rated(memory, 60, start=60)
    second = gathered(memory.sessions, learning)
    assert all(before <= after for before, after in zip(parts(first), parts(second), strict=True))


def test_what_a_gate_has_used_is_not_fresh(memory: Memory, home: Path) -> None:
    rated(memory, 60)
    learning = learning_in(home, least_new=5, least_fresh=5)
    first = gathered(memory.sessions, learning)
    used = [one.id for one in first.fresh[:3]]
    learning.ledger.append({"incumbent": "base", "candidate": "c" * 64, "ids": used})
    assert [one.id for one in gathered(memory.sessions, learning).fresh] == [one.id for one in first.fresh[3:]]


def test_a_few_examples_of_each_earlier_skill_come_back(
    memory: Memory, home: Path, shelved: Callable[..., None]
) -> None:
    rated(memory, 40)
    learning = learning_in(home, least_new=5, least_fresh=5, replay=2)
    learned = [example(f"{n} + 1?", str(n + 1), skill="add") for n in range(5)]
    tuned = [example(f"{n} + 2?", str(n + 2), skill="add") for n in range(5)]
    own = [example("Old question of use?", "Old answer", skill="use")]
    shelved(learning, {REPLAY_FILE: [*learned, *own], HELD_FILE: tuned})
    found = gathered(memory.sessions, learning)
    assert [one.prompt for one in found.replay] == ["0 + 1?", "1 + 1?"]
    assert [one.prompt for one in found.held] == ["0 + 2?", "1 + 2?"]


@pytest.fixture
def shelved(tmp_path: Path) -> Callable[[Learning, dict[str, list[Example]]], None]:
    """Puts a small adapter with these files on the shelf and lets it answer."""
    from tests.adapters.merging.small import small_adapter
    from workbench.adapters.shelf import Provenance

    def put(learning: Learning, files: dict[str, list[Example]]) -> None:
        one = learning.shelf.put(small_adapter(1), Provenance("train", "smollm2-135m"), name="earlier")
        for name, some in files.items():
            write_examples(tmp_path / name, some)
            learning.shelf.attach(one.identity, tmp_path / name)
        learning.shelf.deploy(one.identity, why="a test", forced=True)

    return put
