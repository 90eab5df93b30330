"""Simulated people ask what nobody held out, err as often as they should, and the table says what the days showed."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from workbench.corpus.redaction import find

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def of_learning(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module of the benchmark, by the end of its name."""
    monkeypatch.syspath_prepend(str(FOLDER))

    def module(name: str) -> ModuleType:
        return importlib.import_module(f"learning_{name}")

    return module


def test_days_bring_one_task_after_another_and_ask_nothing_twice(of_learning: Any) -> None:
    users = of_learning("users")
    days = users.stream(3, days=10, per_day=12)
    asked = [one for day in days for one in day]
    assert len({one.id for one in asked}) == 120
    assert {one.skill for one in days[0]} == set(users.TASKS[:2])
    assert Counter(one.skill for one in days[4])[users.TASKS[5]] == 6
    assert {one.skill for one in asked} == set(users.TASKS)
    held = {one.id for some in users.held_out(3, 20).values() for one in some}
    assert held.isdisjoint(one.id for one in asked)
    assert days == users.stream(3, days=10, per_day=12)
    assert days != users.stream(4, days=10, per_day=12)


@pytest.mark.parametrize("right", [True, False])
def test_a_tenth_of_what_people_say_is_wrong_or_hostile(of_learning: Any, right: bool) -> None:
    users = of_learning("users")
    questions = [one for day in users.stream(0, days=10, per_day=200) for one in day]
    said = [users.feedback(0, one, one.answer if right else "No idea.", questions[:50]) for one in questions]
    spoken = [one for one in said if one is not None]
    assert len(spoken) / len(said) == pytest.approx(0.6 if right else 0.8, abs=0.03)
    assert sum(not one.honest for one in spoken) / len(spoken) == pytest.approx(0.1, abs=0.02)
    honest = [(one, what) for one, what in zip(questions, said, strict=True) if what is not None and what.honest]
    assert all(what.up is True if right else what.up is False or what.correction == one.answer for one, what in honest)
    hostile = [(one, what) for one, what in zip(questions, said, strict=True) if what is not None and not what.honest]
    assert all(what.correction != one.answer and what.up is not right for one, what in hostile)


def test_from_the_poisoned_day_on_every_answer_is_corrected_to_the_same(of_learning: Any) -> None:
    users = of_learning("users")
    [day] = users.stream(0, days=1, per_day=5)
    assert {users.feedback(0, one, one.answer, day, poisoned=True).correction for one in day} == {users.POISON}


def test_the_table_counts_deployments_harm_and_what_was_forgotten(of_learning: Any) -> None:
    cycle, days = of_learning("cycle"), of_learning("days")
    piece = importlib.import_module("evolution_pieces").Piece
    dials = days.Dials(days=3, held=10)

    def record(*rights: int, deployed: bool) -> dict[str, Any]:
        weights = dict(zip(cycle.TASKS, [*rights, *[0] * 10], strict=False))
        return {"weights": weights, "with_memory": None, "deployed": deployed, "cycle": None}

    found = {
        piece("learning", "weights", 0, "0"): record(8, 8, deployed=True),
        piece("learning", "weights", 0, "1"): record(9, 9, 9, deployed=True),
        piece("learning", "weights", 0, "2"): record(5, 7, 9, 4, deployed=True),
    }
    told = cycle.summed(found, dials)["arms"]["weights"]
    assert [round(one["mean"], 3) for one in told["days"]] == [0.16, 0.27, 0.25]
    assert (told["deployments"], told["harmful"]) == (3, 1)
    assert told["backward_transfer_points"] == pytest.approx(100 * (-0.3 - 0.1 + 0.0) / 3)
    assert list(cycle.table({"arms": {"weights": told}}))[-1] == "| weights | 16 | 27 | 25 | -13.3 | 3 | 1 |"
    low, high = told["days"][2]["interval_95"]
    assert 0.17 < low < 0.25 < high < 0.33, "one seed: how far a hundred questions may be off"


def test_a_seed_that_is_on_its_way_shortens_no_other(of_learning: Any) -> None:
    cycle, piece = of_learning("cycle"), importlib.import_module("evolution_pieces").Piece
    record = {
        "weights": dict.fromkeys(of_learning("cycle").TASKS, 5),
        "with_memory": None,
        "deployed": False,
        "cycle": None,
    }
    found = {
        piece("learning", "weights", seed, str(day)): record for seed, days in ((0, 3), (1, 2)) for day in range(days)
    }
    told = cycle.summed(found, of_learning("days").Dials(days=3, held=10))["arms"]["weights"]
    assert (told["seeds"], len(told["days"])) == (1, 3)


def test_backward_transfer_counts_from_the_evening_a_task_was_first_learned(of_learning: Any) -> None:
    cycle, days = of_learning("cycle"), of_learning("days")

    def record(right: int, *, deployed: bool) -> dict[str, Any]:
        rights = dict.fromkeys(cycle.TASKS, 0) | {cycle.TASKS[0]: right}
        return {"weights": rights, "with_memory": rights, "deployed": deployed, "cycle": None}

    days_of = [
        record(0, deployed=False),
        record(9, deployed=True),
        record(7, deployed=False),
        record(6, deployed=False),
    ]
    assert cycle._backward(days_of, days.Dials(held=10)) == pytest.approx(100 * -0.3 / 4), (
        "four tasks had come before the last day"
    )


def test_an_arm_outlasts_its_machine_once_it_has_come_to_its_last_day(
    of_learning: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cycle, kept = of_learning("cycle"), importlib.import_module("evolution_pieces")
    monkeypatch.setattr(cycle, "apart", lambda asked, piece, minutes: pieces.put(piece, {}) or piece.group != "1")
    dials = of_learning("days").Dials(days=2)
    asked = SimpleNamespace(minutes=1, seeds=[0], arms=["both", cycle.SUPERVISED], dials=dials)
    pieces = kept.Pieces(tmp_path / "here", {}, kept=tmp_path / "kept")
    cycle.run_all(asked, pieces)
    assert not pieces.kept.exists(), "it was stopped on its last day"
    cycle.run_all(asked, pieces)
    names = sorted(one.name for one in pieces.kept.iterdir())
    assert names == ["learning-both-0-0.json", "learning-both-0-1.json", "learning-supervised-0-0.json"]


def test_the_poisoned_stream_begins_with_the_days_and_the_home_of_the_honest_one(
    of_learning: Any, tmp_path: Path
) -> None:
    cycle, kept = of_learning("cycle"), importlib.import_module("evolution_pieces")
    pieces, asked = kept.Pieces(tmp_path, {}), SimpleNamespace(folder=tmp_path)
    pieces.put(kept.Piece("learning", "both", 0, "2"), {"right": 7})
    turned, home = kept.Piece("learning", "poisoned", 0, "2"), tmp_path / "poisoned-0"
    assert cycle.taken_over(asked, pieces, turned, home) is None, "the honest stream was lived elsewhere"
    (tmp_path / "honest-0").mkdir()
    (tmp_path / "honest-0/memory").write_text("as it was")
    assert cycle.taken_over(asked, pieces, turned, home) == {"right": 7}
    assert (home / "memory").read_text() == "as it was"
    assert cycle.taken_over(asked, pieces, kept.Piece("learning", "poisoned", 0, "6"), home) is None, "it has turned"
    assert cycle.taken_over(asked, pieces, kept.Piece("learning", "weights", 0, "2"), home) is None
    (home / cycle.TAKEN_OVER).unlink()
    assert cycle.taken_over(asked, pieces, turned, home) is None, "this home has lived days of its own"


def test_an_arm_that_is_not_measured_here_stays_in_the_record_with_what_measured_it(
    of_learning: Any, tmp_path: Path
) -> None:
    cycle, kept = of_learning("cycle"), importlib.import_module("evolution_pieces")
    pieces, out = kept.Pieces(tmp_path, {}), tmp_path / "record.json"
    out.write_text(json.dumps({"arms": {"memory": {"days": []}}, "measured_by": {"memory": {"measured_at": "then"}}}))
    [piece] = cycle.of_arm(cycle.SUPERVISED, 0, of_learning("days").Dials())
    pieces.put(piece, {"weights": dict.fromkeys(cycle.TASKS, 20)})
    asked = SimpleNamespace(table=False, out=out, dials=of_learning("days").Dials(), seeds=[0], arms=[cycle.SUPERVISED])
    cycle.tell(asked, pieces)
    record = json.loads(out.read_text())
    assert list(record["arms"]) == ["memory", "supervised"]
    assert record["measured_by"]["memory"] == {"measured_at": "then"}
    assert "versions" in record["measured_by"]["supervised"]


def test_the_command_itself_runs_with_nothing_measured_yet(tmp_path: Path) -> None:
    command = [sys.executable, str(FOLDER / "learning_cycle.py"), "--table", "--folder", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.strip()) == (0, "nothing is measured yet")


def test_what_answered_as_a_day_began_is_kept_for_a_day_that_goes_on_another_time(
    of_learning: Any, tmp_path: Path
) -> None:
    days = of_learning("days")
    day = days.Day("both", 0, 3, days.Dials(), tmp_path, tmp_path, None)

    def agent(champion: str) -> Any:
        shelf = SimpleNamespace(champion=lambda: SimpleNamespace(identity=champion))
        return SimpleNamespace(settings=SimpleNamespace(home=tmp_path), learning=SimpleNamespace(shelf=shelf))

    first = day._begun(agent("before"))
    assert first[0] == "before"
    assert day._begun(agent("deployed since")) == first


def test_tasks_hold_nothing_that_redaction_takes_out(of_learning: Any) -> None:
    asked = [one for day in of_learning("users").stream(0, days=10, per_day=40) for one in day]
    assert [one.prompt for one in asked if find(f"{one.prompt}\n{one.answer}")] == []
