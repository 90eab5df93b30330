"""Singular values of thin products, against those of the whole matrix."""

from __future__ import annotations

import pytest
import torch

from tests.adapters.merging.small import apart, delta, layer_name, small_adapter
from workbench.adapters.adapter import Adapter
from workbench.adapters.grams import Grams
from workbench.adapters.merging import LayerGroups, cosine, kept, linear, norm, scaled_singular_values, truncated
from workbench.core.errors import AdapterError


def whole(adapter: Adapter) -> torch.Tensor:
    return torch.cat([delta(adapter, layer).flatten() for layer in sorted(adapter.factors)])


def test_truncation_keeps_the_share_it_says() -> None:
    adapter = small_adapter(1, rank=5)
    thin = truncated(adapter, 2)
    assert thin.spec.rank == 2
    assert kept(adapter, thin) == pytest.approx(float(whole(thin).norm() / whole(adapter).norm()), rel=1e-6)
    assert 0 < kept(adapter, thin) < 1


def test_truncation_to_its_own_rank_changes_nothing() -> None:
    adapter = small_adapter(1, rank=5, alpha=7.0, rslora=True)
    assert apart(adapter, truncated(adapter, 5)) < 1e-6
    assert kept(adapter, truncated(adapter, 5)) == pytest.approx(1.0, rel=1e-6)


def test_a_rank_above_a_layers_own_size_is_no_obstacle() -> None:
    adapter = small_adapter(1, rank=20)  # v_proj is (6, 10)
    assert apart(adapter, truncated(adapter, 12)) < 1e-6


def test_truncation_for_some_inputs_keeps_what_is_answered_to_them() -> None:
    adapter = small_adapter(1, rank=5, targets=("q_proj",))
    layers = list(adapter.factors)
    few = torch.randn(2, 10, generator=torch.Generator().manual_seed(3))
    read = Grams(frozenset({"few"}), dict.fromkeys(layers, few))
    thin, near = truncated(adapter, 2), truncated(adapter, 2, [read])
    assert near.spec.rank == 2
    for layer in layers:
        exact = delta(adapter, layer) @ few.double().T
        assert torch.allclose(delta(near, layer) @ few.double().T, exact, atol=1e-2 * float(exact.norm()))
        assert float((delta(thin, layer) @ few.double().T - exact).norm()) > 0.1 * float(exact.norm())
    assert kept(adapter, near) < kept(adapter, thin)
    assert apart(truncated(adapter, 5, [read]), adapter) < 1e-6


def test_truncation_for_inputs_of_other_layers_goes_by_weights() -> None:
    adapter = small_adapter(1, rank=5)
    elsewhere = Grams(frozenset({"few"}), {"model.layers.9.self_attn.q_proj": torch.ones(1, 10)})
    assert truncated(adapter, 2, [elsewhere]).identity == truncated(adapter, 2).identity


def test_singular_values_are_scaled_and_directions_stay() -> None:
    adapter = small_adapter(1, rank=3)
    bent = scaled_singular_values(adapter, [[2.0, 1.0, 0.5]])
    for layer in adapter.factors:
        u, sigma, vt = torch.linalg.svd(delta(adapter, layer), full_matrices=False)
        wanted = (u[:, :3] * (sigma[:3] * torch.tensor([2.0, 1.0, 0.5]))) @ vt[:3]
        assert torch.allclose(delta(bent, layer), wanted, atol=1e-5)


def test_scales_of_one_reproduce_the_adapter_and_go_by_group() -> None:
    adapter = small_adapter(1, layers=3)
    assert apart(adapter, scaled_singular_values(adapter, [[]])) < 1e-6
    by_group = scaled_singular_values(adapter, [[1.0], [0.0, 0.0, 0.0], [3.0, 3.0, 3.0]], groups=LayerGroups(3))
    assert torch.allclose(delta(by_group, layer_name(0, "q_proj")), delta(adapter, layer_name(0, "q_proj")), atol=1e-5)
    assert float(delta(by_group, layer_name(1, "q_proj")).abs().max()) == 0
    three = delta(by_group, layer_name(2, "q_proj"))
    assert torch.allclose(three, 3 * delta(adapter, layer_name(2, "q_proj")), atol=1e-4)


def test_scales_that_cannot_be_are_refused() -> None:
    for scales, word in (([[1.0], [1.0]], "one row"), ([[-1.0]], "at least 0"), ([[float("inf")]], "at least 0")):
        with pytest.raises(AdapterError, match=word):
            scaled_singular_values(small_adapter(1), scales)
    with pytest.raises(AdapterError, match="rank of 0"):
        truncated(small_adapter(1), 0)


def test_norm_and_cosine_are_those_of_the_whole_matrices() -> None:
    left, right = small_adapter(1, rank=2), small_adapter(2, rank=4)
    wanted = torch.nn.functional.cosine_similarity(whole(left), whole(right), dim=0)
    assert norm(left) == pytest.approx(float(whole(left).norm()), rel=1e-6)
    assert cosine(left, right) == pytest.approx(float(wanted), abs=1e-6)
    assert cosine(left, left) == pytest.approx(1.0)
    assert cosine(left, linear([left], [-2.0])) == pytest.approx(-1.0)
    assert cosine(left, linear([left], [0.0])) is None


def test_adapters_on_different_layers_lie_at_right_angles() -> None:
    assert cosine(small_adapter(1, targets=("q_proj",)), small_adapter(2, targets=("v_proj",))) == 0.0


def test_layer_groups_are_thirds_of_the_depth() -> None:
    groups = LayerGroups(30)
    numbers = [groups.of(layer_name(number, "q_proj")) for number in range(30)]
    assert numbers == [0] * 10 + [1] * 10 + [2] * 10
    assert groups.of("lm_head") == 2
    assert LayerGroups.over([small_adapter(1, layers=2), small_adapter(2, layers=4)], 2) == LayerGroups(4, 2)


def test_layer_groups_by_kind_have_attention_then_mlp_at_each_depth() -> None:
    groups = LayerGroups(4, 2, kinds=True)
    names = [layer_name(number, target) for number in range(4) for target in ("q_proj", "v_proj", "down_proj")]
    assert [groups.of(name) for name in names] == [0, 0, 1] * 2 + [2, 2, 3] * 2
    assert (groups.count, groups.columns, LayerGroups(4, 2).columns) == (2, 4, 2)
    assert [groups.depth_of(column) for column in range(4)] == [0, 0, 1, 1]
    assert [groups.kind_of(column) for column in range(4)] == ["attention", "mlp"] * 2
    assert [LayerGroups(4, 2).depth_of(column) for column in range(2)] == [0, 1]
    assert LayerGroups(4, 2).kind_of(0) is None
    assert LayerGroups.over([small_adapter(1, layers=4)], 2, kinds=True) == groups


@pytest.mark.parametrize(
    ("layer", "column"),
    [
        ("transformer.h.0.attn.c_attn", 0),
        ("transformer.h.3.mlp.c_proj", 3),
        ("gpt_neox.layers.1.attention.query_key_value", 0),
        ("decoder.block.2.layer.0.SelfAttention.q", 2),
        ("model.layers.3.block_sparse_moe.experts.1.w1", 3),
        ("lm_head", 3),
    ],
)
def test_kinds_are_told_by_the_names_that_models_use(layer: str, column: int) -> None:
    assert LayerGroups(4, 2, kinds=True).of(layer) == column


def test_scales_by_kind_need_a_row_for_each_column() -> None:
    adapter, groups = small_adapter(1, targets=("down_proj", "q_proj"), layers=2), LayerGroups(2, 2, kinds=True)
    bent = scaled_singular_values(adapter, [[2.0] * 3, [0.0] * 3, [3.0] * 3, [1.0] * 3], groups=groups)
    for number, target, factor in ((0, "q_proj", 2), (0, "down_proj", 0), (1, "q_proj", 3), (1, "down_proj", 1)):
        layer = layer_name(number, target)
        assert torch.allclose(delta(bent, layer), factor * delta(adapter, layer), atol=1e-4)
    with pytest.raises(AdapterError, match="each of the 4 layer groups"):
        scaled_singular_values(adapter, [[1.0], [1.0]], groups=groups)
