"""Ask a model for material to learn from: what it cost is counted, what was refused is kept with the reason.

    messages ──► room? ──► Model.stream ──► Reply ──► fields_of(reply.text, "prompt", "answer") ──► {…} | None

Documents and synthetic examples come this way. It does not know what is asked, nor what a good example is.

>>> fields_of('{"prompt": "What is 2 + 2?", "answer": " 4 "}', "prompt", "answer")
{'prompt': 'What is 2 + 2?', 'answer': '4'}
>>> fields_of('{"prompt": "What is', "prompt", "answer") is None
True
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from workbench.core.errors import ContextOverflow
from workbench.core.examples import Example
from workbench.core.records import Message, Reply, Sampling, Usage
from workbench.core.tokens import tokens_of
from workbench.models.protocol import Model, gather

PER_MESSAGE_TOKENS = 5  # role and separators of a chat format


@dataclass(frozen=True, slots=True)
class Refused:
    """What was not kept, and why; `example` is None where the reply could not even be read as one."""

    example: Example | None
    reason: str
    reply: str = ""  # what the model said, where it could not be read


class Asker:
    """A model, and the tokens that asking it has cost so far."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.usage = Usage()

    @property
    def tokens(self) -> int | None:
        """Read and written together; None where the engine does not say."""
        known = [count for count in (self.usage.prompt_tokens, self.usage.completion_tokens) if count is not None]
        return sum(known) if known else None

    async def ask(self, messages: Sequence[Message], sampling: Sampling) -> Reply:
        """One whole reply.

        Raises:
            ContextOverflow: prompt and reply do not fit the model's context; some servers would cut it without a word.
            ModelError: the model cannot answer.
        """
        need = sum(tokens_of(message.content) + PER_MESSAGE_TOKENS for message in messages) + sampling.max_tokens
        if need > self.model.context_tokens:
            raise ContextOverflow(
                f"The examples or the passage need about {need} tokens and the model's context holds "
                f"{self.model.context_tokens}; give shorter ones, or raise model.context_tokens"
            )
        async with aclosing(self.model.stream(messages, sampling)) as pieces:
            reply = await gather(pieces)
        self.usage = self.usage + reply.usage
        return reply


def fields_of(text: str, *names: str) -> dict[str, str] | None:
    """These fields of a JSON object as stripped texts; None if it is no object or one of them is missing or no text."""
    return texts_of(parsed(text), *names)


def texts_of(value: Any, *names: str) -> dict[str, str] | None:
    """Like `fields_of`, of a value that was already read."""
    if not isinstance(value, dict) or not all(isinstance(value.get(name), str) for name in names):
        return None
    return {name: value[name].strip() for name in names}


def parsed(text: str) -> Any:
    """The JSON value that the text is; None if it is none (cut off in the middle, say)."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
