"""Answer at once: one prompt, one reply, with what memory knows, what it was corrected in, and the conversation so far.

system: recalled facts ─► corrections of other questions, as exchanges ─► the conversation ─► the question
"""

from __future__ import annotations

from dataclasses import replace

from workbench import prompts
from workbench.core.records import Turn
from workbench.reasoning.budget import latest_history, prompt_tokens
from workbench.reasoning.confidence import from_logprobs
from workbench.reasoning.thinker import Thinker


async def think(turn: Turn, thinker: Thinker) -> Turn:
    """One call of the model (more only if it calls tools natively)."""
    facts, corrected = prompts.demonstrated(memory.text for memory in turn.recalled)
    opening, question = prompts.direct(turn.question, turn.language, known=thinker.known(turn, facts))
    sampling = thinker.sampling()
    room = thinker.model.context_tokens - sampling.max_tokens - prompt_tokens((opening, *corrected, question))
    talk = latest_history(turn.history, room_tokens=room)
    turn, reply = await thinker.answer(turn, [opening, *corrected, *talk, question], sampling)
    return replace(turn, answer=reply.text.strip(), confidence=from_logprobs(reply.logprobs))
