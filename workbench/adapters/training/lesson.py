"""Which examples are trained on, as tokens, and which of them each step reads.

    examples ─► rendered ─► too long? left out ─► in the order of their ids
    step k reads draws k·batch … (k+1)·batch of   permutation 0 ‖ permutation 1 ‖ …     (one for each pass, by the seed)

The order depends on the seed and on what the examples say, never on how the caller sorted them, and is computed for any
step at once: that is how a run that was interrupted goes on. It does not know the model.

>>> draws(3, 2, step=0, seed=0) + draws(3, 2, step=1, seed=0) + draws(3, 2, step=2, seed=0)
(2, 0, 1, 2, 0, 1)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from workbench.adapters.rendering import Rendered, render
from workbench.core.errors import TrainingError
from workbench.core.examples import Example


@dataclass(frozen=True, slots=True)
class Item:
    """One example as tokens, with the weight of its loss."""

    id: str
    tokens: Rendered
    weight: float


@dataclass(frozen=True, slots=True)
class Lesson:
    """The examples to train on, by id, and the ids of those that are too long."""

    items: tuple[Item, ...]
    left_out: tuple[str, ...] = ()

    @property
    def longest(self) -> int:
        return max(item.tokens.length for item in self.items)

    def read(self, step: int, batch: int, seed: int) -> tuple[Item, ...]:
        """The examples of a step, counted from 0."""
        return tuple(self.items[index] for index in draws(len(self.items), batch, step=step, seed=seed))


def lesson(examples: Sequence[Example], tokenizer: Any, limit: int) -> Lesson:
    """Tokens of the examples that fit.

    Args:
        limit: longest example, prompt and answer, in tokens.
    Raises:
        TrainingError: none is left, or a weight is not above 0.
    """
    ordered = sorted(examples, key=lambda one: (one.id, one.weight))
    _refuse_weights(ordered)
    items = [Item(one.id, render(one, tokenizer), one.weight) for one in ordered]
    fitting = tuple(item for item in items if item.tokens.length <= limit)
    if not fitting:
        raise TrainingError(_nothing(len(items), limit))
    return Lesson(fitting, tuple(item.id for item in items if item.tokens.length > limit))


def draws(count: int, batch: int, *, step: int, seed: int) -> tuple[int, ...]:
    """Which of `count` examples a step reads: each once a pass, in an order of the pass's own."""
    first = step * batch
    passes = range(first // count, (first + batch - 1) // count + 1)
    order = [index for number in passes for index in _permutation(count, seed, number)]
    skipped = first % count
    return tuple(order[skipped : skipped + batch])


def _permutation(count: int, seed: int, number: int) -> list[int]:
    import numpy

    return [int(index) for index in numpy.random.default_rng([seed, number]).permutation(count)]


def _refuse_weights(examples: Sequence[Example]) -> None:
    for one in examples:
        if not 0 < one.weight < float("inf"):
            raise TrainingError(f"The weight of {one.prompt[:60]!r} is {one.weight}; give a number above 0")


def _nothing(count: int, limit: int) -> str:
    if count == 0:
        return "There is no example to train on; give at least one"
    return f"All {count} examples are longer than {limit} tokens; shorten them or raise training.sequence_tokens"
