"""Answer at once: one prompt, one reply, with the conversation so far and what memory knows."""

from __future__ import annotations

from dataclasses import replace

from workbench import prompts
from workbench.core.records import Turn
from workbench.reasoning.budget import latest_history, prompt_tokens
from workbench.reasoning.confidence import from_logprobs
from workbench.reasoning.thinker import Thinker


async def think(turn: Turn, thinker: Thinker) -> Turn:
    """One call of the model (more only if it calls tools natively)."""
    *opening, question = prompts.direct(turn.question, turn.language, known=thinker.known(turn))
    sampling = thinker.sampling()
    room = thinker.model.context_tokens - sampling.max_tokens - prompt_tokens((*opening, question))
    talk = latest_history(turn.history, room_tokens=room)
    turn, reply = await thinker.answer(turn, [*opening, *talk, question], sampling)
    return replace(turn, answer=reply.text.strip(), confidence=from_logprobs(reply.logprobs))
