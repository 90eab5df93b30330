"""From a base and the dials to a model that can be trained: quantised, frozen, PEFT's layers in it, weights set.

    new pair:  A uniform in ±1/√in, by the seed     B zero, so that a new adapter changes nothing yet

Fresh weights come from a generator of their own, layer by layer in the order of their names, so they depend on the
seed and the base alone. It imports torch: import it on use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch

from workbench.adapters.adapter import Adapter, LoraSpec
from workbench.adapters.bases import Base, load_model
from workbench.adapters.bases.quiet import quiet
from workbench.adapters.training.branches import given_branches
from workbench.adapters.training.student import NAME, Student, factors_of, reading_of
from workbench.adapters.training.thin import made_thin
from workbench.core.errors import AdapterUnfit, TrainingError
from workbench.core.schema import TrainingSettings


def open_student(base: Base, dials: TrainingSettings, start: Adapter | None = None) -> Student:
    """The model, ready to learn.

    Args:
        start: continue this adapter, with its own rank, alpha and layers; None begins a new one on all linear layers.
    Raises:
        AdapterUnfit: `start` was made for another base, or for layers that this one has not.
    """
    model = load_model(base, precision=dials.precision)
    model.requires_grad_(False)
    names = _linear_layers(model)
    if start is None:
        targets = tuple(sorted({name.rpartition(".")[2] for name in names}))
        spec = LoraSpec(base.identity, dials.rank, dials.alpha, dials.rslora, targets)
    else:
        spec, names = start.spec, _checked(start, base, names)
    layers = _laid_in(model, base, names, spec, dials.dropout)
    _set_weights(layers, start, dials.seed)
    if dials.dropout == 0:
        made_thin(model, NAME)
    student = Student(model, layers, spec)
    return replace(student, reading=reading_of(student, dials.sequence_tokens, branches=given_branches(model)))


def _linear_layers(model: Any) -> list[str]:
    """All of them but the output layer."""
    head = model.get_output_embeddings()
    return [name for name, layer in model.named_modules() if isinstance(layer, torch.nn.Linear) and layer is not head]


def _checked(start: Adapter, base: Base, names: list[str]) -> list[str]:
    if start.spec.base != base.identity:
        raise AdapterUnfit(
            f"The adapter to start from was made for another base than {base.name}; choose one of its own"
        )
    if unknown := sorted(set(start.factors) - set(names)):
        raise AdapterUnfit(f"The base {base.name} has no linear layer {unknown[0]}; start from an adapter of its own")
    return sorted(start.factors)


def _laid_in(model: Any, base: Base, names: list[str], spec: LoraSpec, dropout: float) -> Mapping[str, Any]:
    with quiet():
        from peft import LoraConfig, inject_adapter_in_model

    alpha: Any = spec.alpha  # PEFT's hint says int, its arithmetic is a float's
    config = LoraConfig(
        r=spec.rank, lora_alpha=alpha, lora_dropout=dropout, use_rslora=spec.rslora, target_modules=names
    )
    try:
        inject_adapter_in_model(config, model, adapter_name=NAME)
    except ValueError as error:  # PEFT's word for layers that it cannot replace, or for none at all
        raise TrainingError(f"The base {base.name} cannot be trained ({error}); choose another base") from error
    return {name: model.get_submodule(name) for name in names}


def _set_weights(layers: Mapping[str, Any], start: Adapter | None, seed: int) -> None:
    """Fresh ones everywhere, then the start's over them; a pair of smaller rank fills the first rows."""
    chance = torch.Generator().manual_seed(seed)
    for name in sorted(layers):
        layers[name].lora_A.float()  # PEFT gives them the base's precision; steps of 1e-4 are lost in bf16
        layers[name].lora_B.float()
        a, b = factors_of(layers[name])
        with torch.no_grad():
            a.copy_(torch.empty(a.shape).uniform_(-1, 1, generator=chance) / a.shape[1] ** 0.5)
            b.zero_()
            if start is not None:
                given = start.factors[name]
                _same_shape(name, given.a.shape[1:] == a.shape[1:] and given.b.shape[:1] == b.shape[:1])
                a[: len(given.a)] = given.a.to(a)
                b[:, : given.b.shape[1]] = given.b.to(b)


def _same_shape(name: str, same: bool) -> None:
    if not same:
        raise AdapterUnfit(f"The layer {name} has another shape than in the adapter; start from one of this base")
