"""What use has taught is dealt out once, and too little of it is said in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import pytest

from workbench.adapters.shelf import SkillScore
from workbench.core.examples import Example, example
from workbench.core.records import Feedback, Turn
from workbench.core.settings import load_settings
from workbench.corpus.jsonl import write_examples
from workbench.cycles import Evidence, evidence, gathered
from workbench.cycles.evidence import Past
from workbench.experience import FRESH_FILE, HELD_FILE, REPLAY_FILE, turns_of
from workbench.learning import Learning
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
    every = (found.train, found.replay, found.tune, found.confirm, found.held, found.fresh, found.guard)
    return [{one.id for one in part} for part in every]


def judged_by(learning: Learning, examples: Sequence[Example]) -> None:
    """As if a gate had looked at these."""
    learning.ledger.append({"incumbent": "base", "candidate": "c" * 64, "ids": [one.id for one in examples]})


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
    dealt = len(set().union(*parts(first)))
    assert 60 - 12 <= dealt == sum(map(len, parts(first))) < 60  # some of what could judge is set aside for later
    assert first.new == len(first.train)
    rated(memory, 60, start=60)
    second = gathered(memory.sessions, learning)
    assert all(before <= after for before, after in zip(parts(first), parts(second), strict=True))


def test_what_a_gate_has_used_is_trained_on_from_then_on(memory: Memory, home: Path) -> None:
    rated(memory, 60)
    learning = learning_in(home, least_new=5, least_fresh=5)
    first = gathered(memory.sessions, learning)
    judged_by(learning, first.fresh[:3])
    second = gathered(memory.sessions, learning)
    assert second.fresh == first.fresh[3:]
    assert second.train == (*first.train, *first.fresh[:3])
    assert second.new == len(second.train)


def test_what_a_cycle_was_chosen_by_judges_no_more(memory: Memory, home: Path) -> None:
    rated(memory, 60)
    learning = learning_in(home, least_new=5, least_fresh=5)
    first = gathered(memory.sessions, learning)
    chosen = first.fresh[:2]
    second = gathered(memory.sessions, learning, past=Past(chosen=frozenset(one.id for one in chosen)))
    assert second.fresh == first.fresh[2:]
    assert second.train[-2:] == chosen


def test_what_asks_nearly_the_same_as_something_used_judges_no_more(memory: Memory, home: Path) -> None:
    rated(memory, 60)
    learning = learning_in(home, least_new=5, least_fresh=5)
    first = gathered(memory.sessions, learning)
    judged_by(learning, [used := first.fresh[0]])
    again = memory.sessions.save(Turn(question=used.prompt.upper(), answer="another"))
    memory.sessions.add_feedback(Feedback(again.id, "up"))
    second = gathered(memory.sessions, learning)
    assert [one.answer for one in second.train[-2:]] == [used.answer, "another"]
    assert second.fresh == first.fresh[1:]


def test_what_no_search_needs_any_more_is_trained_on_and_the_latest_are_searched_by(memory: Memory, home: Path) -> None:
    rated(memory, 90)
    learning = learning_in(home, least_new=5, least_fresh=5, search_examples=8)
    first = gathered(memory.sessions, learning)
    rated(memory, 90, start=90)
    second = gathered(memory.sessions, learning)
    assert (len(first.tune), len(second.tune)) == (8, 8)
    assert 0 < len(second.confirm) <= 4
    assert {one.id for one in first.tune} <= {one.id for one in second.train}
    newest = [int(one.answer.split()[1]) for one in second.tune]
    assert newest == sorted(newest, reverse=True)
    assert newest[-1] >= 90


def test_finalists_are_measured_on_what_no_cycle_was_chosen_by(memory: Memory, home: Path) -> None:
    rated(memory, 60)
    learning = learning_in(home, least_new=5, least_fresh=5)
    first = gathered(memory.sessions, learning)
    chosen = first.confirm[:2]
    second = gathered(memory.sessions, learning, past=Past(chosen=frozenset(one.id for one in chosen)))
    assert second.confirm == first.confirm[2:]
    assert second.tune[-2:] == chosen, "they are searched by, if nothing newer is there"


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


def test_what_an_earlier_cycle_has_tried_is_not_new(memory: Memory, home: Path) -> None:
    rated(memory, 60)
    learning = learning_in(home, least_new=5, least_fresh=2)
    first = gathered(memory.sessions, learning)
    past = Past(tried=frozenset(one.id for one in first.train[3:]))
    second = gathered(memory.sessions, learning, past=past)
    assert second.new == 3
    assert (second.lacks or "").startswith("3 new examples to train on, and a cycle begins with 5")


def test_what_was_set_aside_watches_over_whatever_comes_next(
    memory: Memory, home: Path, shelved: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    rated(memory, 60)
    learning = learning_in(home, least_new=5, least_fresh=2)
    first = gathered(memory.sessions, learning)
    assert first.guard == ()
    shelved(learning, {}, skills={"use": 30}, learned=first.train[:1])
    judged_by(learning, first.fresh)
    rated(memory, 30, start=60)
    second = gathered(memory.sessions, learning)
    assert second.guard
    monkeypatch.setattr(evidence, "WATCHED", 3)
    assert gathered(memory.sessions, learning).guard == second.guard[-3:], "the latest"
    assert {one.skill for one in second.guard} == {"earlier use"}
    assert {one.skill for one in second.fresh} == {"use"}
    assert {one.id for one in second.guard}.isdisjoint(set().union(*parts(first)))
    assert second.fresh
    assert all(int(one.prompt.split()[-1].rstrip("?")) >= 60 for one in second.fresh)


def watched_by(memory: Memory, learning: Learning, shelved: Callable[..., None]) -> Evidence:
    """Behind a cycle that used all that was fresh, with sixty turns of earlier use."""
    rated(memory, 60)
    first = gathered(memory.sessions, learning)
    shelved(learning, {}, skills={"use": 30}, learned=first.train[:1])
    judged_by(learning, first.fresh)
    found = gathered(memory.sessions, learning)
    assert len(found.guard) > 3
    return found


@pytest.mark.parametrize("word", ["correct", "down", "up"])
def test_a_witness_counts_as_it_was_rated_then(
    memory: Memory, home: Path, shelved: Callable[..., None], word: Literal["correct", "down", "up"]
) -> None:
    learning = learning_in(home, least_new=5, least_fresh=2)
    before = watched_by(memory, learning, shelved)
    for one in before.guard:
        memory.sessions.add_feedback(
            Feedback(one.origin.place["turn"], word, "I will not say." if word == "correct" else None)
        )
    after = gathered(memory.sessions, learning)
    assert [(one.prompt, one.answer) for one in after.guard] == [(one.prompt, one.answer) for one in before.guard]


def test_asking_again_what_a_witness_asks_does_not_retire_it(
    memory: Memory, home: Path, shelved: Callable[..., None]
) -> None:
    learning = learning_in(home, least_new=5, least_fresh=2)
    before = watched_by(memory, learning, shelved)
    for one in before.guard:
        turn = memory.sessions.save(Turn(question=one.prompt.upper(), answer="I will not say."))
        memory.sessions.add_feedback(Feedback(turn.id, "up"))
    asked = gathered(memory.sessions, learning)
    assert asked.guard == before.guard
    assert asked.fresh, "some of them judge"
    judged_by(learning, asked.fresh)
    used = gathered(memory.sessions, learning)
    assert used.guard == before.guard
    assert set(asked.fresh) <= set(used.train)


def test_what_is_said_anew_of_an_example_that_was_used_is_trained_on(memory: Memory, home: Path) -> None:
    rated(memory, 60)
    learning = learning_in(home, least_new=5, least_fresh=5)
    first = gathered(memory.sessions, learning)
    judged_by(learning, [used := first.fresh[0]])
    memory.sessions.add_feedback(Feedback(used.origin.place["turn"], "correct", "another"))
    second = gathered(memory.sessions, learning)
    assert (second.train[-1].prompt, second.train[-1].answer) == (used.prompt, "another")
    assert used.prompt not in {one.prompt for one in second.fresh}


def test_once_something_answers_that_learned_from_use_more_is_wanted_to_judge_by(
    memory: Memory, home: Path, shelved: Callable[..., None]
) -> None:
    rated(memory, 60)
    learning = learning_in(home, least_new=5, least_fresh=2, least_fresh_again=30)
    first = gathered(memory.sessions, learning)
    assert first.lacks is None
    shelved(learning, {}, skills={"use": 30}, learned=first.train[:1])
    poor = SkillScore("use", 20, 0.45, 0.26, 0.66)  # it learned from use, though it does not hold it
    learning.shelf.add_scores("earlier", [poor])
    rated(memory, 60, start=60)
    found = gathered(memory.sessions, learning)
    assert 2 <= len(found.fresh) < 30
    assert (found.lacks or "").startswith(f"{len(found.fresh)} examples that nothing has seen, to judge by")
    assert "a cycle begins with 30" in (found.lacks or "")


def test_a_skill_that_a_champion_was_trained_on_stays_held_when_it_was_scored_on_use_alone(
    memory: Memory, home: Path, shelved: Callable[..., None]
) -> None:
    rated(memory, 60)
    learning = learning_in(home, least_new=5, least_fresh=2)
    shelved(learning, {}, skills={"iso_date": 40})
    learning.shelf.add_scores("earlier", [SkillScore("use", 20, 0.9, 0.7, 0.97)])
    assert {one.skill for one in gathered(memory.sessions, learning).guard} == {"iso_date"}


def test_a_held_skill_that_is_built_in_is_guarded_by_drawn_examples(
    memory: Memory, home: Path, shelved: Callable[..., None]
) -> None:
    rated(memory, 60)
    learning = learning_in(home, least_new=5, least_fresh=2)
    shelved(learning, {}, skills={"iso_date": 40})
    found = gathered(memory.sessions, learning)
    assert found.lacks is None
    assert {one.skill for one in found.guard} == {"iso_date"}
    assert len(found.guard) > 200
    judged_by(learning, found.guard)
    again = gathered(memory.sessions, learning)
    assert len(again.guard) == len(found.guard)
    assert {one.id for one in again.guard}.isdisjoint(one.id for one in found.guard)


def test_a_held_skill_of_the_persons_own_is_guarded_by_its_stock_or_by_what_is_brought(
    memory: Memory, home: Path, shelved: Callable[..., None]
) -> None:
    rated(memory, 60)
    learning = learning_in(home, least_new=5, least_fresh=2)
    own = [example(f"Invoice {n}?", f"I-{n}", skill="invoices") for n in range(130)]
    shelved(learning, {FRESH_FILE: own[:60]}, skills={"invoices": 40})
    found = gathered(memory.sessions, learning)
    assert "earlier holds invoices, and 60 unseen examples of it are left where" in (found.lacks or "")
    assert "workbench learn --gate FILE.jsonl" in (found.lacks or "")
    brought = gathered(memory.sessions, learning, brought=own[60:])
    assert brought.lacks is None
    assert {one.id for one in brought.guard} == {one.id for one in own}


@pytest.fixture
def shelved(tmp_path: Path) -> Callable[[Learning, dict[str, list[Example]]], None]:
    """Puts a small adapter with these files on the shelf and lets it answer."""
    from tests.adapters.merging.small import small_adapter
    from workbench.adapters.shelf import Data, Provenance

    def put(
        learning: Learning,
        files: dict[str, list[Example]],
        skills: dict[str, int] | None = None,
        learned: Sequence[Example] = (),
    ) -> None:
        data = Data("0" * 64, skills) if skills else None
        one = learning.shelf.put(small_adapter(1), Provenance("train", "smollm2-135m", data=data), name="earlier")
        for name, some in files.items():
            write_examples(tmp_path / name, some)
            learning.shelf.attach(one.identity, tmp_path / name)
        if learned:
            learning.experience.note(one, [each.id for each in learned], turns_of(learned))
        learning.shelf.deploy(one.identity, why="a test", forced=True)

    return put
