"""Trials on a real Ray cluster of two processes: the same as in this process, whoever is killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.evolution.columns import (
    NAMES,
    TUNE,
    Broken,
    Columns,
    Taught,
    generation,
    mixed,
    run,
    unmeasured,
)
from tests.evolution.made_up import Pages
from tests.interrupting import heeds_ctrl_c
from workbench.core.errors import EvolutionError, StoreFull, TrainingError
from workbench.evolution.executors import InProcess, RayWorkers
from workbench.evolution.genome import Lesson, only
from workbench.evolution.trying import Trier
from workbench.evolution.worker import Job

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.drill


@pytest.fixture(scope="module")
def cluster(ray_home: Path) -> Iterator[Any]:
    """Four processors, for all tests of this file; in a folder with a short name, because sockets lie in it."""
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install '.[ray]'")
    folder = tempfile.mkdtemp(prefix="ray")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(ray_home))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        ray.init(
            address="local",
            num_cpus=4,
            include_dashboard=False,
            log_to_driver=False,
            object_store_memory=100 << 20,
            _temp_dir=folder,
            _system_config={"enable_worker_prestart": False, "prestart_worker_first_driver": False},
        )
        yield ray
        ray.shutdown()
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def two(cluster: Any) -> Iterator[RayWorkers]:
    """Two processes that nobody kills."""
    with RayWorkers(Columns()) as executor:
        yield executor


def test_a_run_on_two_processes_has_the_same_trials_as_in_this_one(two: RayWorkers) -> None:
    told = run(two, Pages(), evaluations=1_000)
    here = run(InProcess(Columns()()), Pages(), evaluations=1_000)
    assert unmeasured(told.trials) == unmeasured(here.trials)
    assert told.champion.adapter == here.champion.adapter
    assert all(one.peak_bytes for one in told.trials)


def test_a_process_killed_in_a_run_changes_no_trial_and_not_the_champion(cluster: Any, tmp_path: Path) -> None:
    with RayWorkers(Columns(dies=tmp_path / "died")) as executor:
        told = run(executor, Pages(), evaluations=1_000)
    assert (tmp_path / "died").exists()
    here = run(InProcess(Columns()()), Pages(), evaluations=1_000)
    assert unmeasured(told.trials) == unmeasured(here.trials)
    assert told.champion == replace(here.champion, seconds=told.champion.seconds, peak_bytes=told.champion.peak_bytes)


def test_a_job_that_ends_every_process_ends_the_run_and_is_no_failed_trial(cluster: Any, tmp_path: Path) -> None:
    recipe = Columns(dies=tmp_path / "died", always=True)
    with (
        RayWorkers(recipe, workers=1, tries=2) as executor,
        pytest.raises(EvolutionError, match=r"candidate 0 has ended 2 times .* resume the run"),
    ):
        Trier(executor, TUNE).tried(generation(mixed(0.9, 0.5, -0.3)))


def test_an_error_that_is_no_candidates_fault_rises_as_it_is(cluster: Any) -> None:
    for recipe, error, said in (
        (Broken(TrainingError("torch is missing")), TrainingError, "^torch is missing$"),
        (Broken(ValueError("torch is odd")), EvolutionError, "torch is odd.*the same package"),
        (Broken(StoreFull("no space"), at_once=False), StoreFull, "^no space$"),
    ):
        with RayWorkers(recipe, workers=1) as executor, pytest.raises(error, match=said):
            Trier(executor, TUNE).tried(generation(mixed(0.9, 0.5, -0.3)))


def test_results_keep_the_order_of_jobs_and_a_lesson_is_given_once(cluster: Any, tmp_path: Path) -> None:
    taught = [replace(only(name, 3), lesson=Lesson(4, 1e-3)) for name in NAMES]
    genomes = [only(NAMES[1], 3), *taught]
    with RayWorkers(Taught(tmp_path)) as executor:
        for examples in (TUNE[:8], TUNE[8:16], TUNE[16:32]):
            jobs = [Job(number, one, tuple(examples)) for number, one in enumerate(genomes)]
            assert [one.candidate for one in executor.run(jobs)] == [0, 1, 2, 3]
    assert sorted(one.name[:8] for one in tmp_path.iterdir()) == sorted(name[:8] for name in NAMES)


def test_a_rung_that_was_broken_off_leaves_nothing_in_the_next(two: RayWorkers) -> None:
    jobs = [Job(number, mixed(number, 0, 0), tuple(TUNE[:8])) for number in range(4)]
    assert next(two.run(jobs)).candidate == 0
    assert [one.candidate for one in two.run(jobs[2:])] == [2, 3]
    assert list(two.run([])) == []


def test_more_workers_than_processors_or_a_gpu_that_is_not_there_is_a_sentence(cluster: Any) -> None:
    with pytest.raises(EvolutionError, match="3 workers need 6 CPU and the Ray cluster has 4; ask for fewer"):
        RayWorkers(Columns(), workers=3, threads=2)
    if not cluster.cluster_resources().get("GPU"):
        with pytest.raises(EvolutionError, match=r"1 workers need 0\.5 GPU"):
            RayWorkers(Columns(), workers=1, gpus=0.5)


SCRIPT = """
import sys, time
from pathlib import Path
from tests.evolution.columns import TUNE, Columns, generation, judged, mixed, pool_of_columns
from workbench.evolution.executors import RayWorkers
from workbench.evolution.trying import Trier
from workbench.evolution.worker import Worker

def slow(adapter, examples):
    (Path(sys.argv[1]) / "begun").touch()
    time.sleep(600)

with RayWorkers(lambda: Worker(pool_of_columns(), slow), workers=1) as executor:
    Trier(executor, TUNE).tried(generation(mixed(0.9, 0.5, -0.3)))
"""


def test_ctrl_c_ends_the_workers_and_the_cluster_that_was_started_here(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="Ray is not installed: pip install '.[ray]'")
    with tempfile.TemporaryDirectory(prefix="ray") as folder:
        env = {**os.environ, "HOME": folder, "TMPDIR": folder, "PYTHONPATH": str(ROOT)}
        driver = subprocess.Popen(
            [sys.executable, "-c", SCRIPT.replace("sys.argv[1]", repr(str(tmp_path)))],
            env=env,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=heeds_ctrl_c,
        )
        try:
            wait_for(lambda: (tmp_path / "begun").exists() or driver.poll() is not None)
            assert driver.poll() is None, driver.communicate()[0]
            os.kill(driver.pid, signal.SIGINT)
            said, _ = driver.communicate(timeout=60)
        finally:
            driver.kill()
        assert "KeyboardInterrupt" in said
        wait_for(lambda: not mentioning(folder), seconds=30)
        assert not list(Path(folder).glob("ray*"))


def mentioning(folder: str) -> list[int]:
    """Processes with that folder in their command line."""
    import psutil

    found = []
    for one in psutil.process_iter(["cmdline"]):
        if any(folder in each for each in one.info["cmdline"] or ()):
            found.append(one.pid)
    return found


def wait_for(done: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.1)
