"""Answer at once: one prompt, one reply, with the conversation so far and what memory knows."""

from __future__ import annotations

from dataclasses import replace

from workbench.core.records import Turn
from workbench.reasoning.budget import fit_history
from workbench.reasoning.confidence import from_logprobs
from workbench.reasoning.thinker import Thinker


async def think(turn: Turn, thinker: Thinker) -> Turn:
    """One call of the model (more only if it calls tools natively)."""
    *opening, question = thinker.messages("direct", turn, question=turn.question)
    sampling = thinker.sampling()
    room = thinker.model.context_tokens - sampling.max_tokens
    messages = fit_history(opening, turn.history, question, room_tokens=room)
    turn, reply = await thinker.answer(turn, messages, sampling)
    return replace(turn, answer=reply.text.strip(), confidence=from_logprobs(reply.logprobs))
