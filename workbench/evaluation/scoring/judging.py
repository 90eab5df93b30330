"""From what one pass says of a gold answer to a verdict, or to what is still missing for one.

    every gold token best ─────────────────► the reply is the gold answer: check it      right or wrong
    another token best at place j ─────────► the reply begins a₁…aⱼ₋₁ and then that      wrong, or to be written on
    two tokens nearly equal where it counts ► to be written alone

So a wrong answer is usually known without writing it, and a reply that says the gold text in other tokens is not
missed. It does not know models.

>>> judged(one, rendered, read, text_of, ends=frozenset({2}), tolerance=1e-3).right             # doctest: +SKIP
True
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from workbench.core.examples import Example
from workbench.evaluation.scoring.deciding import decided
from workbench.evaluation.scoring.forced import Place

TextOf = Callable[[Sequence[int]], str]


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict, or None and what is missing; `begun` are the reply's first tokens where it must be written on."""

    right: bool | None
    missing: Literal["nothing", "the rest", "all"] = "nothing"
    begun: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Judge:
    """How replies in tokens are judged.

    Args:
        text_of: from a reply's tokens to its text, without special tokens.
        ends: tokens that end a turn.
        tolerance: logits this near to each other are nearly equal: which one is higher depends on the batch. Below
            zero none are, and the pass is believed.
    """

    text_of: TextOf
    ends: frozenset[int]
    tolerance: float

    def verdict(self, one: Example, tokens: Sequence[int], longest: int) -> bool | None:
        """Of a reply so far; None while it must go on."""
        if tokens[-1] in self.ends or len(tokens) >= longest:
            return one.is_answered_by(self.text_of(tokens))
        return decided(one, self.text_of(tokens))

    def of_places(self, one: Example, answer: Sequence[int], places: Sequence[Place], longest: int) -> Judged:
        """Of a gold answer that was read."""
        for at, place in enumerate(places):
            if place.gap > max(self.tolerance, 0.0):
                return self._parted(one, answer[:at], place, longest)
            if place.margin <= self.tolerance or place.gap > 0:
                return Judged(None, "all")
        return Judged(one.is_answered_by(self.text_of(answer)))

    def _parted(self, one: Example, shared: Sequence[int], place: Place, longest: int) -> Judged:
        """Where the model says something else than gold."""
        nearly = place.margin <= self.tolerance
        begun = [(*shared, token) for token in ((place.best, place.second) if nearly else (place.best,))]
        verdicts = {self.verdict(one, tokens, longest) for tokens in begun}
        if verdicts in ({True}, {False}):
            return Judged(verdicts.pop())
        return Judged(None, "all") if nearly else Judged(None, "the rest", begun[0])
