"""`workbench evolve` in trouble: a sentence, nothing lost, and the next call goes on."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.cli.evolving import Typed, as_json, interrupt_after, place, typed, unmeasured
from tests.interrupting import heeds_ctrl_c
from tests.runs.conftest import memory_given_back, one_thread
from tests.runs.homes import SMALL, SPECIALISTS
from workbench.adapters.bases import Base
from workbench.adapters.shelf import Shelf
from workbench.hardware.planner import gib
from workbench.runs import Run, Runs

__all__ = ["memory_given_back", "one_thread", "place", "typed"]

WORDS = ("evolve", "tune.jsonl", "--budget", "44", "--set", "evolution.teach_steps=0")


@pytest.fixture(scope="module")
def unbroken() -> dict[str, Any]:
    """What the run came to that nothing disturbed; filled by the first test that needs it."""
    return {}


@pytest.fixture
def undisturbed(typed: Typed, unbroken: dict[str, Any]) -> dict[str, Any]:
    """The same run, without trouble."""
    if not unbroken:
        unbroken.update(as_json(typed, *WORDS))
        typed("runs", "delete", unbroken["run"], "--yes")
        typed("adapters", "delete", unbroken["name"], "--yes")
    return unbroken


@pytest.fixture
def gone_after(typed: Typed) -> Iterator[Callable[[str, str], None]]:
    """Removes a run and its adapter when the test is over."""
    gone: list[tuple[str, str]] = []
    yield lambda run, name: gone.append((run, name))
    for run, name in gone:
        typed("runs", "delete", run, "--yes")
        typed("adapters", "delete", name, "--yes")


def assert_same(ended: dict[str, Any], undisturbed: dict[str, Any]) -> None:
    assert ended["run"] == undisturbed["run"]
    assert ended["adapter"] == undisturbed["adapter"]
    assert unmeasured(ended["champion"]) == unmeasured(undisturbed["champion"])


def refused(typed: Typed, *words: str) -> str:
    """What is said on standard error, in a line, by a command that cannot be done."""
    code, out, err = typed(*words)
    assert (code, out) == (2, ""), err
    assert len(err.strip().splitlines()) == 1, err
    return err


def test_one_adapter_at_one_depth_is_refused_before_anything_is_begun_and_at_two_depths_evolves(typed: Typed) -> None:
    before = as_json(typed, "runs")
    said = refused(typed, "evolve", "tune.jsonl", "--from", SPECIALISTS[0], "--budget", "12")
    assert "evolution.depths to 2 or more" in said
    assert as_json(typed, "runs") == before
    words = ("evolve", "tune.jsonl", "--from", SPECIALISTS[0], "--budget", "12", "--set", "evolution.depths=2")
    ended = as_json(typed, *words, "--set", "evolution.teach_steps=0")
    assert ended["champion"]["fitness"] is not None
    assert len(as_json(typed, "runs")) == len(before) + 1


def test_parents_of_different_bases_are_refused_by_name_and_the_one_that_does_not_fit_is_left_out_unasked(
    typed: Typed, place: Path, undisturbed: dict[str, Any], gone_after: Callable[[str, str], None]
) -> None:
    shelf = Shelf(place / "home" / "adapters", gib(1))
    one = shelf.get(SPECIALISTS[0])
    origin = replace(shelf.find(SPECIALISTS[0]).card.origin, base_name="another-model")
    shelf.put(replace(one, spec=replace(one.spec, base="f" * 64)), origin, name="stranger")
    said = refused(typed, "evolve", "tune.jsonl", "--from", f"{SPECIALISTS[0]},stranger")
    assert "stranger lies on another-model, not on smollm2-135m; choose others" in said
    ended = as_json(typed, *WORDS)
    gone_after(ended["run"], ended["name"])
    assert_same(ended, undisturbed)


def test_a_broken_line_is_kept_aside_reported_and_its_trial_tried_again(
    typed: Typed,
    place: Path,
    undisturbed: dict[str, Any],
    gone_after: Callable[[str, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    step = Run.step
    interrupt_after(2, monkeypatch)
    assert typed(*WORDS)[0] == 130
    monkeypatch.setattr(Run, "step", step)
    ledger = place / "home" / "runs" / undisturbed["run"] / "trials.jsonl"
    lines = ledger.read_text().splitlines()
    lines[2] = lines[2][:40]
    ledger.write_text("\n".join(lines) + "\n")
    code, out, err = typed("runs", "resume", undisturbed["run"], "--json")
    assert code == 0, err
    assert "line 3 of the ledger was set aside" in err
    gone_after(undisturbed["run"], undisturbed["name"])
    assert_same(json.loads(out), undisturbed)
    assert ledger.with_name("trials.broken.jsonl").read_text().strip() == lines[2]


def test_a_run_whose_first_line_is_lost_hides_no_other_and_is_mended_by_its_examples(
    typed: Typed,
    place: Path,
    undisturbed: dict[str, Any],
    gone_after: Callable[[str, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    step = Run.step
    interrupt_after(2, monkeypatch)
    assert typed(*WORDS)[0] == 130
    assert typed(*WORDS, "--seed", "5")[0] == 130
    monkeypatch.setattr(Run, "step", step)
    ledger = place / "home" / "runs" / undisturbed["run"] / "trials.jsonl"
    first, _, rest = ledger.read_text().partition("\n")
    ledger.write_text(first[:50] + "\n" + rest)
    code, out, err = typed("runs", "--json")
    assert code == 0
    names = [one["run"] for one in json.loads(out)]
    assert undisturbed["run"] not in names
    assert names
    assert "does not say in its first line what run it is; give its examples to workbench evolve" in err
    ended = as_json(typed, *WORDS)
    gone_after(ended["run"], ended["name"])
    assert_same(ended, undisturbed)


@pytest.fixture
def small_disk(tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The home on a file system of its own."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200m", "tmpfs", disk], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    shutil.copytree(place / "home", disk / "home")
    monkeypatch.setenv("WORKBENCH_HOME", str(disk / "home"))
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def fill(disk: Path) -> None:
    with (disk / "ballast").open("wb", buffering=0) as ballast, suppress(OSError):
        while True:
            ballast.write(b"\0" * 4_096)


def test_a_disk_that_fills_up_in_a_generation_ends_the_run_in_a_sentence_and_the_next_call_goes_on(
    typed: Typed, undisturbed: dict[str, Any], small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = Run.step

    def filling(self: Run, *rest: Any) -> Any:
        if self.trials:
            fill(small_disk)
        return step(self, *rest)

    monkeypatch.setattr(Run, "step", filling)
    said = refused(typed, *WORDS)
    assert "free some" in said
    monkeypatch.setattr(Run, "step", step)
    ledger = small_disk / "home" / "runs" / undisturbed["run"] / "trials.jsonl"
    before = ledger.read_bytes()
    assert before.count(b"\n") == 1 + len(SPECIALISTS)
    (small_disk / "ballast").unlink()
    ended = as_json(typed, *WORDS)
    assert ledger.read_bytes().startswith(before)
    assert_same(ended, undisturbed)


def test_a_disk_that_is_full_at_the_end_keeps_the_run_and_the_next_call_ends_it(
    typed: Typed, undisturbed: dict[str, Any], small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = Run.end

    def filling(self: Run, **rest: Any) -> Any:
        fill(small_disk)
        return end(self, **rest)

    monkeypatch.setattr(Run, "end", filling)
    said = refused(typed, *WORDS)
    assert "free" in said
    monkeypatch.setattr(Run, "end", end)
    (small_disk / "ballast").unlink()
    assert_same(as_json(typed, "runs", "resume", undisturbed["run"]), undisturbed)


def test_ctrl_c_before_the_first_generation_is_a_sentence_and_the_same_command_goes_on(
    typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    for name in ("begin", "resume"):
        monkeypatch.setattr(Runs, name, interrupted)
    for words in (WORDS, ("runs", "resume", "abcd")):
        code, out, err = typed(*words)
        assert (code, out) == (130, "")
        assert "The same command goes on with it" in err


def pressed_after_a_trial(place: Path, env: dict[str, str], ledger: Path) -> subprocess.Popen[str] | None:
    """The run, begun or gone on with, once it has told another trial; None where it had none left to tell."""
    before = lines_of(ledger)
    process = subprocess.Popen(
        [sys.executable, "-m", "workbench", *WORDS],
        cwd=place,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heeds_ctrl_c,
    )
    while process.poll() is None:
        if lines_of(ledger) > before:
            return process
        time.sleep(0.01)
    _, err = process.communicate()
    assert process.returncode == 0, err
    return None


def lines_of(ledger: Path) -> int:
    return ledger.read_bytes().count(b"\n") if ledger.exists() else 0


@pytest.mark.drill
def test_ctrl_c_at_any_time_loses_nothing_that_was_told(
    typed: Typed,
    place: Path,
    base: Base,
    undisturbed: dict[str, Any],
    gone_after: Callable[[str, str], None],
) -> None:
    home = place / "home"
    env = {f"WORKBENCH_{key.replace('.', '_').upper()}": str(value) for key, value in SMALL.items()}
    env |= {"WORKBENCH_HOME": str(home), "WORKBENCH_TRAINING_BASES_FOLDER": str(base.folder.parent)}
    ledger = home / "runs" / undisturbed["run"] / "trials.jsonl"
    pressed = 0
    while (process := pressed_after_a_trial(place, {**os.environ, **env, "OMP_NUM_THREADS": "1"}, ledger)) is not None:
        told = b"".join(ledger.read_bytes().splitlines(keepends=True)[:-1])  # the last may be on its way to the disk
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 130, err
        assert "Stopped" in err
        assert "Traceback" not in err
        assert ledger.read_bytes().startswith(told)
        pressed += 1
    assert pressed >= 3
    ended = as_json(typed, *WORDS)
    gone_after(ended["run"], ended["name"])
    assert_same(ended, undisturbed)
