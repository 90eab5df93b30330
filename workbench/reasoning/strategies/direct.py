"""Answer at once: one prompt, one reply, with what memory knows, what it was corrected in, and the conversation so far.

    system: recalled facts ─► corrections of other questions, as exchanges ─► the conversation ─► the question

An adapter may know by heart what corrections beside the question would only blur, and they may hold what it never
learned. So where one answers it is asked both ways, and the surer answer stays, by the mean log-probability of its
tokens; a cycle counts "both" in the same way (docs/design/0017).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from workbench import prompts
from workbench.core.records import Message, Sampling, Turn
from workbench.reasoning.budget import latest_history, prompt_tokens
from workbench.reasoning.confidence import from_logprobs
from workbench.reasoning.thinker import Thinker

BY_HEART, AS_CORRECTED = "by heart", "as corrected"  # thoughts of a turn that was asked both ways


async def think(turn: Turn, thinker: Thinker) -> Turn:
    """One call, more if the model calls tools natively; two calls where an adapter answers beside corrections."""
    facts, corrected = prompts.demonstrated(memory.text for memory in turn.recalled)
    opening, question = prompts.direct(turn.question, turn.language, known=thinker.known(turn, facts))
    sampling = thinker.sampling()
    room = thinker.model.context_tokens - sampling.max_tokens - prompt_tokens((opening, *corrected, question))
    asked = (*latest_history(turn.history, room_tokens=room), question)
    if corrected and turn.choice is not None and turn.choice.adapter is not None:
        return await _both_ways(turn, thinker, (opening, *asked), (opening, *corrected, *asked), sampling)
    turn, reply = await thinker.answer(turn, [opening, *corrected, *asked], sampling)
    return replace(turn, answer=reply.text.strip(), confidence=from_logprobs(reply.logprobs))


async def _both_ways(
    turn: Turn, thinker: Thinker, by_heart: Sequence[Message], as_corrected: Sequence[Message], sampling: Sampling
) -> Turn:
    """The surer of two answers; the second where they are equally sure, or an engine does not say how sure it is; one
    that says something before one that is empty.

    Without tools, as an adapter was taught and judged.
    """
    turn, known = await thinker.think(turn, BY_HEART, by_heart, sampling)
    turn, told = await thinker.think(turn, AS_CORRECTED, as_corrected, sampling)
    sure, surer = from_logprobs(known.logprobs), from_logprobs(told.logprobs)
    by_heart_is_surer = sure is not None and surer is not None and sure.value > surer.value
    kept = known if known.text.strip() and (by_heart_is_surer or not told.text.strip()) else told
    confidence = from_logprobs(kept.logprobs)
    return replace(turn, answer=kept.text.strip(), confidence=confidence, cut_off=kept.finish == "length")
