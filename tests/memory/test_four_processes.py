"""Four real processes on one home at once: one owns Chroma, two write beside it, the fourth is the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from workbench.core.schema import Settings
from workbench.memory.upkeep.checkup import check

ROLES = {"owner": "chroma", "first": "auto", "second": "exact"}
FEW = 12  # of what each wrote is asked for by its words


class Process:
    """A worker of `sharing_worker`, and what it says."""

    def __init__(self, home: Path, name: str, index: str, seconds: float) -> None:
        command = [sys.executable, "-m", "tests.memory.sharing_worker", str(home), name, str(seconds), index]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        self.hears("ready")

    def tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def says(self) -> str:
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        return self._process.stdout.readline().strip() or pytest.fail(self._process.stderr.read())

    def hears(self, line: str) -> None:
        assert self.says() == line

    def end(self) -> None:
        _, errors = self._process.communicate(timeout=30)
        assert (self._process.returncode, errors) == (0, "")

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


class CommandLine:
    """`workbench memory …` as a person types it, each time a new process."""

    def __init__(self, home: Path) -> None:
        self._environment = {**os.environ, "WORKBENCH_HOME": str(home)}

    def __call__(self, *arguments: str) -> Any:
        command = [sys.executable, "-m", "workbench", "memory", *arguments, "--json"]
        done = subprocess.run(command, capture_output=True, text=True, env=self._environment)
        assert (done.returncode, done.stderr) == (0, ""), arguments
        return json.loads(done.stdout)


@pytest.fixture
def processes(home: Path, request: pytest.FixtureRequest) -> Iterator[dict[str, Process]]:
    with ExitStack() as stack:
        started = {name: Process(home, name, index, request.param) for name, index in ROLES.items()}
        for process in started.values():
            stack.callback(process.kill)
        yield started


@pytest.mark.parametrize("processes", [1.0, pytest.param(10.0, marks=pytest.mark.drill)], indirect=True)
def test_all_of_them_find_whatever_any_of_them_was_told_and_no_error_reaches_anybody(
    home: Path, processes: dict[str, Process], request: pytest.FixtureRequest
) -> None:
    command = CommandLine(home)
    for process in processes.values():
        process.tell("go")
    until = time.monotonic() + request.node.callspec.params["processes"]
    while time.monotonic() < until:
        command("search", "How many boats has the owner?")
        command("consolidate")
    written: dict[str, str] = {}
    for process in processes.values():
        written |= json.loads(process.says())
    asked = dict(list(written.items())[:: max(len(written) // FEW, 1)])
    questions = [*asked.values(), "boats", "Who has red boats in harbour 3?"]
    for process in processes.values():
        process.tell(json.dumps(questions))
    found = [json.loads(process.says()) for process in processes.values()]
    assert [process.says() for process in processes.values()] == ["chroma", "exact", "exact"]
    assert found[0] == found[1] == found[2]
    listed = {one["id"]: one for one in command("list", "--state", "all", "--limit", "100000")}
    assert {name: listed[name]["text"] for name in written} == written
    for name, hits in zip(asked, found[0], strict=False):
        assert name in hits or listed[name]["state"] != "active"
    assert [hit["memory_id"] for hit in command("search", "boats")] == found[0][-2]
    for process in processes.values():
        process.end()
    assert check(Settings(home=home), "all-minilm-l6-v2-int8") == []
