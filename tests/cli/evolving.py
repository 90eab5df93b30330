"""A home with two specialists, and the command line over it, for tests of evolution."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.runs.homes import SMALL
from workbench.adapters.bases import Base
from workbench.cli.app import run
from workbench.corpus.jsonl import write_examples
from workbench.corpus.skills import generate
from workbench.runs import Run

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


def unmeasured(champion: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in champion.items() if name not in ("seconds", "peak_bytes")}


def interrupt_after(generations: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C when so many are told."""
    step = Run.step

    def interrupted(self: Run, *rest: Any) -> Any:
        if self.trials and self.trials[-1].generation + 1 >= generations:
            raise KeyboardInterrupt
        return step(self, *rest)

    monkeypatch.setattr(Run, "step", interrupted)
