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
from workbench.adapters.peft_folder import read_folder
from workbench.agent import Agent
from workbench.core.errors import LearningPaused
from workbench.core.examples import Example, Origin
from workbench.core.records import Feedback, Turn
from workbench.corpus.skills import generate
from workbench.cycles import Cycles, Evidence, gathered
from workbench.cycles.cross_checking import CrossCheck
from workbench.cycles.suspecting import halves
from workbench.evaluation.scoring import Chosen, OptionQuestion
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
    asked, other = generate("person_city", 2, seed=4)
    return of_turns([*right, replace(asked, answer=other.answer)])


def test_a_wrong_answer_is_not_trained_on_and_the_right_ones_are(learning: Learning) -> None:
    every = with_wrong(16)
    found = Cycles(learning).check(evidence(every), all_alike)
    assert [one.turn for one in found.suspects] == ["turn-16"]
    assert found.suspects[0].surprise > 8
    assert found.train == every[:-1]
    assert list((learning.settings.home / "training").glob("use-*")) == []


def test_what_a_person_has_confirmed_stays(learning: Learning) -> None:
    every = with_wrong(16)
    found = Cycles(learning).check(replace(evidence(every), confirmed=frozenset({every[-1].id})), all_alike)
    assert (found.train, found.suspects) == (every, ())


def test_a_check_that_is_stopped_goes_on_where_it_was_and_what_it_found_is_kept(learning: Learning) -> None:
    cycles, every, heard = Cycles(learning), with_wrong(14), list[str]()

    def check(stop: str = "never") -> Evidence:
        def listen(what: str, done: int, of: int) -> None:
            heard.append(what)
            if stop in what:
                raise LearningPaused("stopped")

        heard.clear()
        return cycles.check(evidence(every), all_alike, listen)

    with pytest.raises(LearningPaused):
        check(stop="half 2 of 2")
    with pytest.raises(LearningPaused):
        check(stop="reading")
    assert "cross-checking, half 1 of 2" not in heard
    found = check()
    assert set(heard) == {"cross-checking, reading"}
    assert (check(), heard) == (found, [])
    (cycles.folder / "halves").rename(cycles.folder / "halves.new")  # killed while what was found took its place
    assert (check(), heard) == (found, [])


def test_who_was_taught_one_half_reads_the_other(learning: Learning, monkeypatch: pytest.MonkeyPatch) -> None:
    every, read = with_wrong(14), dict[int, set[str]]()

    def note(_: object, taught: int, tell: object, questions: Sequence[OptionQuestion]) -> list[Chosen]:
        read[taught] = {one.messages[-1].content for one in questions}
        return [Chosen((0.0,) * len(one.options), (1,) * len(one.options)) for one in questions]

    monkeypatch.setattr(CrossCheck, "_taught", lambda self, number, examples, tell: number)
    monkeypatch.setattr(CrossCheck, "_read", note)
    monkeypatch.setattr(CrossCheck, "_keep", lambda self, taught, found: None)
    Cycles(learning).check(evidence(every), all_alike)
    first, second = ({one.prompt for one in half} for half in halves(every))
    assert read == {0: second, 1: first}


def test_a_half_goes_on_from_where_it_was_unless_that_is_damaged_and_goes_with_what_is_forgotten(
    learning: Learning,
) -> None:
    cycles, every = Cycles(learning), with_wrong(14)
    cycles.check(evidence(every), all_alike)
    folder = cycles.folder / "halves"
    assert learning.shelf.champion() is None
    before = [read_folder(folder / half, learning.base).identity for half in "01"]
    (folder / "1/adapter_model.safetensors").write_bytes(b"damaged")
    (folder / "found.json").write_text("{")
    found = cycles.check(evidence(every), all_alike)
    assert [one.turn for one in found.suspects] == ["turn-14"]
    after = [read_folder(folder / half, learning.base).identity for half in "01"]
    assert after[0] != before[0], "it went on"
    assert after[1] == before[1], "it began anew, from the same seed"
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
    past = Cycles(learning).past()
    new = gathered(sessions, learning, past=past).new
    unheeded = gathered(sessions, learning, past=replace(past, suspects=frozenset()))
    assert unheeded.new == new + 1, "what was left out would be new at each look"
    page = (used.settings.home / "cycles/0001/report.md").read_text(encoding="utf-8")
    assert turn in page
    assert WRONG not in page
    assert "1 rated or corrected answer" in cycle.set_apart[0]
    assert "once more if it was" in cycle.set_apart[0]
    await used.give_feedback(turn, correction=WRONG)
    found = gathered(sessions, learning, past=past)
    assert (found.new, found.confirmed) == (new + 1, {left_out.example})
    assert Cycles(learning).check(found, used.memory.embedder.embed).suspects == ()


def test_unless_wanted_nothing_is_looked_at(learning: Learning) -> None:
    off = learning.settings.learn.model_copy(update={"cross_check": False})
    learning.settings = learning.settings.model_copy(update={"learn": off})
    found = evidence(with_wrong(16))
    assert Cycles(learning).check(found, all_alike) is found
