"""`workbench evolve` and `workbench runs`, as a person types them, on the real small model."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.evolving import Typed, as_json, interrupt_after, place, typed, unmeasured
from tests.runs.conftest import memory_given_back, one_thread
from tests.runs.homes import SPECIALISTS
from workbench.core.examples import example
from workbench.corpus.jsonl import write_examples
from workbench.corpus.skills import generate
from workbench.runs import Run

__all__ = ["memory_given_back", "one_thread", "place", "typed"]


def test_a_run_is_interrupted_listed_gone_on_with_shown_and_deleted(
    typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = Run.step
    interrupt_after(1, monkeypatch)
    code, _, err = typed("evolve", "tune.jsonl", "--gate", "gate.jsonl", "--budget", "20")
    assert code == 130
    [listed] = as_json(typed, "runs")
    assert f"workbench runs resume {listed['run']}" in err
    assert (listed["state"], listed["candidates"], listed["evaluations"]) == ("not ended", 2, 8)
    monkeypatch.setattr(Run, "step", step)
    ended = as_json(typed, "runs", "resume", listed["run"][:6])
    assert ended["run"] == listed["run"]
    assert ended["verdict"]["decision"] in ("refuse", "more")
    assert not ended["deployed"]
    code, out, _ = typed("runs", "show", listed["run"])
    assert code == 0
    assert ended["verdict"]["words"].split(".")[0] in out.replace("\n", " ")
    assert "of those no search has seen" in out
    again = as_json(typed, "evolve", "tune.jsonl", "--gate", "gate.jsonl", "--budget", "20")
    assert (again["run"], again["adapter"], again["at"]) == (ended["run"], ended["adapter"], ended["at"])
    code, out, _ = typed("runs", "delete", listed["run"], "--yes")
    assert code == 0
    assert as_json(typed, "runs") == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["missing.jsonl"], "missing.jsonl"),
        (["tune.jsonl", "--from", "nobody"], "nobody"),
        (["tune.jsonl", "--budget", "0"], "budget"),
        (["tune.jsonl", "--set", "evolution.evaluations=0"], "evolution.evaluations"),
        (["tune.jsonl", "--set", "evolution.seconds=0"], "evolution.seconds"),
        (["tune.jsonl", "--set", "evolution.search=magic"], "evolution.search"),
        (["tune.jsonl", "--set", "evolution.size=2"], "evolution.size"),
        (["tune.jsonl", "--set", "evolution.sise=8"], "did you mean 'evolution.size'"),
        (["tune.jsonl", "--set", "evolution.size"], "is not KEY=VALUE"),
        (["tune.jsonl", "--set", "evolution.size=8", "--set", "evolution.size=9"], "given twice"),
        (["tune.jsonl", "--executor", "cloud"], "one of in-process, ray"),
        (["tune.jsonl", "--name", SPECIALISTS[0]], "taken"),
    ],
)
def test_what_cannot_be_evolved_is_said_in_a_sentence(typed: Typed, words: list[str], sentence: str) -> None:
    code, out, err = typed("evolve", *words)
    assert (code, out) == (2, "")
    assert sentence in err
    assert "Traceback" not in err


def test_an_empty_shelf_says_what_to_do_first(typed: Typed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "empty"))
    code, _, err = typed("evolve", "tune.jsonl")
    assert code == 2
    assert "train one" in err
    code, out, _ = typed("runs")
    assert code == 0
    assert "workbench evolve" in out


def test_fresh_examples_that_are_not_fresh_are_left_out_and_counted(typed: Typed, place: Path) -> None:
    same = [*generate("name_date", 2, seed=1), example("What is your name?", "Ada")]
    write_examples(place / "stale.jsonl", same)
    code, _, err = typed(
        "evolve",
        "tune.jsonl",
        *("--gate", "stale.jsonl", "--from", SPECIALISTS[0], "--budget", "4", "--set", "evolution.search=random"),
    )
    assert code == 0, err
    assert "2 examples of stale.jsonl are not fresh" in err


def test_without_ray_nothing_is_begun_and_a_sentence_says_how_to_install_it(
    typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    before = as_json(typed, "runs")
    code, out, err = typed("evolve", "tune.jsonl", "--executor", "ray", "--seed", "7")
    assert (code, out) == (2, "")
    assert "pip install '.[ray]'" in err
    assert as_json(typed, "runs") == before


def test_what_decided_a_run_cannot_be_set_when_it_goes_on(typed: Typed) -> None:
    for said in ("evolution.size=8", "evolution.evaluations=9", "evolution.seed=1"):
        code, _, err = typed("runs", "resume", "abcd", "--set", said)
        assert code == 2
        assert f"{said.partition('=')[0]} was decided when the run began" in err


@pytest.mark.drill
def test_ray_workers_go_on_with_a_run_and_end_at_the_champion_of_this_process(
    typed: Typed, place: Path, ray_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ray", reason="Ray is not installed: pip install '.[ray]'")
    monkeypatch.setenv("HOME", str(ray_home))
    words = ("evolve", "tune.jsonl", "--budget", "32", "--set", "evolution.teach_steps=0")
    here = as_json(typed, *words, "--name", "here")
    typed("runs", "delete", here["run"], "--yes")
    typed("adapters", "delete", "here", "--yes")
    (place / "home" / "scores.sqlite").unlink()  # so that the workers score
    step = Run.step
    interrupt_after(1, monkeypatch)
    code, _, err = typed(*words)
    assert code == 130, err
    monkeypatch.setattr(Run, "step", step)
    there = as_json(typed, "runs", "resume", here["run"], "--executor", "ray")
    assert there["run"] == here["run"]
    assert there["adapter"] == here["adapter"]
    assert unmeasured(there["champion"]) == unmeasured(here["champion"])
