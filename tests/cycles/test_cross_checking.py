"""Each half is read by a short lesson on the other, with the real small model; what it finds is kept and heeded."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.runs.homes import learning_in
from workbench.adapters.bases import Base
from workbench.agent import Agent
from workbench.core.errors import LearningPaused
from workbench.core.examples import Example, Origin
from workbench.core.records import Feedback, Turn
from workbench.corpus.skills import generate
from workbench.cycles import Cycles, Doubting, Evidence, gathered
from workbench.experience import Gone
from workbench.learning import Learning

WRONG = "A long answer that has to do with nothing at all that anybody asked about."


@pytest.fixture
def learning(taught_home: Path, base: Base, tmp_path: Path) -> Learning:
    shutil.copytree(taught_home, tmp_path / "home")
    return learning_in(tmp_path / "home", base, training__steps=10)


def of_turns(examples: Sequence[Example]) -> tuple[Example, ...]:
    return tuple(
        replace(one, origin=Origin("interaction", {"turn": f"turn-{number}", "session": "talk"}))
        for number, one in enumerate(examples)
    )


def evidence(train: Sequence[Example]) -> Evidence:
    return Evidence(tuple(train), (), (), (), (), (), (), len(train), 0, {}, {}, (), None)


def all_alike(questions: Sequence[str]) -> np.ndarray:
    return np.ones((len(questions), 1))


def with_wrong(count: int) -> tuple[Example, ...]:
    right = generate("person_city", count, seed=3)
    return of_turns([*right, replace(generate("person_city", count + 1, seed=4)[-1], answer=WRONG)])


def test_a_wrong_answer_is_not_trained_on_and_the_right_ones_are(learning: Learning) -> None:
    every = with_wrong(16)
    found = Cycles(learning).check(evidence(every), all_alike)
    assert [one.turn for one in found.suspects] == ["turn-16"]
    assert found.suspects[0].surprise > 8
    assert found.train == every[:-1]
    assert list((learning.settings.home / "training").glob("use-*")) == []


def test_what_a_person_has_called_right_stays_and_teaches(learning: Learning) -> None:
    every = with_wrong(16)
    found = Cycles(learning).check(evidence(every), all_alike, trusted={"turn-16"})
    assert (found.train, found.suspects) == (every, ())


def test_a_check_that_is_stopped_goes_on_where_it_was_and_what_it_found_is_kept(learning: Learning) -> None:
    cycles, every, heard = Cycles(learning), with_wrong(14), list[tuple[str, int]]()

    def listen(what: str, done: int, of: int) -> None:
        heard.append((what, done))
        if what.endswith("half 2 of 2"):
            raise LearningPaused("stopped")

    with pytest.raises(LearningPaused):
        cycles.check(evidence(every), all_alike, tell=listen)
    heard.clear()
    found = cycles.check(evidence(every), all_alike, tell=lambda what, done, of: heard.append((what, done)))
    assert not any(what.endswith("half 1 of 2") for what, _ in heard)
    heard.clear()
    again = cycles.check(evidence(every), all_alike, tell=lambda what, done, of: heard.append((what, done)))
    assert (again, heard) == (found, [])


def test_a_half_goes_on_from_where_it_was_unless_that_is_damaged_and_goes_with_what_is_forgotten(
    learning: Learning,
) -> None:
    cycles, every = Cycles(learning), with_wrong(14)
    cycles.check(evidence(every), all_alike)
    folder = cycles.folder / "halves"
    assert learning.shelf.champion() is None
    weights = [(folder / half / "adapter_model.safetensors").read_bytes() for half in "01"]
    (folder / "1/adapter_model.safetensors").write_bytes(weights[1][:100])
    (folder / "found.json").write_text("{")
    steps = list[int]()
    found = cycles.check(evidence(every), all_alike, tell=lambda what, done, of: steps.append(of))
    assert [one.turn for one in found.suspects] == ["turn-14"]
    after = [(folder / half / "adapter_model.safetensors").read_bytes() for half in "01"]
    assert after[0] != weights[0], "it went on"
    assert after[1] == weights[1], "it began anew, from the same seed"
    cycles.forget(Gone(turns=frozenset({"turn-3"})))
    assert not folder.exists()


async def test_the_person_is_told_which_turn_was_left_out_and_can_say_that_it_is_right(used: Agent) -> None:
    sessions, learning = used.memory.sessions, used.learning
    for number in range(12):
        more = sessions.save(Turn(question=f"The room number {number}: its code?", answer="I do not know."))
        sessions.add_feedback(Feedback(more.id, "correct", f"R-{number}"))
    turn = gathered(sessions, learning).train[0].origin.place["turn"]
    sessions.add_feedback(Feedback(turn, "correct", WRONG))
    heard = list[str]()
    cycle = await used.learn(on_progress=lambda what, done, of: heard.append(what))
    assert heard.index("cross-checking, reading") < next(
        at for at, what in enumerate(heard) if what.startswith("training")
    )
    [left_out] = cycle.suspects
    assert left_out.turn == turn
    assert cycle.counts["suspects"] == 1
    assert left_out.example not in learning.experience.seen_by(learning.shelf.find(cycle.lesson or ""))
    assert left_out.example in Cycles(learning).past().tried, "or it would count as new for ever"
    page = (used.settings.home / "cycles/0001/report.md").read_text(encoding="utf-8")
    assert turn in page
    assert WRONG not in page
    assert "1 rated or corrected answer" in cycle.set_apart[0]
    assert (await used.trust_feedback()).left_out == 1
    assert (await used.trust_feedback()).left_out == 0
    assert turn in Doubting(used.memory, used.settings.home / "cycles").trusted


def test_unless_wanted_nothing_is_looked_at(learning: Learning) -> None:
    off = learning.settings.learn.model_copy(update={"cross_check": False})
    learning.settings = learning.settings.model_copy(update={"learn": off})
    found = evidence(with_wrong(16))
    assert Cycles(learning).check(found, all_alike) is found
