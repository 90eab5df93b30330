"""Greedy replies, many at once, on the tree of their prompts; each stops as soon as its verdict is settled.

    row of prompts ──► best next tokens ──► one more column each ──► … ──► settled, ended or at its longest

A reply in the making is a leaf that grows: it sees its own path and nothing of the others, so there is no padding, and
what the prompts share is kept once. Where two tokens are nearly equal, numbers that differ in the last bits could turn
the choice: such a reply is given up as close, and `alone` writes it anew the way one prompt is answered.

A reply may also be drawn by chance instead: `drawn` makes such a choice from a temperature and a generator.

>>> for written in replies(reader, begun, is_over, tolerance=1e-3): ...                        # doctest: +SKIP
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.evaluation.scoring.reader import Reader
from workbench.evaluation.scoring.tree import Fed, Row, rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Generator, Tensor

ROWS_AT_ONCE = 3  # rows of prompts written on together: a step's cost is mostly that of reading the weights once
IsOver = Callable[[int, Sequence[int]], bool]  # which reply, its tokens so far
Choices = Callable[["Tensor"], list[tuple[int, float]]]  # of each reply's logits: a token, and how sure the choice is
NEVER_CLOSE = -1.0  # a tolerance by which no reply is given up


@dataclass(frozen=True, slots=True)
class Begun:
    """A reply that begins with tokens already known, if any."""

    key: int
    prompt: tuple[int, ...]
    written: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """A reply as far as it was needed; `close` where two tokens were nearly equal."""

    key: int
    tokens: tuple[int, ...]
    close: bool = False


def replies(
    reader: Reader, begun: Sequence[Begun], is_over: IsOver, *, tolerance: float, choices: Choices | None = None
) -> Iterator[Written]:
    """Every reply written on, in the order in which they are over.

    Args:
        choices: of the next tokens; None takes the best.
    """
    choices = choices or _choices
    cache: Any = None
    fed = [Fed(one.prompt + one.written, 1) for one in begun]
    for row in rows(fed, ROWS_AT_ONCE * reader.room):
        cache = reader.handed_on(cache, row)
        logits = reader.read_at(row, cache, [path[-1] for path in row.paths])
        leaves = _Leaves([begun[place] for place in row.places], row)
        yield from leaves.grown(reader, logits, cache, is_over, tolerance, choices)


def drawn(temperature: float, chance: Generator) -> Choices:
    """Tokens by chance: p ∝ exp(logit / temperature)."""
    import torch

    def chosen(logits: Tensor) -> list[tuple[int, float]]:
        likely = torch.softmax(logits.float().cpu() / temperature, dim=-1)
        tokens = torch.multinomial(likely, 1, generator=chance)[:, 0]
        return [(int(token), math.inf) for token in tokens]

    return chosen


def alone(reader: Reader, begun: Begun, is_over: IsOver) -> Written:
    """One reply by itself from its first token, as batch-1 greedy decoding writes it."""
    from transformers import DynamicCache

    cache, tokens, written = DynamicCache(), begun.prompt, list[int]()
    reader.tokens_read += len(tokens)
    while True:
        written.append(int(reader.alone(tokens, cache).argmax()))
        if is_over(begun.key, written):
            return Written(begun.key, tuple(written))
        tokens = (written[-1],)
        reader.tokens_written += 1


class _Leaves:
    """The replies of one row: what each has written, and which columns it sees."""

    def __init__(self, begun: Sequence[Begun], row: Row) -> None:
        self.begun = list(begun)
        self.written = [list(one.written) for one in begun]
        self.seen = _seen_by_next(row)

    def grown(
        self,
        reader: Reader,
        logits: Sequence[Tensor],
        cache: Any,
        is_over: IsOver,
        tolerance: float,
        choices: Choices,
    ) -> Iterator[Written]:
        import numpy as np
        import torch

        now = torch.stack(list(logits))
        while True:
            on = []
            for at, (best, margin) in enumerate(choices(now)):
                self.written[at].append(best)
                if margin <= tolerance:
                    yield Written(self.begun[at].key, tuple(self.written[at]), close=True)
                elif is_over(self.begun[at].key, self.written[at]):
                    yield Written(self.begun[at].key, tuple(self.written[at]))
                else:
                    on.append(at)
            if not on:
                return
            self._keep(on)
            self.seen = np.concatenate([self.seen, np.eye(len(on), dtype=np.bool_)], axis=1)
            lengths = [len(one.prompt) + len(said) for one, said in zip(self.begun, self.written, strict=True)]
            newest = [said[-1] for said in self.written]
            now = reader.write(newest, [length - 1 for length in lengths], self.seen, cache)

    def _keep(self, on: Sequence[int]) -> None:
        self.begun = [self.begun[at] for at in on]
        self.written = [self.written[at] for at in on]
        self.seen = self.seen[list(on)]


def _choices(logits: Tensor) -> list[tuple[int, float]]:
    """Best token of each reply and its lead over the second."""
    values, ids = logits.topk(2, dim=-1)
    return list(zip(ids[:, 0].tolist(), (values[:, 0] - values[:, 1]).tolist(), strict=True))


def _seen_by_next(row: Row) -> NDArray[np.bool_]:
    """Columns that a token after each sequence sees, its own left out, (replies, columns)."""
    import numpy as np

    seen = np.zeros((len(row.paths), len(row.stem) + len(row.tokens)), dtype=np.bool_)
    for at, path in enumerate(row.paths):
        seen[at, list(path)] = True
    return seen
