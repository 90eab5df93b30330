"""An agent learns from what was rated, refuses with too little, and goes on after a kill, on the real small model."""

from __future__ import annotations

import asyncio
import math

import pytest

from workbench.agent import Agent
from workbench.core.errors import LearningPaused, StoreLocked
from workbench.cycles import Cycles, Pause, gathered
from workbench.runs import Runs


async def test_a_cycle_trains_evolves_judges_and_keeps_what_came_of_it(used: Agent) -> None:
    heard: list[str] = []
    cycle = await used.learn(on_progress=lambda what, done, of: heard.append(what))
    assert cycle.lacks is None
    assert cycle.ending is not None
    assert cycle.ending.decision in ("refuse", "more")
    assert used.learning.shelf.champion() is None
    assert heard[0].startswith("training use-1-")
    assert any(one.startswith("generation 0, ") for one in heard)
    assert "giving a lesson" in heard
    lesson = used.learning.shelf.find(cycle.lesson or "")
    run = used.learning.shelf.find(cycle.ending.adapter)
    assert lesson.identity in {one.identity for one in (run, *map(used.learning.shelf.find, _parents(run)))}
    assert Cycles(used.learning).list() == (cycle,)
    assert (used.settings.home / "runs" / str(cycle.run) / "report.html").exists()
    assert cycle.brought is not None
    page = (used.settings.home / "cycles/0001/report.md").read_text(encoding="utf-8")
    assert cycle.brought.sentence in page
    assert "the specialist was trained on them" in page
    judged = {name for look in used.learning.ledger.lines() for name in look["ids"]}
    assert judged
    assert judged.isdisjoint(used.learning.experience.seen_by(lesson))
    past = Cycles(used.learning).past()
    assert past.tried == used.learning.experience.seen_by(lesson)
    assert past.chosen == used.learning.experience.seen_by(run) > past.tried
    assert Cycles(used.learning).past(again=True).tried == frozenset()
    again = await used.learn()
    assert (again.number, again.ending) == (2, None)
    assert "0 examples that nothing has seen" in again.sentence, "whatever the gate said"


async def test_the_specialist_goes_on_from_what_answers_and_has_seen_all_that_it_had(used: Agent) -> None:
    learning, found = used.learning, gathered(used.memory.sessions, used.learning)
    fresh = Cycles(learning).train(found)
    assert fresh.card.origin.parents == ()
    steps, batch = learning.settings.training.steps, learning.settings.training.batch
    reading = math.ceil(learning.settings.learn.passes * len(found.train) / batch)
    assert fresh.card.origin.settings["steps"] == max(reading, steps) > steps
    champion = learning.deploy("iso_date", insist=True)
    learning.shelf.delete(fresh.identity)
    lesson = Cycles(learning).train(found)
    assert lesson.identity != fresh.identity
    assert [parent.identity for parent in lesson.card.origin.parents] == [champion.identity]
    assert lesson.card.origin.settings["retained"] == "Of what it knew, sums keep iso_date."
    assert lesson.card.spec.rank == learning.settings.training.rank
    seen = learning.experience.seen_by(lesson)
    assert seen >= learning.experience.seen_by(champion) | {one.id for one in found.train}


async def test_a_search_looks_first_at_what_the_one_that_answers_was_not_made_by(used: Agent) -> None:
    learning, found = used.learning, gathered(used.memory.sessions, used.learning)
    few = used.settings.learn.model_copy(update={"search_examples": 1})
    learning.settings = used.settings.model_copy(update={"learn": few})
    champion = learning.deploy("iso_date", insist=True)
    some = (*found.tune, *found.confirm)
    assert len(some) > 1
    for new in some:
        seen = [one.id for one in some if one != new]
        learning.experience.note(learning.shelf.find(champion.identity), seen)
        with Cycles(learning).evolve(gathered(used.memory.sessions, learning), champion) as run:
            assert run.materials.tune == (new,)


async def test_too_little_evidence_is_a_refusal_that_trains_nothing(used: Agent) -> None:
    agent = Agent(
        used.settings.model_copy(update={"learn": used.settings.learn.model_copy(update={"least_new": 99})}),
        used.memory,
        used.backends,
        used.learning,
    )
    used.learning.settings = agent.settings
    before = used.learning.shelf.list()
    cycle = await agent.learn()
    assert "rate or correct about" in cycle.sentence
    assert used.learning.shelf.list() == before
    assert (await agent.learn()).number == cycle.number == 1


async def test_a_cycle_that_is_stopped_ends_at_once_and_the_next_call_goes_on_with_it(used: Agent) -> None:
    heard, loop, searching = list[str](), asyncio.get_running_loop(), asyncio.Event()

    def listen(what: str, done: int, of: int) -> None:
        heard.append(what)
        if what.startswith("generation 1, "):
            loop.call_soon_threadsafe(searching.set)

    learning = asyncio.ensure_future(used.learn(on_progress=listen))
    async with asyncio.timeout(240):
        await searching.wait()
    learning.cancel()
    with pytest.raises(asyncio.CancelledError):
        await learning
    [run] = Runs(used.learning).list()
    assert run.state == "not ended"
    kept = len(run.trials)
    heard.clear()
    cycle = await used.learn(on_progress=listen)
    assert not any(what.startswith("training") for what in heard)  # the specialist is on the shelf already
    assert not any(what.startswith("generation 0, ") for what in heard)
    assert (cycle.number, cycle.run) == (1, run.name)
    assert len(Runs(used.learning).find(run.name).trials) > kept


async def test_a_cycle_that_is_paused_behind_its_verdict_is_closed_with_what_came_of_it(used: Agent) -> None:
    pause = Pause(used.settings.home / "cycles")

    def listen(what: str, done: int, of: int) -> None:
        if what == "comparing memory and adapter":
            pause.begin()

    with pytest.raises(LearningPaused):
        await used.learn(on_progress=listen)
    pause.end()
    [cycle] = Cycles(used.learning).list()
    assert cycle.ending is not None
    assert (used.settings.home / "cycles/0001/report.md").exists()


async def test_a_pause_ends_a_cycle_at_its_next_step_and_refuses_the_next(used: Agent) -> None:
    pause = Pause(used.settings.home / "cycles")
    with pytest.raises(LearningPaused):
        await used.learn(on_progress=lambda what, done, of: pause.begin())
    assert [one.name for one in used.learning.shelf.list() if one.label.startswith("use-1")] == []
    with pytest.raises(LearningPaused, match="workbench learn --go-on"):
        await used.learn()
    pause.end()
    assert (await used.learn()).lacks is None


async def test_one_cycle_at_a_time(used: Agent) -> None:
    with Cycles(used.learning).alone(), pytest.raises(StoreLocked, match="Another process is learning"):
        await used.learn()


def _parents(one: object) -> list[str]:
    return [parent.identity for parent in one.card.origin.parents]  # type: ignore[attr-defined]
