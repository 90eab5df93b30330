"""Coefficients learned by gradient, on a tiny base and drawn parents: the gradient is the true one, the loss falls."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.adapters.training.tiny import small_dials, sums
from workbench.adapters.adapter import Adapter, Factors
from workbench.adapters.attach import attached
from workbench.adapters.bases import Base, load_model, load_tokenizer
from workbench.adapters.merging import LayerGroups, linear
from workbench.adapters.training import train
from workbench.adapters.training.blend import Climb, climbed
from workbench.adapters.training.lesson import lesson
from workbench.core.errors import AdapterUnfit

GROUPS = LayerGroups(2, 2)


@pytest.fixture(scope="module")
def parents(tiny: Base, tmp_path_factory: pytest.TempPathFactory) -> list[Adapter]:
    """Two that learned the sums, of ranks 2 and 3, and one that learned nothing."""
    made = []
    for seed, rank in ((1, 2), (2, 3)):
        dials = small_dials(steps=12, rank=rank, seed=seed, learning_rate=1e-2)
        made.append(train(tiny, sums(8), dials, folder=tmp_path_factory.mktemp("run") / "r").adapter)
    chance = torch.Generator().manual_seed(0)

    def noise(like: torch.Tensor) -> torch.Tensor:
        return torch.randn(like.shape, generator=chance) / 5

    return [*made, Adapter(made[0].spec, {name: Factors(*map(noise, pair)) for name, pair in made[0].factors.items()})]


def loss_of(base: Base, adapter: Adapter, count: int) -> float:
    """Mean −log p of an answer token, by the model's own forward."""
    model, total, tokens = load_model(base, precision="fp32"), 0.0, 0
    with attached(model, adapter), torch.no_grad():
        for item in lesson(sums(count), load_tokenizer(base), 256).items:
            ids = torch.tensor([[*item.tokens.prompt, *item.tokens.answer]])
            logits = model(input_ids=ids).logits[0, len(item.tokens.prompt) - 1 : -1]
            total += float(torch.nn.functional.cross_entropy(logits, torch.tensor(item.tokens.answer), reduction="sum"))
            tokens += len(item.tokens.answer)
    return total / tokens


def test_the_first_step_goes_down_the_slope_that_differences_show(
    tiny: Base, parents: list[Adapter], monkeypatch: pytest.MonkeyPatch
) -> None:
    slopes: list[torch.Tensor] = []
    step = torch.optim.Adam.step

    def noted(self: torch.optim.Adam, *rest: object) -> object:
        slopes.append(self.param_groups[0]["params"][0].grad.clone())
        return step(self, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(torch.optim.Adam, "step", noted)
    climbed(tiny, parents, GROUPS, sums(6), small_dials(), climb=Climb(1, 6, start=0.3, kept=1))
    found = slopes[0]

    def at(row: int, column: int, by: float) -> float:
        rows = [[0.3, 0.3] for _ in parents]
        rows[row][column] += by
        return loss_of(tiny, linear(parents, [tuple(each) for each in rows], groups=GROUPS), 6)

    for row in range(len(parents)):
        for column in range(GROUPS.columns):
            wanted = (at(row, column, 1e-3) - at(row, column, -1e-3)) / 2e-3
            assert float(found[row, column]) == pytest.approx(wanted, rel=0.02, abs=2e-3)


def test_the_way_goes_down_and_its_end_is_the_merge_that_it_says(tiny: Base, parents: list[Adapter]) -> None:
    told: list[tuple[int, int]] = []
    path = climbed(
        tiny,
        parents,
        GROUPS,
        sums(8),
        small_dials(),
        climb=Climb(12, 8, rate=0.1),
        on_step=lambda done, of: told.append((done, of)),
    )
    assert [one.step for one in path] == [4, 8, 12]
    assert told == [(done, 12) for done in range(1, 13)]
    begun = loss_of(tiny, linear(parents, [0.5] * 3), 8)
    ends = [loss_of(tiny, linear(parents, one.rows, groups=GROUPS), 8) for one in path]
    assert begun > ends[0] > ends[-1]
    assert path[-1].loss == pytest.approx(ends[-1], abs=0.1 * begun)
    learned, noisy = path[-1].rows[0], path[-1].rows[2]
    assert sum(learned) > sum(map(abs, noisy))


def test_one_seed_walks_the_same_way_twice(tiny: Base, parents: list[Adapter]) -> None:
    first, again = (
        climbed(tiny, parents, GROUPS, sums(10), small_dials(), climb=Climb(3, 4, seed=5)) for _ in range(2)
    )
    assert first == again


def test_a_parent_of_another_base_is_refused(tiny: Base, parents: list[Adapter], tmp_path: Path) -> None:
    other = Base("other", "1" * 64, tiny.folder)
    with pytest.raises(AdapterUnfit, match="another base"):
        climbed(other, parents, GROUPS, sums(4), small_dials(), climb=Climb(1, 4))


def test_what_stops_it_leaves_the_next_walk_as_it_was(tiny: Base, parents: list[Adapter]) -> None:
    def stop(done: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        climbed(tiny, parents, GROUPS, sums(4), small_dials(), climb=Climb(2, 4), on_step=stop)
    assert len(climbed(tiny, parents, GROUPS, sums(4), small_dials(), climb=Climb(2, 4, kept=2))) == 2
