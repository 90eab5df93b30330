"""A forgotten turn leaves every file of the home but weights, and who learned from it is named and can be replaced."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.adapters.shelf import Shelved
from workbench.agent import Agent
from workbench.core.errors import EvolutionError, NotStored, StoreLocked
from workbench.core.examples import Example
from workbench.core.records import Feedback, Turn
from workbench.cycles import Cycles, Evidence, gathered
from workbench.experience import HELD_FILE, REPLAY_FILE
from workbench.runs import Runs

WEIGHTS = {".safetensors", ".gguf"}


def word_of(one: Example) -> str:
    return one.answer.removeprefix("R-")


def holders(home: Path, word: str) -> set[str]:
    """Files that hold the word, weights excepted."""
    every = (path for path in home.rglob("*") if path.is_file() and path.suffix not in WEIGHTS)
    return {path.name for path in every if word.encode() in path.read_bytes().lower()}


def learned(agent: Agent) -> tuple[Evidence, Shelved]:
    """A specialist of what use has taught, and a run that begins with it and goes no further."""
    cycles = Cycles(agent.learning)
    found = gathered(agent.memory.sessions, agent.learning)
    with cycles.alone():
        lesson = cycles.train(found)
        cycles.evolve(found, lesson).close()
    return found, lesson


def turn_of(one: Example) -> str:
    return one.origin.place["turn"]


async def test_no_file_but_weights_holds_a_forgotten_turn_and_who_learned_from_it_is_named(used: Agent) -> None:
    home, learning = used.settings.home, used.learning
    found, lesson = learned(used)
    [run] = Runs(learning).list()
    [trained, tuned, judged] = found.train[0], found.tune[0], found.fresh[0]
    learning.score([trained, tuned, judged], lesson.identity)
    (home / "scores.sqlite.damaged-1").write_text(f"a reply about {word_of(trained)}")
    (home / "training" / "use-1-killed").mkdir(parents=True)
    assert REPLAY_FILE in holders(home, word_of(trained))
    assert {HELD_FILE, "tune.jsonl"} <= holders(home, word_of(tuned))
    for one, names, stuck in (
        (judged, (), ()),
        (tuned, (lesson.label,), (run.name,)),
        (trained, (lesson.label,), ()),
    ):
        assert holders(home, word_of(one))
        gone = await used.forget_turn(turn_of(one))
        assert (gone.forgotten.turns, gone.adapters, gone.stuck) == (1, names, stuck)
        assert holders(home, word_of(one)) == set()
    assert not list((home / "training").glob("use-*"))
    assert not {one.id for one in (trained, tuned, judged)} & {name[:32] for name in scored(home)}
    with pytest.raises(EvolutionError, match="were forgotten"):
        Runs(learning).resume(run.name)
    again = gathered(used.memory.sessions, learning)
    left = {one.id for one in _all(again)}
    assert left == {one.id for one in _all(found)} - {one.id for one in (trained, tuned, judged)}


async def test_a_forgetting_that_was_killed_is_finished_by_the_same_call(
    used: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, lesson = learned(used)
    one, sessions = found.train[0], used.memory.sessions

    def killed(_: str) -> None:
        raise StoreLocked("killed")

    with monkeypatch.context() as patch:
        patch.setattr(sessions, "forget_turn", killed)
        with pytest.raises(StoreLocked):
            await used.forget_turn(turn_of(one))
    assert sessions.turn(turn_of(one)).id == turn_of(one)
    assert one.id not in {each.id for each in gathered(sessions, used.learning).train}
    gone = await used.forget_turn(turn_of(one))
    assert gone.adapters == (lesson.label,)
    assert holders(used.settings.home, word_of(one)) == set()
    with pytest.raises(NotStored):
        await used.forget_turn(turn_of(one))


async def test_learning_again_steps_back_and_uses_nothing_that_learned_from_it(used: Agent) -> None:
    found, lesson = learned(used)
    learning = used.learning
    learning.deploy(lesson.identity, insist=True)
    gone = await used.forget_session(found.train[0].origin.place["session"])
    assert gone.answers == lesson.label
    assert any("workbench rollback" in one for one in gone.sentences)
    assert any("workbench learn --again" in one for one in gone.sentences)
    refused = await used.learn()
    assert "new examples" in refused.sentence, "what answers has learned the rest already"
    assert learning.shelf.champion() is not None
    cycle = await used.learn(again=True)
    assert cycle.ending is not None
    assert learning.shelf.champion() is None
    assert learning.shelf.history()[-1].why == "it learned from what was forgotten"
    card = Runs(learning).find(str(cycle.run))
    assert lesson.identity not in card.plan.parents
    assert [one.label for one in learning.experience.tainted()] == [lesson.label]
    learning.shelf.delete(lesson.identity, force=True)
    assert learning.experience.tainted() == ()


async def test_a_forgotten_memory_takes_the_examples_of_turns_that_say_it(used: Agent) -> None:
    sessions = used.memory.sessions
    turn = await used.memory.remember(
        Turn(question="My parrot is called Zephyrine. Is that long?", answer="Yes, it is.")
    )
    sessions.add_feedback(Feedback(turn.id, "up"))
    other = await used.memory.remember(Turn(question="What is the name of my parrot?", answer="I cannot say."))
    sessions.add_feedback(Feedback(other.id, "correct", "My parrot is called Zephyrine."))
    every = {turn_of(one): one for one in _all(gathered(sessions, used.learning))}
    lesson = used.learning.train([every[turn.id], every[other.id]], "parrots").shelved
    assert REPLAY_FILE in holders(used.settings.home, "zephyrine")
    gone = await used.forget_memories(*turn.memory_ids)
    assert gone.adapters == (lesson.label,)
    assert holders(used.settings.home, "zephyrine") == set()


async def test_nothing_is_forgotten_while_somebody_learns(used: Agent) -> None:
    turn = used.memory.sessions.turns(used.memory.sessions.list()[0].id)[0]
    with Cycles(used.learning).alone(), pytest.raises(StoreLocked, match="Another process is learning"):
        await used.forget_turn(turn.id)
    assert used.memory.sessions.turn(turn.id) == turn


def _all(found: Evidence) -> list[Example]:
    return [*found.train, *found.tune, *found.confirm, *found.fresh]


def scored(home: Path) -> list[str]:
    import sqlite3

    with sqlite3.connect(home / "scores.sqlite") as connection:
        return [row[0] for row in connection.execute("SELECT example FROM verdicts")]
