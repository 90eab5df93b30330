"""Coefficients of a merge, learned by gradient: a few numbers for each parent, while every weight stays as it is.

    ΔW = Σ cᵢ(g) ΔWᵢ = [c₁B₁ c₂B₂ …] · [A₁; A₂; …]        ∂L/∂cᵢ(g) = Σ over layers of g ⟨∂L/∂(block i of B), Bᵢ⟩

The parents lie side by side in one adapter, whose exact sum is that of `merging.linear`; what a training step would do
to the factors is folded into one number for each parent and layer group. AdaMerging (Yang et al. 2024, arXiv
2310.02575) learns such coefficients from the entropy of unlabelled inputs; here the loss of gold answers leads. It does
not know candidates, scores or files. It imports torch: import it on use.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from workbench.adapters.adapter import Adapter
from workbench.adapters.bases import Base, load_tokenizer
from workbench.adapters.merging import LayerGroups, linear
from workbench.adapters.training.ladder import Rung, enough_memory
from workbench.adapters.training.lesson import Item, lesson
from workbench.adapters.training.opening import open_student
from workbench.adapters.training.planning import context_tokens, first_rung
from workbench.adapters.training.sitting import asked_weight, passes, repeatable
from workbench.adapters.training.student import Student, factors_of
from workbench.core.errors import TrainingError
from workbench.core.examples import Example
from workbench.core.schema import TrainingSettings

BETAS = (0.9, 0.95)  # of Adam: a path of a dozen steps forgets its first gradients soon
TOGETHER = 1.5  # that all coefficients of a layer begin with
LAST_RATE = 0.1  # the rate of the last step as a share of the first


@dataclass(frozen=True, slots=True)
class Climb:
    """How long, how fast, and where from.

    Args:
        steps: of Adam, each over `batch` examples.
        rate: what a coefficient moves by in the first step; it falls to a tenth.
        start: every coefficient at the beginning; None is such that they add up to 1.5, but at most .75 each.
        kept: coefficients are handed back so many times, the last time at the end.
    """

    steps: int
    batch: int
    rate: float = 0.2
    start: float | None = None
    kept: int = 3
    seed: int = 0


class Coefficients(NamedTuple):
    """A place on the path: a row for each parent, a column for each layer group; the loss is that of the step there."""

    step: int
    rows: tuple[tuple[float, ...], ...]
    loss: float


def climbed(
    base: Base,
    parents: Sequence[Adapter],
    groups: LayerGroups,
    examples: Sequence[Example],
    dials: TrainingSettings,
    *,
    climb: Climb,
    safe_bytes: int | None = None,
    on_step: Callable[[int, int], None] | None = None,
) -> tuple[Coefficients, ...]:
    """Coefficients along the path, the last ones at its end.

    Args:
        parents: adapters on this base; their order is that of the rows.
        dials: of training; precision, longest sequence and checkpointing are used.
        safe_bytes: what it may take; None begins at the highest rung of the memory ladder.
        on_step: called with how many steps are done, of how many; what it raises ends this.
    Raises:
        TrainingError: no memory, nothing to learn from, a loss that is no number.
        AdapterUnfit: a parent belongs to another base.
    """
    whole = linear(parents, [1.0] * len(parents))
    read = lesson(examples, load_tokenizer(base), min(dials.sequence_tokens, context_tokens(base)))
    rung, _ = first_rung(base, dials, rank=whole.spec.rank, longest=read.longest, safe_bytes=safe_bytes)
    bare = dials.model_copy(update={"dropout": 0.0})
    with repeatable(climb.seed), enough_memory(f"There is no memory to blend on {base.name}; choose a smaller base"):
        path = _Path(open_student(base, bare, whole), parents, groups, climb, rung)
        for step in range(climb.steps):
            path.step(read.read(step, min(climb.batch, len(read.items)), climb.seed))
            if on_step is not None:
                on_step(step + 1, climb.steps)
    return tuple(path.kept)


class _Path:
    """The coefficients as they move."""

    def __init__(
        self, student: Student, parents: Sequence[Adapter], groups: LayerGroups, climb: Climb, rung: Rung
    ) -> None:
        self._student, self._climb, self._rung = student, climb, rung
        start = min(TOGETHER / len(parents), TOGETHER / 2) if climb.start is None else climb.start
        self._rows = torch.full((len(parents), groups.columns), start, dtype=torch.float64)
        self._optimizer = torch.optim.Adam([self._rows], lr=climb.rate, betas=BETAS)
        self._owners = {layer: _owners(layer, parents) for layer in student.layers}  # (rank,) whose each direction is
        self._column = {layer: groups.of(layer) for layer in student.layers}
        self._b = {layer: factors_of(one)[1].detach().clone() for layer, one in student.layers.items()}
        for one in student.layers.values():
            factors_of(one)[0].requires_grad_(False)
        student.model.train()
        student.set_checkpointing(rung.checkpointing)
        self._after = _kept_after(climb)
        self.kept: list[Coefficients] = []
        self._done = 0

    def step(self, items: Sequence[Item]) -> None:
        """One move of the coefficients."""
        self._lay()
        loss = self._gradient(items)
        if not math.isfinite(loss):
            raise TrainingError(f"The loss of these parents together is {loss}; one of them is damaged: score each")
        left = 1 - self._done / self._climb.steps
        for group in self._optimizer.param_groups:
            group["lr"] = self._climb.rate * (LAST_RATE + (1 - LAST_RATE) * left)
        self._optimizer.step()
        self._done += 1
        if self._done in self._after:
            rows = tuple(tuple(map(float, row)) for row in self._rows.detach())
            self.kept.append(Coefficients(self._done, rows, loss))

    def _lay(self) -> None:
        """Put the coefficients into the factors B."""
        with torch.no_grad():
            for layer, one in self._student.layers.items():
                b, owners = factors_of(one)[1], self._owners[layer]
                weights = self._rows[owners, self._column[layer]].to(b)
                b.copy_(self._b[layer])
                b[:, : len(owners)] *= weights
                b.grad = None

    def _gradient(self, items: Sequence[Item]) -> float:
        total, loss = asked_weight(items), 0.0
        for rows in passes(self._student, self._rung, items):
            part = self._student.loss(rows) / total
            part.backward()
            loss += float(part.detach())
        gradient = torch.zeros_like(self._rows)
        for layer, one in self._student.layers.items():
            owners = self._owners[layer]
            slope: Tensor = factors_of(one)[1].grad
            by_direction = (slope * self._b[layer])[:, : len(owners)].sum(dim=0).double().cpu()  # (rank,)
            gradient[:, self._column[layer]].index_add_(0, owners, by_direction)
        self._rows.grad = gradient
        return loss


def _owners(layer: str, parents: Sequence[Adapter]) -> Tensor:
    """By direction of a layer's sum: the place of the parent that it comes from."""
    order = sorted(range(len(parents)), key=lambda at: parents[at].identity)  # in which a merge lays them
    ranks = {at: len(parents[at].factors[layer].a) for at in order if layer in parents[at].factors}
    return torch.tensor([at for at, rank in ranks.items() for _ in range(rank)])


def _kept_after(climb: Climb) -> frozenset[int]:
    return frozenset(math.ceil(climb.steps * part / climb.kept) for part in range(1, climb.kept + 1))
