from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.adapters.training.tiny import small_dials, sums, tiny_base
from workbench.adapters.bases import Base, load_model, load_tokenizer
from workbench.adapters.training import Progress, run_identity, train
from workbench.adapters.training.lesson import lesson
from workbench.adapters.training.opening import open_student
from workbench.adapters.training.student import Student
from workbench.adapters.training.trees import planted
from workbench.core.errors import AdapterUnfit, TrainingError
from workbench.core.examples import example
from workbench.hardware.training_plan import TrainingShape, training_plan


class Stopped(Exception):
    """What a caller's on_progress may raise."""


def stop_after(step: int) -> Any:
    def on_progress(progress: Progress) -> None:
        if progress.step == step:
            raise Stopped

    return on_progress


def test_training_lowers_the_loss(tiny: Base, tmp_path: Path) -> None:
    dials = small_dials(steps=30, learning_rate=0.02, rank=8)
    told: list[Progress] = []
    done = train(tiny, sums(8), dials, folder=tmp_path, on_progress=told.append)
    assert sum(done.losses[-5:]) < 0.8 * sum(done.losses[:5])
    assert done.steps == len(done.losses) == len(told) == 30
    assert [one.step for one in told] == list(range(1, 31))
    assert told[-1].loss == done.losses[-1]
    assert done.tokens_per_s > 0
    assert done.peak_bytes >= told[0].peak_bytes > 2**20


def test_one_seed_gives_one_adapter_whatever_the_order_of_the_examples(tiny: Base, tmp_path: Path) -> None:
    first = train(tiny, sums(9), small_dials(), folder=tmp_path / "1")
    again = train(tiny, sums(9)[::-1], small_dials(), folder=tmp_path / "2")
    other = train(tiny, sums(9), small_dials(seed=1), folder=tmp_path / "3")
    assert first.adapter.identity == again.adapter.identity != other.adapter.identity


def test_training_leaves_the_callers_random_numbers_alone(tiny: Base, tmp_path: Path) -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    train(tiny, sums(4), small_dials(steps=1), folder=tmp_path)
    assert torch.equal(torch.rand(3), expected)
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize("precision", ["bf16", "int8", "nf4", "fp4"])
def test_every_precision_trains(tiny: Base, tmp_path: Path, precision: str) -> None:
    dials = small_dials(precision=precision, steps=30, learning_rate=0.02, rank=8)
    done = train(tiny, sums(8), dials, folder=tmp_path)
    assert sum(done.losses[-5:]) < 0.85 * sum(done.losses[:5])
    assert all(factor.dtype == torch.float32 for pair in done.adapter.factors.values() for factor in pair)


def test_nf4_keeps_the_linear_layers_in_half_a_byte(tiny: Base) -> None:
    student = open_student(tiny, small_dials(precision="nf4"))
    weight = student.layers["model.layers.0.mlp.up_proj"].base_layer.weight
    assert weight.quant_state.quant_type == "nf4"
    assert weight.quant_state.nested
    assert weight.numel() * weight.element_size() == 32 * 48 // 2


def test_a_weight_counts_as_that_many_examples(tiny: Base, tmp_path: Path) -> None:
    three = [dataclasses.replace(sums(1)[0], weight=3.0), sums(2)[1]]
    spread = [sums(1)[0]] * 3 + [sums(2)[1]]
    weighted = train(tiny, three, small_dials(steps=1, batch=2), folder=tmp_path / "1")
    repeated = train(tiny, spread, small_dials(steps=1, batch=4), folder=tmp_path / "2")
    assert weighted.losses[0] == pytest.approx(repeated.losses[0], rel=1e-5)


def test_one_example_is_enough_and_none_is_an_error(tiny: Base, tmp_path: Path) -> None:
    assert train(tiny, sums(1), small_dials(steps=2), folder=tmp_path / "1").steps == 2
    with pytest.raises(TrainingError, match="no example to train on"):
        train(tiny, [], small_dials(), folder=tmp_path / "2")


def test_too_long_examples_are_counted_in_the_first_note(tiny: Base, tmp_path: Path) -> None:
    long, told = example("x" * 600, "y"), []
    done = train(tiny, [*sums(3), long], small_dials(), folder=tmp_path, on_progress=told.append)
    assert done.left_out == (long.id,)
    assert [one.note for one in told] == ["1 examples are too long and left out", "", "", "", "", ""]


def test_a_loss_that_is_no_number_names_the_learning_rate(tmp_path: Path) -> None:
    base = tiny_base(tmp_path / "base")
    broken = load_model(base, precision="fp32")
    broken.model.norm.weight.data *= float("inf")
    broken.save_pretrained(base.folder)
    with pytest.raises(TrainingError, match=r"learning rate 0\.002 is too high; lower training\.learning_rate"):
        train(base, sums(4), small_dials(), folder=tmp_path / "run")


def test_a_run_stopped_anywhere_goes_on_to_the_same_weights(tiny: Base, tmp_path: Path) -> None:
    dials = small_dials(dropout=0.2, checkpoint_steps=2)  # dropout: the random states matter
    whole = train(tiny, sums(9), dials, folder=tmp_path / "whole")
    told: list[Progress] = []
    for step in (1, 3, 5):
        with pytest.raises(Stopped):
            train(tiny, sums(9), dials, folder=tmp_path / "cut", on_progress=stop_after(step))
    cut = train(tiny, sums(9), dials, folder=tmp_path / "cut", on_progress=told.append)
    assert cut.adapter.identity == whole.adapter.identity
    assert cut.losses == whole.losses
    assert told[0].step == 5
    assert told[0].note == "goes on after step 4"


def test_a_finished_run_is_not_trained_again(tiny: Base, tmp_path: Path) -> None:
    first = train(tiny, sums(5), small_dials(), folder=tmp_path)
    again = train(tiny, sums(5), small_dials(), folder=tmp_path, on_progress=stop_after(1))
    assert again.adapter.identity == first.adapter.identity
    assert dataclasses.replace(again, adapter=first.adapter) == first


def test_a_folder_of_another_run_is_refused(tiny: Base, tmp_path: Path) -> None:
    train(tiny, sums(5), small_dials(), folder=tmp_path)
    with pytest.raises(TrainingError, match="holds another run"):
        train(tiny, sums(6), small_dials(), folder=tmp_path)


def test_a_run_is_named_by_what_changes_its_weights(tiny: Base, tmp_path: Path) -> None:
    name = run_identity(tiny, sums(5), small_dials())
    heavier = [dataclasses.replace(sums(5)[0], weight=2.0), *sums(5)[1:]]
    assert run_identity(tiny, sums(5)[::-1], small_dials(bases_folder=tmp_path, shelf_gib=9.0)) == name
    others = {
        run_identity(tiny, heavier, small_dials()),
        run_identity(tiny, sums(5), small_dials(learning_rate=0.1)),
        run_identity(tiny, sums(5), small_dials(), tune=sums(1)),
        run_identity(tiny, sums(5), small_dials(), start=open_student(tiny, small_dials()).adapter()),
        run_identity(dataclasses.replace(tiny, identity="f" * 64), sums(5), small_dials()),
    }
    assert len(others | {name}) == 6


def test_a_start_is_trained_further(tiny: Base, tmp_path: Path) -> None:
    dials = small_dials(steps=15, learning_rate=0.02, rank=8)
    first = train(tiny, sums(8), dials, folder=tmp_path / "1")
    second = train(tiny, sums(8), dials, folder=tmp_path / "2", start=first.adapter)
    assert second.losses[0] < first.losses[0]
    assert second.adapter.spec == first.adapter.spec
    with pytest.raises(AdapterUnfit, match="another base"):
        train(dataclasses.replace(tiny, identity="f" * 64), sums(8), dials, folder=tmp_path / "3", start=first.adapter)


def test_it_stops_when_the_tune_loss_no_longer_falls_and_returns_the_best(tiny: Base, tmp_path: Path) -> None:
    tune = [example(one.prompt, one.answer[::-1] + "?") for one in sums(4)]  # the opposite of what is learned
    dials = small_dials(steps=40, learning_rate=0.05, checkpoint_steps=1, patience=3)
    done = train(tiny, sums(4), dials, folder=tmp_path, tune=tune)
    losses = [one.loss for one in done.tune_losses]
    best = losses.index(min(losses))
    assert done.stopped_early
    assert done.steps == len(losses) == best + 1 + 3
    kept = open_student(tiny, dials, done.adapter)
    short = train(tiny, sums(4), dials, folder=tmp_path, tune=tune)
    assert short.adapter.identity == done.adapter.identity
    assert tune_loss_of(kept, tiny, tune) == pytest.approx(min(losses), rel=1e-4)


def tune_loss_of(student: Student, base: Base, tune: list[Any]) -> float:
    items = lesson(tune, load_tokenizer(base), 256).items
    return float(student.loss(planted(items, 256)).detach()) / sum(len(item.tokens.answer) for item in items)


def test_without_patience_it_runs_to_the_end_and_returns_the_last(tiny: Base, tmp_path: Path) -> None:
    with_tune = train(tiny, sums(4), small_dials(), folder=tmp_path / "1", tune=sums(3, first=50))
    without = train(tiny, sums(4), small_dials(), folder=tmp_path / "2")
    assert with_tune.adapter.identity == without.adapter.identity
    assert [one.step for one in with_tune.tune_losses] == [2, 4, 6]


@contextmanager
def short_of_memory(monkeypatch: pytest.MonkeyPatch, most_tokens: int, error: Exception) -> Iterator[None]:
    """Passes of more tokens than this find no memory, unless activations are computed twice."""
    loss = Student.loss

    def scarce(student: Student, rows: Any) -> Any:
        if sum(len(row.tokens) for row in rows) > most_tokens and not student.model.is_activation_checkpointing:
            raise error
        return loss(student, rows)

    with monkeypatch.context() as patch:
        patch.setattr(Student, "loss", scarce)
        yield


OUT = RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 99 bytes")


@pytest.mark.parametrize("error", [OUT, MemoryError(), torch.OutOfMemoryError("CUDA out of memory. Tried to …")])
def test_out_of_memory_steps_down_and_says_so(
    tiny: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    plain = train(tiny, sums(9), small_dials(batch=9), folder=tmp_path / "plain")
    told: list[Progress] = []
    with short_of_memory(monkeypatch, 130, error):
        cut = train(tiny, sums(9), small_dials(batch=9), folder=tmp_path / "cut", on_progress=told.append)
    assert cut.ladder == ("out of memory in step 1: rows of 128 instead of 256 tokens",)
    assert told[0].note == cut.ladder[0]
    assert told[1].note == ""
    assert cut.losses == pytest.approx(plain.losses, rel=1e-4)


def test_the_last_step_down_computes_activations_twice(
    tiny: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with short_of_memory(monkeypatch, 5, OUT):
        done = train(tiny, sums(3), small_dials(steps=1), folder=tmp_path)
    assert done.ladder[-1] == "out of memory in step 1: activations are computed twice instead of kept"


def test_at_the_foot_of_the_ladder_it_says_what_to_do(
    tiny: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        short_of_memory(monkeypatch, 5, OUT),
        pytest.raises(TrainingError, match="does not fit in memory even one short row at a time; close other"),
    ):
        train(tiny, sums(3), small_dials(checkpointing="off"), folder=tmp_path)


def test_another_runtime_error_is_not_taken_for_want_of_memory(
    tiny: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with short_of_memory(monkeypatch, 5, RuntimeError("shapes differ")), pytest.raises(RuntimeError, match="shapes"):
        train(tiny, sums(3), small_dials(), folder=tmp_path)


def test_a_run_goes_on_from_the_rung_that_it_had_come_down_to(
    tiny: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dials = small_dials(batch=9)
    with short_of_memory(monkeypatch, 130, OUT):
        whole = train(tiny, sums(9), dials, folder=tmp_path / "whole")
        with pytest.raises(Stopped):
            train(tiny, sums(9), dials, folder=tmp_path / "cut", on_progress=stop_after(3))
    cut = train(tiny, sums(9), dials, folder=tmp_path / "cut")
    assert cut.adapter.identity == whole.adapter.identity
    assert cut.ladder == whole.ladder


def test_no_memory_to_load_the_base_is_a_sentence(tiny: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: Any, **options: Any) -> Any:
        raise OUT

    monkeypatch.setattr("workbench.adapters.training.opening.load_model", full)
    with pytest.raises(TrainingError, match="no memory to load tiny; close other programs"):
        train(tiny, sums(3), small_dials(), folder=tmp_path)


def test_the_memory_plan_chooses_where_to_begin_and_the_first_step_says_so(tiny: Base, tmp_path: Path) -> None:
    told: list[Progress] = []
    dials = small_dials(steps=2, batch=9, sequence_tokens=512)
    shape = TrainingShape(2, 32, 48, 4, 2, 8, 106)
    whole = training_plan(shape, "fp32", rank=2, tokens=512).total
    roomy = train(tiny, sums(9), dials, folder=tmp_path / "roomy", safe_bytes=whole)
    tight = train(tiny, sums(9), dials, folder=tmp_path / "tight", safe_bytes=whole - 1, on_progress=told.append)
    assert roomy.ladder == ()
    assert tight.ladder == ("by the memory plan: rows of 256 instead of 512 tokens",)
    assert [one.note for one in told] == [tight.ladder[0], ""]


def test_a_plan_that_nothing_can_meet_is_refused_before_loading(
    tiny: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.adapters.training.opening.load_model", None)  # to call it would fail
    with pytest.raises(TrainingError, match=r"more than the safe 0\.00 GiB; choose a smaller base"):
        train(tiny, sums(9), small_dials(), folder=tmp_path, safe_bytes=1000)


def test_a_checkpoint_holds_no_pickle_and_two_stay(tiny: Base, tmp_path: Path) -> None:
    train(tiny, sums(5), small_dials(), folder=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["step-000004", "step-000006"]
    assert sorted(path.name for path in (tmp_path / "step-000006").iterdir()) == ["journal.json", "numbers.safetensors"]
    told = json.loads((tmp_path / "step-000006" / "journal.json").read_text())
    assert told["step"] == 6
    assert told["run"] == run_identity(tiny, sums(5), small_dials())
