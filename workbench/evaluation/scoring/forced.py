"""Gold answers read in one pass: what the model would say at every place, and how likely what it should say is.

    prompt ─ a₁ ─ a₂ ─ … ─ aₙ₋₁          logits at the last n places
      ↓      ↓    ↓         ↓            gold is the greedy answer  ⇔  each aⱼ is the highest, aₙ ends the turn
      a₁?    a₂?  a₃?  …    aₙ?

It does not know checkers: it reports, and `scorer` judges.

>>> for place, read in forced(reader, [render(one, tokenizer) for one in examples]): ...       # doctest: +SKIP
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from workbench.adapters.rendering import Rendered
from workbench.core.errors import AdapterDamaged
from workbench.evaluation.scoring.reader import Reader
from workbench.evaluation.scoring.tree import Fed, Row, rows

if TYPE_CHECKING:
    from torch import Tensor


class Place(NamedTuple):
    """What the model says at one place of a gold answer."""

    logprob: float  # of the gold token
    gap: float  # logit of the best token less that of the gold one; 0 where the gold one is best
    best: int
    second: int
    margin: float  # logit of the best token less that of the second


def forced(reader: Reader, rendered: Sequence[Rendered]) -> Iterator[tuple[int, tuple[Place, ...]]]:
    """Which example, and its places, in the order in which the passes come to them.

    Raises:
        AdapterDamaged: what the model says is not a number, as after a training that diverged.
    """
    fed = [Fed(one.prompt + one.answer[:-1], len(one.answer)) for one in rendered]
    cache: Any = None
    for row in rows(fed, reader.room):
        cache = reader.handed_on(cache, row)
        found = _row_places(reader, row, cache, rendered)
        for place, path in zip(row.places, row.paths, strict=True):
            answer = rendered[place].answer
            yield place, tuple(found[pair] for pair in zip(path[-len(answer) :], answer, strict=True))


def _row_places(reader: Reader, row: Row, cache: Any, rendered: Sequence[Rendered]) -> dict[tuple[int, int], Place]:
    """By column and gold token, for two answers may differ in what follows one column."""
    golds: dict[int, set[int]] = {}
    for place, path in zip(row.places, row.paths, strict=True):
        answer = rendered[place].answer
        for column, gold in zip(path[-len(answer) :], answer, strict=True):
            golds.setdefault(column, set()).add(gold)
    found: dict[tuple[int, int], Place] = {}
    for columns, logits in reader.read(row, cache, sorted(golds)):
        found |= _places(logits, [(at, column, gold) for at, column in enumerate(columns) for gold in golds[column]])
    return found


def _places(logits: Tensor, asked: Sequence[tuple[int, int, int]]) -> dict[tuple[int, int], Place]:
    """Args: logits: (columns, vocabulary); asked: row of the logits, column and gold token."""
    import torch

    at = torch.tensor([one[0] for one in asked], device=logits.device)
    gold = torch.tensor([one[2] for one in asked], device=logits.device)
    gold_logits = logits[at, gold]
    logprobs = (gold_logits - logits.logsumexp(-1)[at]).tolist()
    if not all(map(math.isfinite, logprobs)):
        raise AdapterDamaged("The model's logits are not numbers; train the adapter anew at a lower learning rate")
    top = logits.topk(2, dim=-1)
    best, second = top.values.unbind(-1)
    gaps, margins = (best[at] - gold_logits).tolist(), (best - second)[at].tolist()
    ids = top.indices[at].tolist()
    rest = zip(asked, logprobs, gaps, ids, margins, strict=True)
    return {
        (column, token): Place(logprob, gap, pair[0], pair[1], margin)
        for (_, column, token), logprob, gap, pair, margin in rest
    }
