"""`workbench evolve` and `workbench runs`, as a person types them, on the real small model."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.runs.conftest import memory_given_back, one_thread
from tests.runs.homes import SMALL, SPECIALISTS
from workbench.adapters.bases import Base
from workbench.cli.app import run
from workbench.core.examples import example
from workbench.corpus.jsonl import write_examples
from workbench.corpus.skills import generate

__all__ = ["memory_given_back", "one_thread"]

Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, taught_home: Path) -> Path:
    """A home with two specialists, and files of examples beside it."""
    folder = tmp_path_factory.mktemp("evolving")
    shutil.copytree(taught_home, folder / "home")
    write_examples(folder / "tune.jsonl", generate("name_date", 4, seed=1))
    write_examples(folder / "gate.jsonl", generate("name_date", 8, seed=2))
    return folder


@pytest.fixture
def typed(
    place: Path, base: Base, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    for key, value in SMALL.items():
        monkeypatch.setenv(f"WORKBENCH_{key.replace('.', '_').upper()}", str(value))
    monkeypatch.setenv("WORKBENCH_HOME", str(place / "home"))
    monkeypatch.setenv("WORKBENCH_TRAINING_BASES_FOLDER", str(base.folder.parent))
    monkeypatch.chdir(place)

    def type_(*words: object) -> tuple[int, str, str]:
        code = run([str(word) for word in words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return type_


def as_json(typed: Typed, *words: object) -> Any:
    code, out, err = typed(*words, "--json")
    assert code == 0, err
    return json.loads(out)


def test_a_run_is_interrupted_listed_gone_on_with_shown_and_deleted(
    typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workbench.runs import Run

    step = Run.step

    def interrupted(self: Run, *rest: Any) -> Any:
        if self.trials:
            raise KeyboardInterrupt
        return step(self, *rest)

    monkeypatch.setattr(Run, "step", interrupted)
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
        (["tune.jsonl", "--seconds", "0"], "evolution.seconds"),
        (["tune.jsonl", "--search", "magic"], "evolution.search"),
        (["tune.jsonl", "--size", "2"], "size"),
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
        "evolve", "tune.jsonl", "--gate", "stale.jsonl", "--from", SPECIALISTS[0], "--search", "random", "--budget", "4"
    )
    assert code == 0, err
    assert "2 examples of stale.jsonl are not fresh" in err
