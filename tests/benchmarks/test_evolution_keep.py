"""Setting 3: streams and their order, what is stored of earlier tasks, backward transfer in the table."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from workbench.corpus.skills import COMPOSITES, SKILLS, generate

FOLDER = Path(__file__).parents[2] / "benchmarks"


def test_a_stream_has_ten_tasks_and_each_seed_another_order(room: Any) -> None:
    keep, order = room("keep"), room("stream").order
    assert len(keep.TASKS) >= 10
    assert set(keep.TASKS) <= {*SKILLS, *COMPOSITES}
    orders = {order(keep.TASKS, seed) for seed in (0, 1, 2)}
    assert len(orders) == 3
    assert all(sorted(one) == sorted(keep.TASKS) for one in orders)


def test_a_step_comes_after_the_one_before_and_the_end_after_all(room: Any) -> None:
    keep = room("keep")
    stream = room("stream").order(keep.TASKS, 1)[:4]
    names = [piece.name for piece in keep.plan(keep.TASKS[:4], [1], ["alone", "joint", "naive"])]
    assert names == [
        *(f"keep-{task}-1-alone" for task in stream),
        f"keep-{stream[-1]}-1-joint",
        *(f"keep-{task}-1-naive" for task in stream[1:]),
        f"keep-{stream[-1]}-1-naive_end",
    ]


def test_a_stream_outlasts_its_machine_once_it_has_come_to_its_end(room: Any) -> None:
    keep, piece = room("keep"), room("pieces").Piece
    stream = keep.plan(keep.TASKS, [1], ["naive"])
    assert keep.whole_with(stream[-1]) == stream
    assert keep.whole_with(stream[-2]) == []
    short_end = keep.plan(keep.TASKS[:3], [1], ["naive"])[-1]
    assert keep.whole_with(short_end) == [], "a trial of fewer tasks"
    alone = piece("keep", stream[0].task, 1, "alone")
    assert keep.whole_with(alone) == [alone]


def test_what_all_streams_begin_with_is_trained_again_where_its_adapter_is_not(room: Any) -> None:
    class Elsewhere(room("stream").Stream):
        order, previous, ground = ("add", "ticket"), "add", SimpleNamespace(piece=SimpleNamespace(group="naive"))
        home = SimpleNamespace(shelf=SimpleNamespace(list=lambda: [], get=lambda name: name))
        record = staticmethod(lambda task, group: {"adapter": "made on another machine"})
        lessons = staticmethod(lambda task: [f"of {task}"])
        trained = staticmethod(lambda name, start, examples: (f"{name} from {start} by {examples}", {}))

        def __init__(self) -> None:
            pass

    assert Elsewhere().before == "add from None by ['of add']"


def test_a_part_of_a_step_is_learned_again_where_something_is_stored(room: Any) -> None:
    stream = SimpleNamespace(
        task="ticket",
        before="before",
        lessons=lambda task: tuple(range(8)),
        trained=lambda name, start, examples, spare: (name, start, *examples),
    )
    after = room("keep")._after
    assert after(stream, ()) == ("ticket", "before", *range(8))
    assert after(stream, "abc", one_in=2) == ("ticket", "before", 0, 1, 2, 3, "a", "b", "c", "a")
    assert after(stream, "abc") == ("ticket", "before", *range(6), "a", "b")


def test_the_way_is_picked_by_what_is_stored(room: Any) -> None:
    keep = room("keep")
    assert (keep.way(0), keep.way(16)) == ("spare", "both")
    assert {keep.way(0), keep.way(16)} <= keep.GROUPS.keys()


def test_stored_examples_are_sixteen_of_each_earlier_task(room: Any) -> None:
    lessons = {task: tuple(generate(task, 20, seed=0)) for task in ("add", "ticket", "capitals")}
    stream = SimpleNamespace(so_far=("add", "ticket", "capitals"), lessons=lessons.__getitem__)
    again = room("keep")._stored(stream)
    assert [one.skill for one in again] == ["add"] * 16 + ["ticket"] * 16


def _row(right: int, after: int) -> dict[str, Any]:
    usual = {"n": 10, "after_n": 10, "seconds": 2.0, "evaluations": 0, "steps": 36, "peak_bytes": 5}
    return {**usual, "right": right, "after_right": after}


def _end(name: str, rights: Mapping[str, tuple[int, int]]) -> dict[str, Any]:
    return {"parts": [{"task": task, "data": "one", "rows": {name: _row(*two)}} for task, two in rights.items()]}


def test_the_end_of_a_stream_is_a_row_for_each_of_its_tasks_and_a_step_is_none(room: Any) -> None:
    piece = {"piece": {"task": "add", "seed": 0}}
    records = [{**piece, "parts": [], "after": {}}, {**piece, **_end("naive", {"add": (9, 9), "ticket": (2, 8)})}]
    rows = room("summary").rows_of(records)
    assert {at: room("summary").share(one) for at, one in rows["naive"].items()} == {
        ("add", 0): 0.9,
        ("ticket", 0): 0.2,
    }


def test_backward_transfer_is_the_end_minus_right_after_learning(room: Any) -> None:
    record = {"piece": {"task": "add", "seed": 0}, **_end("naive", {"add": (9, 9), "ticket": (2, 8)})}
    found = room("summary").summed(room("summary").rows_of([record]), ("naive",), champion="x", wanted=())
    assert found["rows"]["naive"]["backward"]["points"] == pytest.approx(-30.0)
    assert "| naive | -30.0 (-60.0 to +0.0) |" in list(room("summary").table(found))


def test_the_command_sums_up_ends_of_streams(room: Any, tmp_path: Path) -> None:
    keep, kept = room("keep"), room("pieces")
    pieces = kept.Pieces(tmp_path, room("ground").Dials().to_dict())
    for seed in (0, 1):
        last = room("stream").order(keep.TASKS, seed)[-1]
        for group, name, rights in (("naive", keep.NAIVE, (5, 9)), ("spare", keep.SPARE, (8, 8))):
            piece = kept.Piece("keep", last, seed, f"{group}_end")
            pieces.put(piece, _end(name, dict.fromkeys(keep.TASKS, rights)))
    command = [sys.executable, str(FOLDER / "evolution.py"), "--table", "--only", "keep", "--folder", str(tmp_path)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert f"| {keep.SPARE} − {keep.NAIVE} | +30.0 (+30.0 to +30.0) | 20, 0, 0 | 20 | 6 |" in said
    assert f"| {keep.NAIVE} | -40.0 (-40.0 to -40.0) |" in said
