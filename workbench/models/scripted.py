"""A model that says what a test told it to say; nothing but tests constructs it.

    ScriptedModel(["Hel", "lo"], ModelTimeout("…"), ["Again"])
                   first call    second call         third call

Each call takes the next script: strings and `Piece`s are streamed in order, an exception is raised where it stands.
It remembers what it was sent. It does not invent a reply: one call too many is a mistake of the test.

>>> model = ScriptedModel(["Fo", "ur"])
>>> reply = await gather(model.stream([Message("user", "2 + 2?")], Sampling()))          # doctest: +SKIP
>>> model.sent[0].messages[-1].content, reply.text                                       # doctest: +SKIP
('2 + 2?', 'Four')
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from workbench.core.records import Message, Piece, Sampling, Usage

Scripted = str | Piece | Exception


@dataclass(frozen=True, slots=True)
class Sent:
    """What one call was given."""

    messages: tuple[Message, ...]
    sampling: Sampling
    tools: tuple[dict[str, Any], ...]


class ScriptedModel:
    """A `Model` that plays scripts, one a call.

    Args:
        scripts: for each call a sequence of strings, pieces and exceptions; a single one stands for a script of one.
        name: what it calls itself.
        context_tokens: what it claims to hold.
        delay_s: the pause before each item.
    """

    backend = "scripted"

    def __init__(
        self,
        *scripts: Scripted | Iterable[Scripted],
        name: str = "scripted",
        context_tokens: int = 4096,
        delay_s: float = 0.0,
    ) -> None:
        self.name = name
        self.context_tokens = context_tokens
        self.delay_s = delay_s
        self.sent: list[Sent] = []
        self.stopped_early = 0  # streams that were closed before their end
        self.closed = False
        self._scripts = [_as_script(script) for script in scripts]

    async def stream(
        self, messages: Sequence[Message], sampling: Sampling, *, tools: Sequence[dict[str, Any]] = ()
    ) -> AsyncGenerator[Piece, None]:
        """Play the next script; `usage` counts words of the messages and items of the script."""
        self.sent.append(Sent(tuple(messages), sampling, tuple(tools)))
        assert len(self.sent) <= len(self._scripts), f"the test scripted {len(self._scripts)} calls, this is one more"
        script = self._scripts[len(self.sent) - 1]
        try:
            for item in script:
                await asyncio.sleep(self.delay_s)
                yield _piece(item)
        except (GeneratorExit, asyncio.CancelledError):
            self.stopped_early += 1
            raise
        if not (script and isinstance(script[-1], Piece) and script[-1].finish):
            prompt_tokens = sum(len(message.content.split()) for message in messages)
            yield Piece(finish="stop", usage=Usage(prompt_tokens, len(script)))

    async def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True


def _as_script(script: Scripted | Iterable[Scripted]) -> tuple[Scripted, ...]:
    return (script,) if isinstance(script, str | Piece | Exception) else tuple(script)


def _piece(item: Scripted) -> Piece:
    if isinstance(item, Exception):
        raise item
    return Piece(text=item) if isinstance(item, str) else replace(item)
