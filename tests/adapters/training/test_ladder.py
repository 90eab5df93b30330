from __future__ import annotations

import pytest
import torch

from workbench.adapters.training.gauge import Gauge
from workbench.adapters.training.ladder import Rung, enough_memory, first_fitting, is_out_of_memory, step_down
from workbench.core.errors import TrainingError
from workbench.hardware.giving_back import give_back


def descent(rung: Rung, *, longest: int, may_checkpoint: bool) -> list[Rung]:
    rungs = [rung]
    while lower := step_down(rungs[-1], longest=longest, may_checkpoint=may_checkpoint):
        rungs.append(lower)
    return rungs


def test_rows_go_first_then_their_length_then_checkpointing() -> None:
    assert descent(Rung(4, 512, False), longest=200, may_checkpoint=True) == [
        Rung(4, 512, False),
        Rung(2, 512, False),
        Rung(1, 512, False),
        Rung(1, 256, False),
        Rung(1, 200, False),
        Rung(1, 200, True),
    ]


def test_without_leave_to_checkpoint_the_longest_example_is_the_end() -> None:
    assert descent(Rung(1, 512, False), longest=400, may_checkpoint=False)[-1] == Rung(1, 400, False)
    assert step_down(Rung(1, 512, True), longest=512, may_checkpoint=True) is None


def test_the_plan_takes_the_highest_rung_that_fits_and_says_each_step() -> None:
    rung, said = first_fitting(Rung(2, 512, False), lambda one: one.tokens <= 256, longest=100, may_checkpoint=True)
    assert rung == Rung(1, 256, False)
    assert said == (
        "by the memory plan: 1 instead of 2 rows at once",
        "by the memory plan: rows of 256 instead of 512 tokens",
    )


def test_where_nothing_fits_the_plan_gives_the_lowest_rung() -> None:
    rung, said = first_fitting(Rung(1, 512, False), lambda one: False, longest=300, may_checkpoint=True)
    assert rung == Rung(1, 300, True)
    assert said[-1] == "by the memory plan: activations are computed twice instead of kept"


def test_pytorch_really_says_what_the_ladder_listens_for() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, dtype=torch.uint8)
    assert is_out_of_memory(caught.value)
    assert is_out_of_memory(MemoryError())
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"))
    assert not is_out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    assert not is_out_of_memory(ValueError("out of memory"))


def test_want_of_memory_becomes_a_sentence_and_nothing_else_does() -> None:
    with pytest.raises(TrainingError, match="close something"), enough_memory("No room; close something"):
        torch.empty(2**60, dtype=torch.uint8)
    with pytest.raises(RuntimeError, match="shapes"), enough_memory("No room; close something"):
        torch.zeros(2, 3) @ torch.zeros(2, 3)


def test_the_gauge_sees_a_peak_that_is_gone_again() -> None:
    give_back()  # or what other tests left goes meanwhile, and the peak is lower by that
    with Gauge() as gauge:
        before = gauge.peak_bytes
        filled = torch.ones(32 * 2**20)  # 128 MiB
        float(filled[::1024].sum())
        torch.ones(300, 300) @ torch.ones(300, 300)
        high = gauge.peak_bytes
        del filled
        assert gauge.peak_bytes >= high >= before + 100 * 2**20
