"""Answer at once: one prompt, one reply, with what memory knows, what it was corrected in, and the conversation so far.

    system: recalled facts ─► corrections of other questions, as exchanges ─► the conversation ─► the question

An adapter that has learned from such corrections answers without them, by heart; what it has not learned from yet is
shown to it as to any model. A cycle counts "both" in the same way (docs/design/0017).
"""

from __future__ import annotations

from dataclasses import replace

from workbench import prompts
from workbench.core.records import Turn
from workbench.reasoning.budget import latest_history, prompt_tokens
from workbench.reasoning.confidence import from_logprobs
from workbench.reasoning.thinker import Thinker


async def think(turn: Turn, thinker: Thinker) -> Turn:
    """One call, more if the model calls tools natively."""
    adapter = turn.choice is not None and turn.choice.adapter is not None
    facts, corrected = prompts.demonstrated(turn.recalled, turn.question, to_adapter=adapter)
    opening, question = prompts.direct(turn.question, turn.language, known=thinker.known(turn, facts))
    sampling = thinker.sampling()
    room = thinker.model.context_tokens - sampling.max_tokens - prompt_tokens((opening, *corrected, question))
    asked = [opening, *corrected, *latest_history(turn.history, room_tokens=room), question]
    turn, reply = await thinker.answer(turn, asked, sampling)
    return replace(turn, answer=reply.text.strip(), confidence=from_logprobs(reply.logprobs))
