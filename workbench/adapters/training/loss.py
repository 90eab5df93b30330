"""The loss of the answers alone, from hidden states to one number, in chunks that never hold all logits.

    loss = Σ wᵢ · −log p(answer tokenᵢ)         p = softmax(head(hidden))

The head is frozen, so the gradient with respect to the hidden states is computed in the forward pass, chunk by chunk:
(Σ w) · p − w at the answer tokens, times the head's weights. Peak memory is one chunk of logits, whatever the answers'
length. It does not know what came before the hidden states. It imports torch: import it on use.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

CHUNK_BYTES = 48 * 1024**2  # of fp32 logits at once: 256 rows for a vocabulary of 49,152
Head = Callable[[Tensor], Tensor]  # hidden states (n, hidden size) -> logits (n, vocabulary)


@dataclass(frozen=True, slots=True)
class Goals:
    """What should follow which row of hidden states: three columns, a line for each; no two lines agree in two."""

    rows: Tensor  # (m,) which row of the hidden states
    tokens: Tensor  # (m,) the token that should follow
    weights: Tensor  # (m,) float32


def goals_of(goals: Sequence[tuple[int, int, float]], device: Any) -> Goals:
    """The columns, on the model's device."""
    rows, tokens, weights = (torch.tensor(column, device=device) for column in zip(*goals, strict=True))
    return Goals(rows, tokens, weights.float())


def answer_loss(hidden: Tensor, head: Head, vocabulary: int, goals: Goals) -> Tensor:
    """Weighted sum of −log p over the goals, a scalar whose gradient flows into `hidden` only.

    Args:
        hidden: (n, hidden size), the states after which something should follow.
        vocabulary: how many logits the head gives for each.
    """
    apply: Any = _AnswerLoss.apply
    total: Tensor = apply(hidden, head, vocabulary, goals)
    return total


class _AnswerLoss(torch.autograd.Function):
    """Forward computes loss and gradient together; backward only scales what was kept."""

    @staticmethod
    def forward(context: Any, hidden: Tensor, head: Head, vocabulary: int, goals: Goals) -> Tensor:
        wanted = context.needs_input_grad[0]
        size = max(1, CHUNK_BYTES // (4 * vocabulary))
        parts = [
            _chunk(hidden[first : first + size], head, _within(goals, first, size), wanted=wanted)
            for first in range(0, len(hidden), size)
        ]
        context.save_for_backward(torch.cat([slope for _, slope in parts]))
        return torch.stack([loss for loss, _ in parts]).sum()

    @staticmethod
    def backward(context: Any, *slopes: Tensor) -> Any:
        (gradient,) = context.saved_tensors
        return gradient * slopes[0].to(gradient.dtype), None, None, None


def _within(goals: Goals, first: int, size: int) -> Goals:
    inside = (goals.rows >= first) & (goals.rows < first + size)
    return Goals(goals.rows[inside] - first, goals.tokens[inside], goals.weights[inside])


def _chunk(hidden: Tensor, head: Head, goals: Goals, *, wanted: bool) -> tuple[Tensor, Tensor]:
    """Loss, and its gradient with respect to these rows (nothing where none is wanted)."""
    with torch.set_grad_enabled(wanted):
        leaf = hidden.detach().requires_grad_(wanted)
        logits = head(leaf)
    scores = logits.detach().float()  # (n, vocabulary)
    lognorm = scores.logsumexp(-1)  # (n,)
    loss = (goals.weights * (lognorm[goals.rows] - scores[goals.rows, goals.tokens])).sum()
    if not wanted:
        return loss, hidden[:0]
    mass = torch.zeros_like(lognorm).index_add_(0, goals.rows, goals.weights)  # Σ w of each row
    slope = (scores - lognorm[:, None]).exp_().mul_(mass[:, None])
    slope[goals.rows, goals.tokens] -= goals.weights
    (gradient,) = torch.autograd.grad(logits, leaf, slope.to(logits.dtype))
    return loss, gradient
