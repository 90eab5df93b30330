"""A lesson that spares what was read before, on a tiny base: a branch that earlier inputs do not enter."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.adapters.training.test_training import Stopped, stop_after
from tests.adapters.training.tiny import small_dials, sums
from workbench.adapters.adapter import Adapter
from workbench.adapters.bases import Base, load_model
from workbench.adapters.gathering import gathered
from workbench.adapters.grams import Grams, read_by
from workbench.adapters.training import run_identity, train
from workbench.adapters.training.opening import open_student
from workbench.adapters.training.sparing import SHARE, Sparing, with_branch
from workbench.adapters.training.student import factors_of
from workbench.core.examples import example

LONG = {"steps": 20, "learning_rate": 0.02, "rank": 8}
DIRECTIONS = 8


@pytest.fixture(scope="module")
def before(tiny: Base, tmp_path_factory: pytest.TempPathFactory) -> Adapter:
    return train(tiny, sums(6), small_dials(**LONG), folder=tmp_path_factory.mktemp("before")).adapter


@pytest.fixture(scope="module")
def read(tiny: Base, before: Adapter) -> Grams:
    return gathered(tiny, before, sums(6), directions=DIRECTIONS)


def moved(before: Adapter, after: Adapter, read: Grams, base: Base) -> float:
    """How far outputs on what was read moved, beside their size; the mean over layers."""
    model, found = load_model(base, precision="fp32").requires_grad_(False), []
    for name in after.factors:
        inputs = read.factors[read_by(name)].float()
        size = (model.get_submodule(name).weight @ inputs.T).norm()
        found.append(float(((after.delta(name) - before.delta(name)) @ inputs.T).norm() / size))
    return sum(found) / len(found)


def test_a_branch_changes_nothing_until_it_has_learned(tiny: Base, before: Adapter) -> None:
    wide = with_branch(before, 4, 2.0)
    assert (wide.spec.rank, wide.spec.scale) == (12, 2.0)
    student = open_student(tiny, small_dials(precision="fp32"), wide)
    after = student.adapter()
    for name in before.factors:
        assert torch.allclose(after.delta(name), before.delta(name), atol=1e-6)
        assert factors_of(student.layers[name])[0].shape[0] == 12


@pytest.mark.parametrize("precision", ["fp32", "bf16", "nf4"])
def test_a_spared_lesson_is_learned_and_outputs_on_what_was_read_stay(
    tiny: Base, before: Adapter, read: Grams, tmp_path: Path, precision: str
) -> None:
    new = [example(f"Colour of {one}?", one[::-1]) for one in ("apple", "plum", "pear", "fig")]
    dials = small_dials(**{**LONG, "precision": precision})
    plain = train(tiny, new, dials, folder=tmp_path / "plain", start=before)
    told: list[str] = []
    spared = train(
        *(tiny, new, dials),
        folder=tmp_path / "spared",
        start=before,
        spare=[read],
        on_progress=lambda now: told.append(now.note),
    )
    assert not any(told), "there is room"
    assert moved(before, spared.adapter, read, tiny) < 0.01 < 0.1 < moved(before, plain.adapter, read, tiny)
    assert spared.losses[-1] < 0.8 * spared.losses[0]
    assert spared.adapter.spec.rank == before.spec.rank + 8


def test_from_the_base_a_lesson_spares_too(tiny: Base, before: Adapter, read: Grams, tmp_path: Path) -> None:
    nothing = open_student(tiny, small_dials(**LONG)).adapter()
    spared = train(tiny, sums(9, first=50), small_dials(**LONG), folder=tmp_path, spare=[read])
    assert moved(nothing, spared.adapter, read, tiny) < 0.01
    assert spared.adapter.spec.rank == 8


def test_directions_count_by_how_much_was_read_and_two_thirds_of_an_input_stay_free(
    tiny: Base, before: Adapter, read: Grams
) -> None:
    student = open_student(tiny, small_dials(precision="fp32"), with_branch(before, 4, 2.0))
    many = [
        Grams(frozenset({str(seed)}), {name: _drawn(one.shape, seed) for name, one in read.factors.items()})
        for seed in range(6)
    ]
    sparing = Sparing(student, [read, *many], before.spec.rank)
    name = "model.layers.0.mlp.down_proj"
    basis = sparing._held[name].basis
    assert basis is not None
    assert len(basis) == int(SHARE * basis.shape[1])
    assert sparing.is_full
    assert torch.allclose(basis @ basis.T, torch.eye(len(basis)), atol=1e-4)
    a = factors_of(student.layers[name])[0].detach()
    assert float((a[before.spec.rank :] @ basis.T).norm()) < 1e-4 < float((a[: before.spec.rank] @ basis.T).norm())
    first = read.factors[name][0].float()  # along which most was read
    assert float((basis @ first).norm() / first.norm()) > 0.9


def test_where_there_is_no_room_the_first_step_says_so(
    tiny: Base, before: Adapter, read: Grams, tmp_path: Path
) -> None:
    many = [
        Grams(frozenset({str(seed)}), {name: _drawn(one.shape, seed) for name, one in read.factors.items()})
        for seed in range(3)
    ]
    told: list[str] = []
    dials = small_dials(steps=2)
    train(*(tiny, sums(4), dials), folder=tmp_path, spare=many, on_progress=lambda now: told.append(now.note))
    assert "no room to spare all" in told[0]
    assert told[1] == ""


def _drawn(shape: torch.Size, seed: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(torch.bfloat16)


def test_the_optimizer_sees_no_gradient_along_what_was_read_nor_of_what_is_frozen(
    tiny: Base, before: Adapter, read: Grams
) -> None:
    frozen = before.spec.rank
    student = open_student(tiny, small_dials(precision="fp32"), with_branch(before, 4, 2.0))
    sparing = Sparing(student, [read], frozen)
    for layer in student.layers.values():
        for factor in factors_of(layer):
            factor.grad = torch.randn(factor.shape, generator=torch.Generator().manual_seed(0))
    sparing.before_step()
    for name, layer in student.layers.items():
        a, b = (factor.grad for factor in factors_of(layer))
        assert not a[:frozen].any()
        assert not b[:, :frozen].any()
        along = a[frozen:] @ read.factors[read_by(name)].float().T
        assert float(along.abs().max()) < 1e-3 * float(a.norm())
        assert float(a[frozen:].norm()) > 0


def test_layers_without_sums_are_free(tiny: Base, before: Adapter, read: Grams) -> None:
    student = open_student(tiny, small_dials(precision="fp32"), with_branch(before, 4, 2.0))
    only = {name: one for name, one in read.factors.items() if "mlp" in name}
    sparing = Sparing(student, [Grams(read.skills, only)], before.spec.rank)
    assert {name for name, held in sparing._held.items() if held.basis is None} == {
        name for name in student.layers if "self_attn" in name
    }


def test_a_spared_lesson_that_was_stopped_goes_on_to_the_same_weights(
    tiny: Base, before: Adapter, read: Grams, tmp_path: Path
) -> None:
    dials = small_dials(steps=7, checkpoint_steps=2)
    whole = train(tiny, sums(9), dials, folder=tmp_path / "whole", start=before, spare=[read])
    cut = {"folder": tmp_path / "cut", "start": before, "spare": [read]}
    with pytest.raises(Stopped):
        train(tiny, sums(9), dials, on_progress=stop_after(5), **cut)  # type: ignore[arg-type]
    assert train(tiny, sums(9), dials, **cut).adapter.identity == whole.adapter.identity  # type: ignore[arg-type]


def test_what_is_spared_is_part_of_what_names_a_run(tiny: Base, read: Grams) -> None:
    names = {run_identity(tiny, sums(5), small_dials(), spare=some) for some in ((), [read], [read, read])}
    assert len(names) == 3
