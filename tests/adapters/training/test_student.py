"""Packed, thin and chunked arithmetic against the plain one: the same loss, the same gradients."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.adapters.training.tiny import small_dials, sums, tiny_base
from workbench.adapters.adapter import Adapter, Factors, LoraSpec
from workbench.adapters.attach import attached
from workbench.adapters.bases import Base, load_model, load_tokenizer
from workbench.adapters.training import loss as losses
from workbench.adapters.training.lesson import Item, lesson
from workbench.adapters.training.opening import open_student
from workbench.adapters.training.student import ALONE, Layout, Reading, Student
from workbench.adapters.training.trees import planted, single
from workbench.core.errors import AdapterUnfit, TrainingError


def items_of(base: Base, count: int = 6) -> tuple[Item, ...]:
    weighted = [replace(one, weight=1 + index % 3) for index, one in enumerate(sums(count))]
    return lesson(weighted, load_tokenizer(base), 256).items


def stirred(student: Student) -> Student:
    """With factors that all matter: the B of a new adapter is zero, and A then has no gradient."""
    torch.manual_seed(1)
    for factor in student.parameters:
        torch.nn.init.normal_(factor, std=0.2)
    return student


def gradients(student: Student) -> list[torch.Tensor]:
    found = [factor.grad.clone() for factor in student.parameters]
    for factor in student.parameters:
        factor.grad = None
    return found


def plain_loss(student: Student, items: tuple[Item, ...]) -> torch.Tensor:
    """Each example alone through the model's own forward, and PyTorch's own cross entropy."""
    total = torch.zeros(())
    for item in items:
        tokens = torch.tensor([[*item.tokens.prompt, *item.tokens.answer]])
        logits = student.model(input_ids=tokens).logits[0, len(item.tokens.prompt) - 1 : -1]
        total = total + item.weight * torch.nn.functional.cross_entropy(
            logits, torch.tensor(item.tokens.answer), reduction="sum"
        )
    return total


def alike(first: list[torch.Tensor], second: list[torch.Tensor]) -> bool:
    """To the rounding of fp32, measured against each factor's largest gradient."""
    pairs = zip(first, second, strict=True)
    return all(float((one - other).abs().max()) <= 1e-4 * float(one.abs().max()) for one, other in pairs)


@pytest.mark.parametrize("longest_row", [512, 110])
@pytest.mark.parametrize("layout", ["branches", "mask"])
def test_packed_rows_have_the_loss_and_gradients_of_examples_read_alone(
    tiny: Base, layout: Layout, longest_row: int
) -> None:
    student, items = stirred(open_student(tiny, small_dials())), items_of(tiny)
    assert student.reading == Reading("branches", bare_head=True)
    student = replace(student, reading=Reading(layout, bare_head=True))
    expected = plain_loss(student, items)
    expected.backward()
    wanted = gradients(student)
    rows = planted(items, longest_row)
    assert (len(rows) == 1) == (longest_row == 512)
    found = student.loss(rows)
    found.backward()
    assert float(found.detach()) == pytest.approx(float(expected.detach()), rel=1e-5)
    assert alike(gradients(student), wanted)
    parts = sum(float(student.loss([row]).detach()) for row in rows)
    assert parts == pytest.approx(float(expected.detach()), rel=1e-5)


def test_packing_saves_the_shared_opening(tiny: Base) -> None:
    items = items_of(tiny)
    (row,) = planted(items, 512)
    assert len(row.tokens) < 0.5 * sum(item.tokens.length for item in items)


def test_examples_read_alone_have_the_same_loss_and_gradients(tiny: Base) -> None:
    student, items = stirred(open_student(tiny, small_dials())), items_of(tiny)
    expected = plain_loss(student, items)
    expected.backward()
    wanted = gradients(student)
    found = replace(student, reading=ALONE).loss([single(item) for item in items])
    found.backward()
    assert float(found.detach()) == pytest.approx(float(expected.detach()), rel=1e-5)
    assert alike(gradients(student), wanted)


def test_the_loss_is_the_same_in_chunks(tiny: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    student = stirred(open_student(tiny, small_dials()))
    rows = planted(items_of(tiny), 512)
    student.loss(rows).backward()
    wanted = gradients(student)
    monkeypatch.setattr(losses, "CHUNK_BYTES", 3 * 4 * 106)  # three rows of the tiny vocabulary
    student.loss(rows).backward()
    assert alike(gradients(student), wanted)


def test_thin_layers_compute_what_peft_computes(tiny: Base) -> None:
    student, items = stirred(open_student(tiny, small_dials())), items_of(tiny)
    plain_loss(student, items).backward()
    thin = gradients(student)
    replaced = [layer.__dict__.pop("forward") for layer in student.layers.values()]  # PEFT's own forward again
    assert len(replaced) == 14
    plain_loss(student, items).backward()
    assert alike(thin, gradients(student))


def test_dropout_leaves_the_layers_to_peft(tiny: Base) -> None:
    student = open_student(tiny, small_dials(dropout=0.3))
    assert not any("forward" in vars(layer) for layer in student.layers.values())
    student = stirred(student)
    rows = planted(items_of(tiny), 512)
    student.model.train()
    assert float(student.loss(rows).detach()) != float(student.loss(rows).detach())
    with student.examined():
        assert float(student.loss(rows)) == float(student.loss(rows))


def test_checkpointing_changes_no_gradient(tiny: Base) -> None:
    student = stirred(open_student(tiny, small_dials()))
    rows = planted(items_of(tiny), 512)
    student.model.train()
    student.loss(rows).backward()
    wanted = gradients(student)
    student.set_checkpointing(True)
    assert student.model.is_activation_checkpointing
    student.loss(rows).backward()
    assert alike(gradients(student), wanted)


def test_the_trained_adapter_says_outside_what_the_student_says(tiny: Base) -> None:
    student = stirred(open_student(tiny, small_dials()))
    tokens = torch.tensor([items_of(tiny)[0].tokens.prompt])
    model = load_model(tiny, precision="fp32")
    with torch.no_grad(), attached(model, student.adapter()):
        assert torch.allclose(model(tokens).logits, student.model(tokens).logits, atol=1e-4)


def test_a_new_adapter_changes_nothing_and_depends_on_the_seed_alone(tiny: Base) -> None:
    first, again, other = (open_student(tiny, small_dials(seed=seed)).adapter() for seed in (3, 3, 4))
    assert first.identity == again.identity != other.identity
    assert all(not factors.b.any() for factors in first.factors.values())
    assert first.spec == LoraSpec(tiny.identity, 2, 16.0, False, first.spec.targets)
    assert len(first.factors) == 14


@pytest.mark.parametrize(
    ("kind", "config", "layout", "bare_head"),
    [
        ("mistral", {"sliding_window": 8}, "alone", True),  # a window narrower than an example
        ("mistral", {"sliding_window": 256}, "branches", True),
        ("granite", {"logits_scaling": 3.0}, "branches", False),  # a head that is more than a product
    ],
)
def test_other_architectures_are_read_as_they_allow(
    tmp_path: Path, kind: str, config: dict[str, float], layout: Layout, bare_head: bool
) -> None:
    student = stirred(open_student(tiny_base(tmp_path, kind=kind, **config), small_dials()))
    items = lesson(sums(4), load_tokenizer(Base(kind, "", tmp_path)), 256).items
    assert student.reading == Reading(layout, bare_head)
    rows = planted(items, 256) if student.reading.packs else [single(item) for item in items]
    assert float(student.loss(rows).detach()) == pytest.approx(float(plain_loss(student, items).detach()), rel=1e-4)


def test_a_base_that_peft_cannot_lay_layers_in_is_a_sentence(tmp_path: Path) -> None:
    base = tiny_base(tmp_path, kind="mamba", state_size=4)
    with pytest.raises(TrainingError, match=r"tiny cannot be trained.*choose another base"):
        open_student(base, small_dials())


def test_a_start_goes_on_with_its_own_rank_and_layers(tiny: Base) -> None:
    given = stirred(open_student(tiny, small_dials(rank=3))).adapter()
    some = Adapter(given.spec, {name: given.factors[name] for name in sorted(given.factors)[:2]})
    found = open_student(tiny, small_dials(rank=8), some).adapter()
    assert found.identity == some.identity


def test_a_pair_of_smaller_rank_keeps_its_change(tiny: Base) -> None:
    full = stirred(open_student(tiny, small_dials(rank=4))).adapter()
    narrow = Adapter(full.spec, {name: Factors(pair.a[:1], pair.b[:, :1]) for name, pair in full.factors.items()})
    found = open_student(tiny, small_dials(), narrow).adapter()
    assert all(torch.allclose(found.delta(name), narrow.delta(name)) for name in narrow.factors)


def test_a_start_of_another_base_is_refused(tiny: Base) -> None:
    given = open_student(tiny, small_dials()).adapter()
    with pytest.raises(AdapterUnfit, match="made for another base"):
        open_student(tiny, small_dials(), Adapter(replace(given.spec, base="f" * 64), given.factors))
    with pytest.raises(AdapterUnfit, match="no linear layer nowhere"):
        open_student(tiny, small_dials(), Adapter(given.spec, {"nowhere": given.factors["model.layers.0.mlp.up_proj"]}))
    bent = {name: Factors(pair.a[:, :5], pair.b) for name, pair in given.factors.items()}
    with pytest.raises(AdapterUnfit, match="another shape"):
        open_student(tiny, small_dials(), Adapter(given.spec, bent))
