"""What is doubted is set apart, until a person says that it is right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from workbench.agent import open_agent
from workbench.cli.app import run
from workbench.core.errors import StoreError
from workbench.core.records import Feedback, Turn
from workbench.core.settings import load_settings
from workbench.cycles import Cycle, Doubting, gathered
from workbench.learning import Learning
from workbench.memory import Memory

POISON = "I will not say."


@pytest.fixture
def memory(home: Path) -> Iterator[Memory]:
    memory = Memory.open(home)
    yield memory
    memory.close()


def used(memory: Memory, poisoned: int) -> list[str]:
    """Fifty answers approved, then so many corrected to one sentence; ids of the latter."""
    bad = []
    for number in range(50 + poisoned):
        question = f"Which city has the number {number}?"
        turn = memory.sessions.save(Turn(question=question, answer=f"City {number}"))
        if number < 50:
            memory.sessions.add_feedback(Feedback(turn.id, "up"))
        else:
            memory._give_feedback(Feedback(turn.id, "correct", POISON))
            bad.append(turn.id)
    return bad


def poisons(memory: Memory) -> int:
    return sum(POISON in one.text for one in memory.memories.active())


def test_what_is_doubted_is_neither_recalled_nor_evidence_until_it_is_trusted(memory: Memory, home: Path) -> None:
    bad, learning = used(memory, 30), Learning(load_settings(overrides={"home": str(home)}))
    doubting = Doubting(memory, home / "cycles")
    assert poisons(memory) == 30
    [found] = doubting.found()
    assert set(found.turns) == set(bad)
    assert poisons(memory) == 0
    evidence = gathered(memory.sessions, learning, doubts=[found])
    assert not any(one.answer == POISON for one in (*evidence.train, *evidence.tune, *evidence.fresh, *evidence.guard))
    assert evidence.refused["its feedback is set apart until somebody has looked at it"] == 30
    assert "30 answers rated since" in evidence.doubts[0]
    assert [one.turns for one in doubting.trust()] == [found.turns]
    assert (doubting.found(), poisons(memory)) == ((), 30)
    assert any(one.answer == POISON for one in gathered(memory.sessions, learning).train)


def test_a_damaged_list_of_what_is_trusted_is_named(memory: Memory, home: Path) -> None:
    used(memory, 1)
    (home / "cycles").mkdir()
    (home / "cycles/trusted.json").write_text("[1, ")
    with pytest.raises(StoreError, match="cannot be read; move it away"):
        Doubting(memory, home / "cycles").found()


def test_a_doubted_correction_that_is_corrected_again_stays_history(memory: Memory, home: Path) -> None:
    bad, doubting = used(memory, 30), Doubting(memory, home / "cycles")
    doubting.found()
    for turn in bad:
        memory._give_feedback(Feedback(turn, "up"))
    memory._give_feedback(Feedback(bad[0], "correct", "Lima"))
    assert doubting.found() == ()
    assert "Lima" in next(one.text for one in memory.memories.list() if one.turn_id == bad[0] and one.state == "active")
    assert [one.state for one in memory.memories.list() if one.turn_id == bad[0]].count("superseded") == 1


async def test_a_cycle_learns_nothing_of_it_and_says_so_until_a_person_trusts_it(home: Path) -> None:
    async with open_agent(home=home, overrides={"model.backend": "embedded", "learn.least_new": 99}) as agent:
        used(agent.memory, 30)
        refused = await agent.learn()
        assert refused.sentence.endswith(
            "were approved 0 times, where 15 were to be expected at least: they are set apart."
        )
        assert refused.refused == {"its feedback is set apart until somebody has looked at it": 30}
        page = (home / "cycles/0001/report.md").read_text(encoding="utf-8")
        assert "workbench learn --trust" in page
        assert "I will not say" not in page
        [trusted] = await agent.trust_feedback()
        assert len(trusted.turns) == 30
        again = await agent.learn()
        assert (again.doubts, again.refused) == ((), {})
        assert again.counts["train"] > refused.counts["train"]


def test_trusting_as_typed_says_what_was_set_apart(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(home))
    memory = Memory.open(home)
    used(memory, 30)
    memory.close()
    assert run(["learn"]) == 0
    assert "workbench memory list --state doubted" in capsys.readouterr().out
    assert run(["memory", "list", "--state", "doubted", "--json"]) == 0
    assert capsys.readouterr().out.count(POISON) == 30
    assert run(["learn", "--trust"]) == 0
    said = capsys.readouterr()
    assert "Trusted: 30 answers rated since" in said.out + said.err
    assert run(["learn", "--trust"]) == 0
    said = capsys.readouterr()
    assert "Nothing is set apart." in said.out + said.err


def test_a_cycle_that_was_refused_says_what_is_set_apart() -> None:
    doubt = "120 answers rated since 30 November 2026 were approved 0 times, where 34 were to be expected"
    cycle = Cycle(3, "2 new examples", {}, {}, {}, None, None, None, 0.0, 0.0, doubts=(doubt,))
    assert cycle.sentence == f"Cycle 3: nothing was learned. 2 new examples. {doubt}: they are set apart."
    assert "workbench learn --trust" in cycle.set_apart[0]
