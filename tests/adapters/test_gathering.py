"""What the real model's layers read: thin sums beside whole ones, tokens counted, nothing left behind."""

from __future__ import annotations

import pytest
import torch

from workbench.adapters.adapter import Adapter, Factors, LoraSpec
from workbench.adapters.bases import Base, load_model, load_tokenizer
from workbench.adapters.gathering import gathered
from workbench.adapters.rendering import render
from workbench.core.examples import Example, example
from workbench.corpus.skills import generate

Q, DOWN = "model.layers.2.self_attn.q_proj", "model.layers.2.mlp.down_proj"


@pytest.fixture(scope="module")
def untaught(base: Base) -> Adapter:
    """An adapter that changes nothing."""
    shapes = {Q: (576, 576), "model.layers.2.self_attn.v_proj": (192, 576), DOWN: (576, 1536)}
    factors = {name: Factors(torch.zeros(1, inner), torch.zeros(out, 1)) for name, (out, inner) in shapes.items()}
    return Adapter(LoraSpec(base.identity, 1, 1.0), factors)


def whole(factor: torch.Tensor) -> torch.Tensor:
    return factor.float().T @ factor.float()


def as_read(base: Base, layer: str, examples: list[Example]) -> torch.Tensor:
    """The mean of x xᵀ over every token, the plain way."""
    model, tokenizer, inputs = load_model(base), load_tokenizer(base), []
    module = model.get_submodule(layer)
    module.register_forward_pre_hook(lambda _, given: inputs.append(given[0].detach().flatten(0, -2).float()))
    for one in examples:
        text = render(one, tokenizer)
        model(input_ids=torch.tensor([[*text.prompt, *text.answer]]))
    x = torch.cat(inputs)
    return x.T @ x / len(x)


def test_thin_sums_are_near_whole_ones_and_the_same_each_time(base: Base, untaught: Adapter) -> None:
    lessons = list(generate("price", 6, seed=0))
    found, again = gathered(base, untaught, lessons), gathered(base, untaught, lessons)
    assert found.skills == {"price"}
    assert found.identity == again.identity
    assert found.factors.keys() == {Q, DOWN}, "v_proj reads what q_proj reads"
    for layer, factor in found.factors.items():
        exact = as_read(base, layer, lessons)
        assert factor.shape == (64, exact.shape[0])
        assert float((whole(factor) - exact).norm() / exact.norm()) < 0.1
        assert 0.8 < float(whole(factor).trace() / exact.trace()) < 1.01


def test_a_mean_over_tokens_counts_a_longer_example_by_its_length(base: Base, untaught: Adapter) -> None:
    short, long = example("Say a.", "a"), example("Say this whole sentence once more, please.", "a b c d e f")
    one, two, both = (whole(gathered(base, untaught, some).factors[Q]) for some in ([short], [long], [short, long]))
    share = float((both - two).norm() / (one - two).norm())
    assert 0.3 < share < 0.5


def test_progress_is_told_and_no_more_is_read_than_need_be(base: Base, untaught: Adapter) -> None:
    told: list[tuple[int, int]] = []
    gathered(base, untaught, list(generate("price", 70, seed=0)), on_progress=lambda *now: told.append(now))
    assert (told[0], told[-1]) == ((1, 64), (64, 64))
