"""The benchmark of what evolution costs, without a model: slopes, replayed races, what is the same, and its command."""

from __future__ import annotations

import importlib
import json
import random
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module of the benchmark; they find each other as scripts do."""
    monkeypatch.syspath_prepend(str(FOLDER))

    def module(name: str) -> ModuleType:
        return importlib.import_module(name)

    return module


def _command(*words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(FOLDER / "evolution_cost.py"), *words]
    return subprocess.run(command, capture_output=True, text=True, check=check)


def _keep(room: Any, folder: Path, setting: str, group: str, record: dict[str, Any]) -> None:
    kept, dials = room("evolution_pieces"), room("cost_ground").CostDials()
    pieces = kept.Pieces(folder / "cost", dials.to_dict())
    pieces.put(kept.Piece(setting, "mixed", 0, group), {"load_before": 0.0, **record})


def _lap(seconds: float, peak_bytes: float, candidates: int) -> dict[str, float]:
    return {
        "candidates": candidates,
        "processor_s": seconds,
        "clock_s": 2 * seconds,
        "peak_bytes": peak_bytes,
        "evaluations": 100,
        "stopped": 3,
    }


def _grown(room: Any, folder: Path, power: float) -> None:
    for size in (8, 16, 32, 64):
        laps = [_lap(each * size**power, 2**30 + size, size) for each in (1.0, 1.5, 9.0)]
        _keep(room, folder, "growth", str(size), {"generations": laps, "begun_bytes": 1, "adapter_bytes": 1})


@pytest.mark.parametrize("power", [1.0, 1.6])
def test_the_slope_of_growth_is_its_power_and_a_slow_generation_does_not_bend_it(
    room: Any, tmp_path: Path, power: float
) -> None:
    _grown(room, tmp_path, power)
    out = tmp_path / "out.json"
    said = _command("--only", "growth", "--table", "--folder", str(tmp_path), "--out", str(out)).stdout
    assert f"processor_s {power:.2f}" in said
    assert f"| 8 | {1.5 * 8**power:.1f} |" in said


def test_what_grows_is_a_search_that_proposes_as_many_as_it_is_asked_for(room: Any, tmp_path: Path) -> None:
    piece = room("evolution_pieces").Piece("growth", "mixed", 0, "64")
    ground = room("cost_ground").CostGround(
        piece, room("cost_ground").CostDials(), folder=tmp_path, mine=tmp_path, bases=tmp_path, clock=None
    )
    dials = ground._settings(tmp_path, {"size": 64}).evolution
    assert (dials.search, dials.size) == ("cma", 64)


def test_one_size_alone_has_no_slope(room: Any) -> None:
    assert room("cost_growth").slope([(8, 1.0)]) is None


def test_specialists_come_first_and_a_replay_after_the_run_that_it_replays(room: Any) -> None:
    names = [one.name for one in room("evolution_cost").plan(room("cost_ground").CostDials(), ["growth", "saving"])]
    assert names[:3] == [f"specialists-{skill}-0-train" for skill in ("reverse_words", "capitals", "add")]
    assert names.index("saving-mixed-0-recorded") < names.index("saving-mixed-0-replayed")


def test_examples_are_the_skills_in_turn_and_none_of_the_unseen_is_among_the_others(room: Any) -> None:
    ground = room("cost_ground")
    tune = ground.mixed(32, ground.TUNE_SEEDS)
    unseen = ground.mixed(50, ground.UNSEEN_SEEDS, frozenset(one.id for one in tune))
    assert [one.skill for one in tune[:4]] == ["add", "capitals", "reverse_words", "add"]
    assert (len(tune), len(unseen)) == (32, 50)
    assert not {one.id for one in tune} & {one.id for one in unseen}
    assert {one.check for one in tune} == {"exact"}


def _population(candidates: int, best: float, seed: int) -> Any:
    """One that is nearly always right among others that are nearly always wrong."""
    rng = np.random.default_rng(seed)
    shares = [best, *[0.1] * (candidates - 1)]
    right = rng.random((candidates, 128)) < np.array(shares)[:, None]
    return np.where(right, 0.9, -0.9)


def test_a_replay_finds_the_best_and_more_items_save_more(room: Any) -> None:
    replay = room("cost_replay")
    some = [_population(3, 0.5, 0), _population(24, 0.95, 1)]
    spent = [replay.one_run(some, replay.WAYS["keep 1"], factor, random.Random(0)) for factor in (1, 4)]
    assert [behind for _, behind in spent] == [0.0, 0.0]
    assert 2 < spent[0][0] < spent[1][0]


def test_a_champion_that_is_known_costs_nothing_and_stops_the_hopeless(room: Any) -> None:
    replay = room("cost_replay")
    some = [_population(3, 0.95, 0), _population(24, 0.1, 1), _population(24, 0.1, 2)]
    plain, known = (
        replay.one_run(some, replay.WAYS[name], 1, random.Random(0)) for name in ("keep 1", "champion known")
    )
    assert known[0] > 1.5 * plain[0]
    assert known[1] == plain[1] == 0.0


def test_keeping_more_costs_more(room: Any) -> None:
    replay = room("cost_replay")
    some = [_population(3, 0.5, 0), _population(24, 0.95, 1)]
    three, one = (replay.one_run(some, replay.WAYS[name], 2, random.Random(0)) for name in ("keep 3", "keep 1"))
    assert three[0] < one[0]


def _run(right: int, evaluations: int, adapter: str) -> dict[str, Any]:
    return {
        "champion": {"trial": 1, "adapter": adapter, "share": 0.8},
        "evaluations": evaluations,
        "whole": 1_000,
        "stopped": 4,
        "unseen": {"right": right, "n": 200, "verdicts": [at < right for at in range(200)]},
    }


def test_a_real_run_is_compared_with_the_fully_scored_one_on_the_same_unseen_examples(
    room: Any, tmp_path: Path
) -> None:
    _keep(room, tmp_path, "saving", "recorded", _run(160, 1_000, "a"))
    _keep(room, tmp_path, "saving", "keep1", _run(158, 100, "b"))
    said = _command("--only", "saving", "--table", "--folder", str(tmp_path)).stdout
    assert "| keep1 | 100 | 1,000 | 10.0 × | 158 of 200 | +1.0 (+0.0 to +2.5) |" in said


def test_one_trial_that_differs_is_not_the_same_run(room: Any) -> None:
    repeats = room("cost_repeats")
    same = {"champion": "c" * 64, "ledger": "l" * 64, "trials": 9}
    piece = {"first": same, "second": same, "killed": same | {"ledger": "m" * 64, "killed_after_s": [1.0]}}
    found = repeats.summed({"a piece": piece}, None)
    assert (found["same_champion"], found["same_trials"]) == (True, False)
    assert "killed after 1.0 s" in repeats.table(found)


def test_a_process_is_killed_at_its_moment_unless_it_has_ended_before(room: Any, tmp_path: Path) -> None:
    repeats, ground = room("cost_repeats"), room("cost_ground")
    piece = room("evolution_pieces").Piece("repeats", "mixed", 0, "all")
    clock = room("evolution_pieces").Clock(1.0)
    made = ground.CostGround(piece, ground.CostDials(), folder=tmp_path, mine=tmp_path, bases=tmp_path, clock=clock)
    made.command = ("-c", "import time; time.sleep(60)")
    assert repeats._kill(made, 0.1) == {"after_s": 0.1, "had_ended": False, "trials": 0}
    made.command = ("-c", "pass")
    assert repeats._kill(made, 30.0)["had_ended"]


def test_without_specialists_a_piece_says_what_is_missing(tmp_path: Path) -> None:
    done = _command("--piece", "growth-mixed-0-8", "--folder", str(tmp_path), check=False)
    assert done.returncode == 1
    assert "specialist add is not trained" in done.stderr


def test_what_is_measured_is_kept_in_the_record_when_another_part_is_measured(room: Any, tmp_path: Path) -> None:
    cost = room("evolution_cost")
    _grown(room, tmp_path, 1.0)
    out = tmp_path / "out.json"
    out.write_text(json.dumps({"repeats": {"same_champion": True}, "measured_by": {"repeats": {}}}))
    asked = cost.argparse.Namespace(
        out=out,
        only=["growth"],
        dials=room("cost_ground").CostDials(),
        folder=tmp_path,
        mine=tmp_path / "cost",
        table=False,
    )
    cost.tell(asked)
    kept = json.loads(out.read_text())
    assert kept["repeats"] == {"same_champion": True}
    assert kept["growth"]["complete"]
    assert kept["measured_by"].keys() == {"repeats", "growth"}


def test_what_is_not_measured_here_is_shown_as_the_record_has_it(room: Any, tmp_path: Path) -> None:
    _grown(room, tmp_path, 1.0)
    out, growth, dials = tmp_path / "out.json", room("cost_growth"), room("cost_ground").CostDials()
    pieces = room("evolution_pieces").Pieces(tmp_path / "cost", dials.to_dict())
    out.write_text(json.dumps({"growth": growth.summed(pieces.all(growth.plan(dials)), dials)}))
    done = _command("--table", "--folder", str(tmp_path / "elsewhere"), "--out", str(out))
    assert "## growth, as recorded" in done.stdout
    assert "processor_s 1.00" in done.stdout
    assert "nothing of saving is measured yet" in done.stderr
