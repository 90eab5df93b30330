"""Does confidence mean what it says? Of the answers given with 0.8, eight in ten should be right.

    Brier = 1/n · Σ (cᵢ − yᵢ)²                          0 is perfect, 0.25 is to say ½ always (Brier 1950)
    ECE   = Σ n_b/n · | accuracy_b − confidence_b |     over equal-width bins b (Guo et al. 2017, arXiv 1706.04599)

Bins are half-open, [0, 0.1), …, [0.9, 1]. ECE depends on the bins and is biased upward when they hold few answers: give
it beside the number of answers, never alone. It does not know how a confidence was made.

>>> brier([1.0, 0.0], [True, False])
0.0
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from workbench.evaluation.intervals import wilson_interval


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """The answers whose confidence fell between two edges, with the Wilson interval of their accuracy."""

    start: float
    end: float
    count: int
    correct: int
    confidence: float  # mean of the answers in it

    @property
    def accuracy(self) -> float:
        return self.correct / self.count

    @property
    def low(self) -> float:
        return wilson_interval(self.correct, self.count).low

    @property
    def high(self) -> float:
        return wilson_interval(self.correct, self.count).high


def brier(confidences: Sequence[float], correct: Sequence[bool]) -> float:
    """Mean squared distance between confidence and outcome, 0..1; lower is better."""
    return fmean((said - right) ** 2 for said, right in _pairs(confidences, correct))


def expected_calibration_error(confidences: Sequence[float], correct: Sequence[bool], bins: int = 10) -> float:
    """Mean gap between confidence and accuracy over equal-width bins, weighted by their answers, 0..1."""
    found = reliability_bins(confidences, correct, bins)
    return sum(one.count * abs(one.accuracy - one.confidence) for one in found) / len(confidences)


def reliability_bins(
    confidences: Sequence[float], correct: Sequence[bool], bins: int = 10
) -> tuple[ReliabilityBin, ...]:
    """The bins that hold answers, from low to high confidence; empty ones are left out."""
    assert bins >= 1, "at least one bin"
    grouped: dict[int, list[tuple[float, bool]]] = {}
    for said, right in _pairs(confidences, correct):
        grouped.setdefault(min(int(said * bins), bins - 1), []).append((said, right))  # 1.0 belongs to the last
    return tuple(_bin(place, bins, grouped[place]) for place in sorted(grouped))


def _bin(place: int, bins: int, answers: list[tuple[float, bool]]) -> ReliabilityBin:
    return ReliabilityBin(
        start=place / bins,
        end=(place + 1) / bins,
        count=len(answers),
        correct=sum(right for _, right in answers),
        confidence=fmean(said for said, _ in answers),
    )


def _pairs(confidences: Sequence[float], correct: Sequence[bool]) -> list[tuple[float, bool]]:
    assert confidences, "calibration needs at least one answer"
    assert all(0 <= said <= 1 for said in confidences), "a confidence lies in 0..1"
    return list(zip(confidences, correct, strict=True))
