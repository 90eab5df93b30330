"""What holds for every merge, whatever the parents: tried on random small ones."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapters.merging.small import apart, delta, layer_name, small_adapter
from workbench.adapters.adapter import Adapter, Factors, LoraSpec
from workbench.adapters.merging import Dare, LayerGroups, Linear, Ties, dare, linear, merge, ties, truncated
from workbench.core.errors import AdapterError, AdapterUnfit

CLOSE = 2e-6  # of the largest weight: a few roundings to float32
TARGETS = st.sampled_from([("q_proj",), ("v_proj",), ("q_proj", "v_proj"), ("down_proj", "q_proj")])
PARENT = st.builds(
    small_adapter,
    st.integers(0, 10_000),
    rank=st.integers(1, 7),
    alpha=st.floats(0.5, 40),
    targets=TARGETS,
    layers=st.integers(1, 4),
    rslora=st.booleans(),
)
NUMBER = st.floats(-2, 2).map(lambda number: round(number, 3))
few = settings(max_examples=25, deadline=None, derandomize=True)


def expected(parents: list[Adapter], coefficients: list[float], layer: str) -> torch.Tensor:
    return sum((c * delta(parent, layer) for c, parent in zip(coefficients, parents, strict=True)), torch.tensor(0.0))


@few
@given(PARENT)
def test_one_parent_at_weight_one_is_reproduced_by_every_rule(parent: Adapter) -> None:
    generator = torch.Generator().manual_seed(0)
    children = (
        linear([parent], [1.0]),
        ties([parent], [1.0], density=1.0),
        dare([parent], [1.0], drop=0.0, generator=generator),
    )
    for child in children:
        assert apart(parent, child) < CLOSE
        assert child.spec.scale == 1.0


@few
@given(st.lists(st.tuples(PARENT, NUMBER), min_size=1, max_size=4))
def test_a_linear_merge_is_the_sum_of_weighted_deltas(family: list[tuple[Adapter, float]]) -> None:
    parents, coefficients = [list(part) for part in zip(*family, strict=True)]
    child = linear(parents, coefficients)
    size = sum(abs(c) * float(delta(p, layer).abs().max()) for p, c in family for layer in p.factors)
    for layer in child.factors:
        assert torch.allclose(delta(child, layer), expected(parents, coefficients, layer), rtol=0, atol=CLOSE * size)


@few
@given(st.lists(st.tuples(PARENT, NUMBER), min_size=2, max_size=4), st.randoms(use_true_random=False))
def test_the_order_of_parents_changes_no_bit(family: list[tuple[Adapter, float]], random: object) -> None:
    mixed = list(family)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    for rule in ("linear", "ties", "dare"):
        assert _child(rule, family).identity == _child(rule, mixed).identity


def _child(rule: str, family: list[tuple[Adapter, float]]) -> Adapter:
    rules = {"linear": Linear(), "ties": Ties(0.4), "dare": Dare(0.5, torch.Generator().manual_seed(1))}
    parents, coefficients = zip(*family, strict=True)
    return merge(parents, rules[rule], coefficients, rank=4).adapter


@few
@given(PARENT, PARENT)
def test_full_rank_keeps_everything_and_says_so(mother: Adapter, father: Adapter) -> None:
    exact = merge([mother, father], Linear(), [0.7, 0.4])
    again = truncated(exact.adapter, 14)
    assert exact.kept == 1.0
    assert apart(exact.adapter, again) < CLOSE


def test_a_cut_merge_is_the_nearest_of_its_rank_and_tells_what_it_kept() -> None:
    mother, father = small_adapter(1), small_adapter(2, rank=4)
    cut = merge([mother, father], Linear(), [1.0, 1.0], rank=2)
    lost, whole = 0.0, 0.0
    for layer in cut.adapter.factors:
        dense = expected([mother, father], [1.0, 1.0], layer)
        sigma = torch.linalg.svdvals(dense)
        best = float(sigma[2:].square().sum())
        assert float((dense - delta(cut.adapter, layer)).square().sum()) == pytest.approx(best, rel=1e-4)
        assert cut.kept_by_layer[layer] == pytest.approx(float(sigma[:2].norm() / sigma.norm()), rel=1e-6)
        lost, whole = lost + best, whole + float(sigma.square().sum())
    assert cut.kept == pytest.approx((1 - lost / whole) ** 0.5, rel=1e-6)
    assert {len(pair.a) for pair in cut.adapter.factors.values()} == {2}


@pytest.mark.parametrize("rule", ["ties", "dare"])
def test_a_dense_merge_is_cut_to_the_nearest_of_its_rank_too(rule: str) -> None:
    parents = [small_adapter(1, targets=("down_proj", "q_proj")), small_adapter(2, targets=("down_proj", "q_proj"))]

    def made(rank: int | None) -> Adapter:
        rules = {"ties": Ties(0.5), "dare": Dare(0.5, torch.Generator().manual_seed(3))}
        return merge(parents, rules[rule], [1.0, 0.5], rank=rank).adapter

    whole, cut = made(None), made(3)
    for layer in whole.factors:  # q_proj is taller than wide, down_proj wider than tall
        sigma = torch.linalg.svdvals(delta(whole, layer))
        lost = (delta(whole, layer) - delta(cut, layer)).square().sum()
        assert float(lost) == pytest.approx(float(sigma[3:].square().sum()), rel=1e-4)
        assert cut.spec.rank == 3


def test_each_third_of_the_layers_takes_its_own_coefficient() -> None:
    mother, father = small_adapter(1, layers=6), small_adapter(2, layers=6)
    child = linear([mother, father], [[1.0, 0.5, 0.0], [0.0, -1.0, 2.0]], groups=LayerGroups(6))
    for number in range(6):
        layer = layer_name(number, "q_proj")
        m, f = [(1.0, 0.0), (0.5, -1.0), (0.0, 2.0)][number // 2]
        assert torch.allclose(delta(child, layer), m * delta(mother, layer) + f * delta(father, layer), atol=1e-5)


def test_attention_and_mlp_of_a_depth_take_their_own_coefficients() -> None:
    targets = ("down_proj", "q_proj")
    mother, father = small_adapter(1, targets=targets, layers=2), small_adapter(2, targets=targets, layers=2)
    groups = LayerGroups(2, 2, kinds=True)
    child = linear([mother, father], [[1.0, 0.5, 0.0, -1.0], [0.0, 2.0, 1.0, 0.5]], groups=groups)
    expected_by = {(0, "q_proj"): (1.0, 0.0), (0, "down_proj"): (0.5, 2.0), (1, "q_proj"): (0.0, 1.0)}
    for (number, target), (m, f) in {**expected_by, (1, "down_proj"): (-1.0, 0.5)}.items():
        layer = layer_name(number, target)
        assert torch.allclose(delta(child, layer), m * delta(mother, layer) + f * delta(father, layer), atol=1e-5)
    with pytest.raises(AdapterError, match="or 4 by layer group"):
        linear([mother, father], [[1.0, 1.0], [1.0, 1.0]], groups=groups)


def test_parents_with_coefficient_zero_cost_no_rank() -> None:
    mother, father = small_adapter(1, rank=3), small_adapter(2, rank=4)
    assert linear([mother, father], [1.0, 0.0]).spec.rank == 3
    nothing = linear([mother, father], [0.0, 0.0])
    assert nothing.spec.rank == 1
    assert all(not nothing.delta(layer).any() for layer in nothing.factors)


def test_parents_of_other_targets_leave_those_layers_to_the_rest() -> None:
    mother, father = small_adapter(1, targets=("q_proj",)), small_adapter(2, rank=5, targets=("down_proj", "q_proj"))
    child = linear([mother, father], [1.0, 1.0])
    assert child.spec.targets == ("down_proj", "q_proj")
    assert child.spec.rank == 8
    assert {len(pair.a) for pair in child.factors.values()} == {8}  # one rank: what PEFT's config can say
    layer = layer_name(0, "down_proj")
    assert torch.allclose(delta(child, layer), delta(father, layer), atol=1e-5)


def test_ties_votes_on_signs_and_takes_the_mean_of_those_who_agree() -> None:
    first = _of([[4.0, -1.0, 2.0, 0.5]])
    second = _of([[2.0, 3.0, -1.0, 0.5]])
    third = _of([[-1.0, 1.0, -2.0, 0.0]])
    child = ties([first, second, third], [1.0, 1.0, 1.0], density=1.0)
    assert child.delta(layer_name(0, "q_proj")).tolist() == [[3.0, 2.0, -1.5, 0.5]]
    heavier = ties([first, second, third], [1.0, 1.0, -4.0], density=1.0)  # 4 + 2 + 4, 3 - 1 - 4, 2 - 1 + 8, 1
    assert heavier.delta(layer_name(0, "q_proj"))[0].tolist() == pytest.approx([10 / 3, -2.5, 5.0, 0.5])


def test_ties_trims_all_but_the_largest_weights() -> None:
    child = ties([_of([[4.0, -1.0, 2.0, 0.5]])], [1.0], density=0.5)
    assert child.delta(layer_name(0, "q_proj")).tolist() == [[4.0, 0.0, 2.0, 0.0]]


def test_dare_drops_its_share_and_is_right_on_average() -> None:
    parent, generator = small_adapter(1, layers=1), torch.Generator().manual_seed(0)
    layer = layer_name(0, "q_proj")
    children = [dare([parent], [1.0], drop=0.75, generator=generator).delta(layer) for _ in range(2000)]
    stacked = torch.stack(children)
    assert float((stacked == 0).float().mean()) == pytest.approx(0.75, abs=0.01)
    error = (stacked.mean(dim=0) - parent.delta(layer)).abs() / parent.delta(layer).abs()
    assert float(error.max()) < 5 * (0.75 / 0.25 / 2000) ** 0.5  # five standard errors of a mean of such draws


def test_dare_gives_the_same_child_for_the_same_seed_only() -> None:
    parent = small_adapter(1)
    drawn = [dare([parent], [1.0], drop=0.5, generator=torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)]
    assert drawn[0].identity == drawn[1].identity != drawn[2].identity


def test_parents_of_another_base_or_shape_are_refused() -> None:
    with pytest.raises(AdapterUnfit, match=r"different bases .*choose parents of one base"):
        linear([small_adapter(1), small_adapter(2, base="c" * 64)], [1.0, 1.0])
    with pytest.raises(AdapterUnfit, match="differ in the shape of"):
        linear([small_adapter(1), _of([[1.0, 2.0]])], [1.0, 1.0])


@pytest.mark.parametrize(
    ("coefficients", "groups", "rank", "word"),
    [
        ([1.0], None, None, "each of the 2 parents"),
        ([1.0, float("nan")], None, None, "no finite number"),
        ([[1.0, 1.0], [1.0, 1.0]], LayerGroups(3), None, "or 3 by layer group"),
        ([1.0, 1.0], None, 0, "rank of 0"),
    ],
)
def test_coefficients_and_ranks_that_cannot_be_are_refused(
    coefficients: list[float], groups: LayerGroups | None, rank: int | None, word: str
) -> None:
    with pytest.raises(AdapterError, match=word):
        linear([small_adapter(1), small_adapter(2)], coefficients, groups=groups, rank=rank)


def test_no_parents_and_shares_out_of_range_are_refused() -> None:
    with pytest.raises(AdapterError, match="nothing to merge"):
        linear([], [])
    for share in (0.0, 1.1):
        with pytest.raises(AdapterError, match="density"):
            Ties(share)
    for share in (-0.1, 1.0):
        with pytest.raises(AdapterError, match="drop"):
            Dare(share, torch.Generator())


def _of(rows: list[list[float]]) -> Adapter:
    """An adapter of one layer whose ΔW is this very matrix."""
    dense = torch.tensor(rows)
    pair = Factors(dense, torch.eye(len(rows)))
    return Adapter(
        LoraSpec("b" * 64, len(rows), float(len(rows)), targets=("q_proj",)), {layer_name(0, "q_proj"): pair}
    )
