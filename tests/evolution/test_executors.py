"""Executors before any process is started: what is missing is said in a sentence, and nothing is loaded unasked."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.evolution.columns import TUNE, Columns, mixed
from workbench.core.errors import EvolutionError
from workbench.evolution.executors import InProcess, RayWorkers
from workbench.evolution.worker import Job


def test_results_in_process_come_one_by_one_in_the_order_of_jobs() -> None:
    jobs = [Job(number, mixed(number, 0, 0), tuple(TUNE[:8])) for number in (3, 1, 2)]
    with InProcess(Columns()()) as executor:
        assert [one.candidate for one in executor.run(jobs)] == [3, 1, 2]


def test_without_ray_a_sentence_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(EvolutionError, match=r"pip install '\.\[ray\]'"):
        RayWorkers(Columns())


@pytest.mark.parametrize("wrong", [{"workers": 0}, {"threads": 0}, {"tries": 0}])
def test_no_worker_no_thread_or_no_try_is_a_sentence(wrong: dict[str, int]) -> None:
    with pytest.raises(EvolutionError, match="at least 1 worker"):
        RayWorkers(Columns(), **wrong)  # type: ignore[arg-type]


def test_ray_and_torch_are_not_loaded_before_workers_are_made() -> None:
    code = "import workbench.evolution.executors, sys; print(*{'ray', 'torch'} & sys.modules.keys())"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split() == []
