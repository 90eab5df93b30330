"""A journal keeps whole lines: through kill -9, a full disk, two processes and lines that nobody can read."""

from __future__ import annotations

import errno
import os
import random
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.full_disk import files_at_most
from workbench import disk
from workbench.core.errors import StoreError, StoreFull, StoreLocked, StoreReadOnly
from workbench.journal import BLOCK_BYTES, Journal

LOCKED, FULL = "It is busy; wait", "It is full; free some"
TRYING = """
import sys
from pathlib import Path
from workbench.journal import Journal
Journal(Path(sys.argv[1]), locked="It is busy; wait", full="").append("two")
"""


def journal(folder: Path, *, thread_local: bool = True) -> Journal:
    return Journal(folder / "notes.jsonl", locked=LOCKED, full=FULL, thread_local=thread_local)


def filled(folder: Path, *lines: str) -> Journal:
    made = journal(folder)
    for line in lines:
        made.append(line)
    return made


def test_lines_come_back_in_order_from_a_folder_that_was_not_there(tmp_path: Path) -> None:
    assert journal(tmp_path / "new" / "folder").lines() == ()
    filled(tmp_path / "new" / "folder", "one", "zwei", "三")
    assert journal(tmp_path / "new" / "folder").lines() == (b"one", b"zwei", "三".encode())


@pytest.mark.parametrize("length", [3, BLOCK_BYTES - 1, BLOCK_BYTES, 3 * BLOCK_BYTES + 1])
def test_a_tail_without_its_end_is_passed_over_and_cut_off_however_long_it_is(tmp_path: Path, length: int) -> None:
    one = filled(tmp_path, "first", "x" * BLOCK_BYTES)
    with one.path.open("ab") as file:
        file.write(b"t" * length)
    assert len(one.lines()) == 2
    one.append("third")
    assert one.path.read_bytes() == b"first\n" + b"x" * BLOCK_BYTES + b"\nthird\n"


def test_a_file_that_is_nothing_but_a_tail_begins_anew(tmp_path: Path) -> None:
    one = journal(tmp_path)
    one.path.write_bytes(b"cut sho")
    one.append("first")
    assert one.path.read_bytes() == b"first\n"


def test_a_carriage_return_inside_a_line_does_not_split_it(tmp_path: Path) -> None:
    one = journal(tmp_path)
    one.path.write_bytes(b"a\rb\r\n\nc\n")
    assert one.lines() == (b"a\rb\r", b"", b"c")


@pytest.mark.parametrize("room", [0, 1, 500])
def test_a_disk_that_fills_up_within_a_line_leaves_the_file_as_it_was(tmp_path: Path, room: int) -> None:
    one = filled(tmp_path, "first")
    before = one.path.read_bytes()
    with files_at_most(len(before) + room), pytest.raises(StoreFull, match=FULL):
        one.append("x" * 1_000)
    assert one.path.read_bytes() == before
    one.append("second")
    assert one.lines() == (b"first", b"second")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def fill(one: Journal) -> int:
    """How many lines there was room for."""
    for number in range(100):
        try:
            one.append(f"{number}" * 3_000)
        except StoreFull:
            return number
    raise AssertionError("the disk did not fill up")


def test_a_file_system_without_space_keeps_what_was_acknowledged_and_no_part_of_the_rest(small_disk: Path) -> None:
    one = journal(small_disk)
    kept = fill(one)
    assert kept > 3
    assert one.path.read_bytes() == b"".join(f"{at}".encode() * 3_000 + b"\n" for at in range(kept))
    with pytest.raises(StoreFull):
        one.set_aside({1})
    assert len(one.lines()) == kept


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, MemoryError])
def test_an_interruption_before_the_line_is_on_the_disk_leaves_none_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, interruption: type[BaseException]
) -> None:
    one = filled(tmp_path, "first")

    def interrupted(_: int) -> None:
        raise interruption

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", interrupted)
        with pytest.raises(interruption):
            one.append("second")
    assert one.lines() == (b"first",)


@pytest.mark.parametrize(
    ("code", "expected", "sentence"),
    [
        (errno.EACCES, StoreReadOnly, "make it and its folder writable"),
        (errno.EIO, StoreError, "choose another folder"),
    ],
)
def test_what_the_disk_refuses_is_a_sentence_with_the_file_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, expected: type[StoreError], sentence: str
) -> None:
    def refused(_: int) -> None:
        raise OSError(code, "refused")

    monkeypatch.setattr(os, "fsync", refused)
    with pytest.raises(expected, match=rf"notes\.jsonl cannot be .*{sentence}"):
        journal(tmp_path).append("first")


def test_while_it_is_held_another_process_cannot_write_and_is_told_the_rooms_sentence(tmp_path: Path) -> None:
    one = filled(tmp_path, "first")
    command = [sys.executable, "-c", TRYING, str(one.path)]
    with one.held(), one.held():  # within itself
        one.append("in between")
        refused = subprocess.run(command, capture_output=True, text=True, check=False)
        assert f"StoreLocked: {LOCKED}" in refused.stderr
        assert journal(tmp_path).lines() == (b"first", b"in between")  # reading needs no lock
    subprocess.run(command, check=True)
    assert one.lines() == (b"first", b"in between", b"two")


@pytest.mark.parametrize("thread_local", [True, False])
def test_another_thread_is_kept_out_or_let_in_as_asked(tmp_path: Path, thread_local: bool) -> None:
    one, refused = journal(tmp_path, thread_local=thread_local), []

    def add() -> None:
        try:
            one.append("from the other thread")
        except StoreLocked as error:
            refused.append(error)

    with one.held():
        other = threading.Thread(target=add)
        other.start()
        other.join()
    assert (len(one.lines()), len(refused)) == ((0, 1) if thread_local else (1, 0))


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Threads that take turns so often that what is not guarded goes wrong."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def at_once(work: Callable[[], None]) -> None:
    """Four threads do the same."""
    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()


@pytest.mark.usefixtures("hasty_threads")
def test_threads_that_share_a_lock_still_write_one_line_after_the_other(tmp_path: Path) -> None:
    one = journal(tmp_path, thread_local=False)

    def add_twenty() -> None:
        for _ in range(20):
            one.append("x" * 999)

    at_once(add_twenty)
    assert one.lines() == (b"x" * 999,) * 80


@pytest.mark.usefixtures("hasty_threads")
def test_a_shared_lock_is_held_until_the_last_thread_has_let_go(tmp_path: Path) -> None:
    one, intruders = journal(tmp_path, thread_local=False), []

    def hold_often() -> None:
        for _ in range(100):
            with one.held(), suppress(StoreLocked), journal(tmp_path).held():
                intruders.append(threading.current_thread())

    at_once(hold_often)
    assert not intruders


def test_lines_set_aside_are_kept_byte_for_byte_beside_and_the_others_stay_in_order(tmp_path: Path) -> None:
    one = filled(tmp_path, "first", "second")
    with one.path.open("ab") as file:
        file.write(b"\xff\x00\nfourth\ntail")
    one.path.chmod(0o640)
    one.set_aside({1, 3})
    assert one.lines() == (b"second", b"fourth")
    assert one.aside == tmp_path / "notes.broken.jsonl"
    assert one.aside.read_bytes() == b"first\n\xff\x00\n"
    assert stat.S_IMODE(one.path.stat().st_mode) == 0o640
    one.append("fifth")
    assert one.lines() == (b"second", b"fourth", b"fifth")


def test_setting_aside_that_was_cut_short_can_be_done_again_without_keeping_a_line_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = filled(tmp_path, "good", "bad", "good too")

    @contextmanager
    def cut_short(_: Path) -> Iterator[None]:
        raise KeyboardInterrupt
        yield

    with monkeypatch.context() as patched:
        patched.setattr(disk, "replacing", cut_short)
        with pytest.raises(KeyboardInterrupt):
            one.set_aside({2})
    assert one.lines() == (b"good", b"bad", b"good too")
    one.set_aside({2})
    assert one.lines() == (b"good", b"good too")
    assert one.aside.read_bytes() == b"bad\n"


WRITING = """
import sys
from pathlib import Path
from workbench.journal import Journal
journal = Journal(Path(sys.argv[1]), locked="", full="", wait_s=5)
for number in range(int(sys.argv[2]), 10**9):
    journal.append(f"{number} " + "x" * (number * 7919 % 30_000))
    print(number, flush=True)
"""


def test_kill_minus_nine_at_random_moments_loses_no_acknowledged_line_and_leaves_whole_ones_only(
    tmp_path: Path,
) -> None:
    one, draw, first = journal(tmp_path), random.Random(3), 0
    for _ in range(4):
        command = [sys.executable, "-c", WRITING, str(one.path), str(first)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            said = [int(process.stdout.readline())]
            threading.Timer(draw.uniform(0, 0.1), process.kill).start()
            said += [int(line) for line in process.stdout]
        assert process.returncode == -signal.SIGKILL
        lines = one.lines()
        assert said == list(range(first, said[-1] + 1))
        assert said[-1] + 1 <= len(lines) <= said[-1] + 2  # one may be written and not yet said
        assert all(line == f"{at} {'x' * (at * 7919 % 30_000)}".encode() for at, line in enumerate(lines))
        first = len(lines)
