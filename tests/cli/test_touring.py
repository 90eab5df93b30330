"""The tour's end: who cannot learn says so, a cycle that shows no gain is refused, and nothing stays behind."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import pytest
from rich.console import Console

from tests.runs.conftest import memory_given_back, one_thread
from workbench.adapters.bases import Base
from workbench.agent import Agent
from workbench.cli.app import run
from workbench.cli.touring_learning import Size, take_lesson
from workbench.core.settings import load_settings

__all__ = ["memory_given_back", "one_thread"]

TINY = Size(rated=16, unseen=1, steps=1, batch=2, candidates=4, evaluations=16)


def test_without_pytorch_the_tour_says_what_to_run_and_leaves_nothing_behind(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("workbench.learning.NEEDED", ("torch", "not_on_this_machine"))
    assert run(["tour", "--only-learning"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Learning needs not_on_this_machine; run: make setup" in said
    assert "workbench tour --only-learning" in said
    assert "Where to go next" in said
    assert not (home / "tour" / "learning").exists()


def test_a_cycle_that_shows_no_gain_is_refused_with_numbers_and_its_folder_is_gone(home: Path, base: Base) -> None:
    settings = load_settings(overrides={"training.bases_folder": str(base.folder.parent)})
    screen = Console(file=io.StringIO(), width=400, highlight=False)
    asyncio.run(take_lesson(screen, settings, TINY))
    said = screen.file.getvalue()  # type: ignore[attr-defined]
    assert "16 questions asked: 0 answers right, 16 corrected" in said
    assert "Cycle 1: " in said
    assert "dealt out by a hash of each question" in said
    assert "Nothing was deployed: the plain base answers, as before." in said
    assert [one for one in home.rglob("*") if one.is_file()] == []


def test_ctrl_c_ends_the_tour_and_its_folder(
    home: Path, base: Base, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def interrupted(self: Agent, question: str, **options: object) -> None:
        assert (home / "tour" / "learning").exists()
        raise KeyboardInterrupt

    monkeypatch.setenv("WORKBENCH_TRAINING_BASES_FOLDER", str(base.folder.parent))
    monkeypatch.setattr(Agent, "ask", interrupted)
    assert run(["tour", "--only-learning"]) == 130
    assert "your own memory was not touched" in capsys.readouterr().err
    assert not (home / "tour" / "learning").exists()


def test_a_tour_of_nothing_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["tour", "--skip-learning", "--only-learning"]) == 2
    assert "not both" in capsys.readouterr().err
