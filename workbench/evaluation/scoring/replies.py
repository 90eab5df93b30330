"""Any engine scored by what it says: every example asked once, every reply checked.

    messages, as trained and scored ──► engine ──► reply ──► the example's checker

The gate scores the exported adapter anew in this way, through the engine that will answer. A reply that the model
failed to give counts as wrong and keeps its reason; an engine that is not there ends the scoring. It does not know
which engine it asks.

>>> score = await score_replies(asking(EmbeddedModel(), scorer.longest), examples)             # doctest: +SKIP
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing

from workbench.adapters.rendering import asked
from workbench.core.errors import ContextOverflow, ModelRefused
from workbench.core.examples import Example
from workbench.core.records import Sampling
from workbench.evaluation.scoring.score import Cost, Score, Scored
from workbench.models.protocol import Model, gather

Answer = Callable[[Example], Awaitable[str]]


def asking(model: Model, longest: Callable[[Example], int]) -> Answer:
    """An engine that answers examples greedily, in the words that training and scoring use.

    Args:
        longest: tokens that a reply may have, such as `Scorer.longest`.
    """

    async def answer(one: Example) -> str:
        async with aclosing(model.stream(asked(one.messages), Sampling(max_tokens=longest(one)))) as stream:
            return (await gather(stream)).text

    return answer


async def score_replies(
    answer: Answer,
    examples: Sequence[Example],
    *,
    name: str = "engine",
    on_progress: Callable[[Scored], None] | None = None,
) -> Score:
    """Ask for every example once, one after the other.

    Args:
        answer: from an example to the reply's text.
        on_progress: called with each outcome as it comes.
    Raises:
        WorkbenchError: the engine failed; a prompt that it refused is an outcome.
    """
    started, outcomes = time.perf_counter(), list[Scored]()
    for one in examples:
        outcomes.append(await _scored(answer, one))
        if on_progress is not None:
            on_progress(outcomes[-1])
    return Score(name, tuple(outcomes), Cost(time.perf_counter() - started, None, None, None))


async def _scored(answer: Answer, one: Example) -> Scored:
    try:
        reply = await answer(one)
    except (ModelRefused, ContextOverflow) as error:
        return Scored(one.id, one.skill, False, "generated", failure=error.sentence)
    return Scored(one.id, one.skill, one.is_answered_by(reply), "generated", reply=reply)
