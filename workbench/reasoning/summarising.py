"""A model puts the older turns of a conversation into a few sentences, so that they need less of its context.

    the summary so far + turns that left the window ──► one call ──► the new summary

Only what `reasoning.summarise: model` asks for; copied sentences do without a model. It does not know where a summary
is kept or when one is due.

>>> summarise = summariser(model, dials)  # doctest: +SKIP
>>> await summarise("", [Message("user", "My dog is called Rufus.")], "en")  # doctest: +SKIP
'The user has a dog called Rufus.'
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from workbench import prompts
from workbench.core.records import Language, Message, Sampling
from workbench.core.schema import ReasoningSettings
from workbench.models.protocol import Model, gather
from workbench.reasoning.budget import check_room

Summariser = Callable[[str, Sequence[Message], Language], Awaitable[str]]


def summariser(model: Model, dials: ReasoningSettings) -> Summariser:
    """What writes summaries with that model; it raises ModelError when the model cannot."""
    sampling = Sampling(max_tokens=dials.max_tokens, seed=dials.seed)

    async def summarise(told: str, turns: Sequence[Message], language: Language) -> str:
        lines = "\n".join(f"{message.role}: {message.content}" for message in turns)
        messages = prompts.render("summarise", language, told=told or "-", lines=lines)
        check_room(messages, room_tokens=model.context_tokens - sampling.max_tokens)
        return (await gather(model.stream(messages, sampling))).text.strip()

    return summarise
