"""A lesson that spares what was read before: a branch of its own, which earlier inputs do not enter.

    ΔW = [B₀ B] · [A₀; A]        A₀, B₀: what the lesson goes on from, frozen        A Fᵀ = 0        B: free

F are directions of what earlier lessons read (`adapters.grams`). What a layer answers to inputs along them stays what
it was, whatever the lesson learns, so nothing has to be weighed against its loss. InfLoRA (Liang & Li 2024, arXiv
2404.00228) fixes such an A; here A moves, and is put back to where it may be after each step, as in Adam-NSCL (Wang et
al. 2021, arXiv 2103.07113). Layers whose input no sums are kept of are free. It imports torch: import it on use.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from workbench.adapters.adapter import Adapter, Factors
from workbench.adapters.grams import Grams, read_by, together
from workbench.adapters.training.student import Student, factors_of

LEAST = 1e-6  # of the largest: what is less is rounding
SHARE = 1 / 3  # of an input's width at most; the rest is left to learn in


def with_branch(start: Adapter, rank: int, scale: float) -> Adapter:
    """The same adapter with room for so many more directions, which `opening` fills with fresh ones.

    Args:
        scale: of the fresh pair.
    """
    wide = start.spec.rank + rank
    spec = replace(start.spec, rank=wide, alpha=scale * wide, rslora=False)
    share = start.spec.scale / scale
    return Adapter(spec, {layer: Factors(pair.a, pair.b * share) for layer, pair in start.factors.items()})


@dataclass(frozen=True)
class _Held:
    """One layer: how many directions are frozen, and what those of the branch must not read."""

    frozen: int
    basis: Tensor | None  # (k, in), orthonormal rows

    def free(self, a: Tensor) -> None:
        """Take out of the branch's rows, in place, what lies along the basis."""
        if self.basis is not None:
            branch = a[self.frozen :]
            branch -= (branch @ self.basis.T) @ self.basis


class Sparing:
    """What a student must not disturb; made before its first step, of one that was opened with a branch.

    Args:
        frozen: directions of each layer that the lesson goes on from; 0 where it begins at the base.

    Attributes:
        is_full: some layer has no room for all that was read; what was read least is not spared there.
    """

    def __init__(self, student: Student, old: Sequence[Grams], frozen: int) -> None:
        self._student = student
        bases: dict[str, Tensor | None] = {}
        for name, layer in student.layers.items():
            read = read_by(name)
            if read not in bases:
                bases[read] = _basis(together(old, name), factors_of(layer)[0])
        self._held = {name: _Held(frozen, bases[read_by(name)]) for name in student.layers}
        self.is_full = any(one is not None and len(one) == _room(one.shape[1]) for one in bases.values())
        self.after_step()

    def before_step(self) -> None:
        """What is frozen has no gradient, and the branch none along what was read, by which Adam would be slowed."""
        for name, held in self._held.items():
            a, b = factors_of(self._student.layers[name])
            a.grad[: held.frozen] = 0
            b.grad[:, : held.frozen] = 0
            held.free(a.grad)

    def after_step(self) -> None:
        """The branch reads nothing of what was read before, whatever the optimizer made of its gradient."""
        with torch.no_grad():
            for name, held in self._held.items():
                held.free(factors_of(self._student.layers[name])[0])


def _basis(every: Tensor | None, like: Tensor) -> Tensor | None:
    """Orthonormal rows along which most was read; None where nothing was."""
    if every is None:
        return None
    squares, sides = torch.linalg.eigh(every @ every.T)  # in rising order
    kept = squares > LEAST**2 * squares[-1]
    kept[: max(0, len(kept) - _room(every.shape[1]))] = False
    rows: Tensor = (sides[:, kept] / squares[kept].sqrt()).T @ every
    return rows.to(like)


def _room(width: int) -> int:
    """Directions of an input that may be spared."""
    return int(SHARE * width)
