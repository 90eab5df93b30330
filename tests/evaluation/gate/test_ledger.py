"""The ledger keeps every look: through kill -9, a torn line, a full disk and two processes at once."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from workbench.core.errors import StoreCorrupt, StoreFull, StoreLocked, StoreReadOnly
from workbench.evaluation.gate import Ledger

WRITER = """
import sys
from pathlib import Path
from workbench.evaluation.gate import Ledger
ledger = Ledger(Path(sys.argv[1]))
for at in range(int(sys.argv[2])):
    ledger.append({"incumbent": "base", "candidate": sys.argv[3], "ids": [f"{sys.argv[3]}-{at}"] * 200})
    print(at, flush=True)
"""


def line(candidate: str = "new", *ids: str, incumbent: str = "base") -> dict[str, Any]:
    return {"incumbent": incumbent, "candidate": candidate, "ids": list(ids)}


def test_looks_are_found_by_incumbent_and_candidate_and_ids_over_all(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "not yet there")
    assert ledger.looks("base") == ()
    assert ledger.used_ids() == frozenset()
    for one in (line("a", "1", "2"), line("b", "3"), line("a", "4", incumbent="a")):
        ledger.append(one)
    again = Ledger(tmp_path / "not yet there")
    assert [one["candidate"] for one in again.looks("base")] == ["a", "b"]
    assert [one["ids"] for one in again.looks("base", "a")] == [["1", "2"]]
    assert again.used_ids() == {"1", "2", "3", "4"}


def test_pandas_reads_it(tmp_path: Path) -> None:
    import pandas as pd

    ledger = Ledger(tmp_path)
    ledger.append(line("a", "1"))
    ledger.append(line("b", "2"))
    assert list(pd.read_json(ledger.path, lines=True)["candidate"]) == ["a", "b"]


@pytest.mark.parametrize(
    "torn", [b'{"incumbent": "base", "cand', b'{"incumbent": "base", "candidate": "x", "ids": []}']
)
def test_a_line_without_its_end_is_passed_over_and_cut_off_by_the_next(tmp_path: Path, torn: bytes) -> None:
    ledger = Ledger(tmp_path)
    ledger.append(line("a", "1"))
    with ledger.path.open("ab") as file:
        file.write(torn)
    assert [one["candidate"] for one in ledger.lines()] == ["a"]
    ledger.append(line("b", "2"))
    assert [one["candidate"] for one in ledger.lines()] == ["a", "b"]
    assert ledger.path.read_bytes().count(b"\n") == 2
    assert b'"x"' not in ledger.path.read_bytes()


@pytest.mark.parametrize("damage", [b"not json\n", b'"text"\n', b'{"incumbent": "base"}\n', b"\xff\xfe\n"])
def test_a_whole_line_that_cannot_be_read_is_named_and_nothing_is_guessed(tmp_path: Path, damage: bytes) -> None:
    ledger = Ledger(tmp_path)
    ledger.append(line("a", "1"))
    with ledger.path.open("ab") as file:
        file.write(damage)
    with pytest.raises(StoreCorrupt, match=r"Line 2 .*restore the file"):
        ledger.used_ids()


def test_kill_minus_nine_loses_no_look_that_was_acknowledged(tmp_path: Path) -> None:
    ledger, told = Ledger(tmp_path), 0
    for round_ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), "100000", f"round {round_}"], stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        told += sum(1 for _, _ in zip(range(5 + 3 * round_), process.stdout, strict=False))
        process.send_signal(signal.SIGKILL)
        told += len(process.stdout.readlines())
        process.wait()
        process.stdout.close()
        found = len(ledger.lines())
        assert told <= found <= told + 1 + round_  # what was written but not yet said is there as well
    ledger.append(line("after", "x"))
    assert ledger.lines()[-1]["candidate"] == "after"


def test_two_processes_at_once_write_whole_lines_only(tmp_path: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), "15", name], stdout=subprocess.DEVNULL)
        for name in ("left", "right")
    ]
    assert [writer.wait() for writer in writers] == [0, 0]
    names = [one["candidate"] for one in Ledger(tmp_path).lines()]
    assert (names.count("left"), names.count("right")) == (15, 15)


def test_while_one_judges_another_waits_and_is_then_told_so(tmp_path: Path) -> None:
    with Ledger(tmp_path).held():
        other = "from pathlib import Path; from workbench.evaluation.gate import Ledger; import sys\n"
        other += "with Ledger(Path(sys.argv[1]), wait_s=0.1).held(): print('in')"
        told = subprocess.run([sys.executable, "-c", other, str(tmp_path)], capture_output=True, text=True, check=False)
    assert told.stdout == ""
    assert StoreLocked.__name__ in told.stderr


def test_a_full_disk_leaves_the_ledger_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger(tmp_path)
    ledger.append(line("a", "1"))
    before = ledger.path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(StoreFull, match="judge again"):
            ledger.append(line("b", "2"))
    assert ledger.path.read_bytes() == before
    ledger.append(line("c", "3"))
    assert [one["candidate"] for one in ledger.lines()] == ["a", "c"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    ledger = Ledger(tmp_path)
    monkeypatch.setattr(Path, "open", forbidden)
    with pytest.raises(StoreReadOnly, match=r"gates\.jsonl"):
        ledger.append(line())
