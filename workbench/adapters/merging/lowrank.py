"""Products of two thin matrices: their singular values, sums and inner products, without building what they span.

    B · A = (Q_b R_b)(Q_a R_a)ᵀ = Q_b (R_b R_aᵀ) Q_aᵀ        R_b R_aᵀ: (rank, rank), whose SVD costs next to nothing

All inner arithmetic is float64, so that the only rounding is that of the result to float32. It does not know adapters
nor scales: a pair here is ΔW itself, b @ a.

>>> truncated_pair(pair, 4).pair.a.shape                                  # doctest: +SKIP
torch.Size([4, 576])
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from workbench.adapters.adapter import Factors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

ELSEWHERE = 1e-3  # of what is read along a direction, beside the inputs that count


class Spectrum(NamedTuple):
    """A singular value decomposition, float64, the largest value first: ΔW = u · diag(sigma) · vt."""

    u: Tensor  # (out, k)
    sigma: Tensor  # (k,)
    vt: Tensor  # (k, in)

    def pair(self, rank: int | None = None) -> Factors:
        """The first `rank` directions as factors; the root of each singular value goes to either side."""
        root = self.sigma[:rank].sqrt()
        return Factors((root[:, None] * self.vt[:rank]).float(), (self.u[:, :rank] * root).float())


class Truncated(NamedTuple):
    """A pair of lower rank, and the Frobenius norm of what was cut away; 0 where nothing was."""

    pair: Factors
    lost_norm: float


def spectrum(pair: Factors) -> Spectrum:
    """The singular values of b @ a, from the factors alone."""
    import torch

    qb, rb = torch.linalg.qr(pair.b.double())  # (out, k), (k, rank)
    qa, ra = torch.linalg.qr(pair.a.double().T)  # (in, k'), (k', rank)
    u, sigma, vt = torch.linalg.svd(rb @ ra.T, full_matrices=False)
    return Spectrum(qb @ u, sigma, vt @ qa.T)


def dense_spectrum(delta: Tensor) -> Spectrum:
    """The singular values of a whole matrix, from the smaller of its two Gram matrices.

    Squaring costs half the digits, of which float64 has sixteen and the weights seven.
    """
    import torch

    wide = delta.double() if delta.shape[0] <= delta.shape[1] else delta.double().T
    squares, left = torch.linalg.eigh(wide @ wide.T)  # in rising order
    left, sigma = left.flip(-1), squares.flip(-1).clamp(min=0).sqrt()
    right = left.T @ wide  # diag(sigma) · vt
    unit = right / sigma.clamp(min=torch.finfo(torch.float64).tiny)[:, None]
    unit[sigma == 0] = 0
    return Spectrum(left, sigma, unit) if wide.shape == delta.shape else Spectrum(unit.T, sigma, left.T)


def truncated_pair(pair: Factors, rank: int) -> Truncated:
    """The nearest pair of at most that rank (Eckart and Young 1936); a thin one stays as it is, bit by bit."""
    return Truncated(pair, 0.0) if len(pair.a) <= rank else _cut(spectrum(pair), rank)


def truncated_for(pair: Factors, rank: int, inputs: Tensor) -> Truncated:
    """The pair of at most that rank whose outputs on some inputs are nearest; a thin one stays as it is, bit by bit.

    ‖(ΔW' − ΔW) Fᵀ‖ is least where ΔW' is ΔW projected on the first left singular vectors of ΔW Fᵀ. A little of every
    other input is added, which decides where these leave it open.

    Args:
        inputs: F, (k, in).
    """
    import torch

    if len(pair.a) <= rank:
        return Truncated(pair, 0.0)
    a, f = pair.a.double(), inputs.double()
    qb, rb = torch.linalg.qr(pair.b.double())
    ra = torch.linalg.qr(a.T, mode="r").R
    every = ELSEWHERE * f.norm() / f.shape[1] ** 0.5  # as if so much were read along each direction
    u, _, _ = torch.linalg.svd(rb @ torch.cat([a @ f.T, every * ra.T], dim=1), full_matrices=False)
    held = (u[:, :rank].T @ rb) @ a
    lost = (u[:, rank:].T @ rb) @ a
    return Truncated(Factors(held.float(), (qb @ u[:, :rank]).float()), float(lost.norm()))


def truncated_dense(delta: Tensor, rank: int | None) -> Truncated:
    """The nearest pair of at most that rank to a whole matrix; None or full rank is exact: one factor is the matrix."""
    import torch

    full = min(delta.shape)
    if rank is None or rank >= full:
        wide = delta.shape[0] <= delta.shape[1]
        return Truncated(Factors(delta, torch.eye(full)) if wide else Factors(torch.eye(full), delta), 0.0)
    return _cut(dense_spectrum(delta), rank)


def joined(pairs: Sequence[Factors]) -> Factors:
    """The exact sum of several ΔW: factors laid side by side, ranks added."""
    import torch

    return Factors(torch.cat([pair.a for pair in pairs]), torch.cat([pair.b for pair in pairs], dim=1))


def inner(left: Factors, right: Factors) -> float:
    """The Frobenius inner product of two ΔW: tr(A₁ᵀ B₁ᵀ B₂ A₂) = Σ (B₁ᵀ B₂) ∘ (A₁ A₂ᵀ)."""
    b = left.b.double().T @ right.b.double()
    a = left.a.double() @ right.a.double().T
    return float((a * b).sum())


def norm(pair: Factors) -> float:
    """The Frobenius norm of ΔW; from triangular factors, since a root of `inner` loses half the digits near zero."""
    import torch

    rb = torch.linalg.qr(pair.b.double(), mode="r").R
    ra = torch.linalg.qr(pair.a.double().T, mode="r").R
    return float((rb @ ra.T).norm())


def _cut(whole: Spectrum, rank: int) -> Truncated:
    return Truncated(whole.pair(rank), float(whole.sigma[rank:].norm()))
