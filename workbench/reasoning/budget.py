"""How much of a conversation fits the model's context: recent turns stay, older ones go first.

Lengths are the estimate of `core/tokens.py`: engines count exactly, but only when asked.

>>> prompt_tokens([Message("user", "Hello, world")])
9
"""

from __future__ import annotations

from collections.abc import Sequence

from workbench.core.errors import ContextOverflow
from workbench.core.records import Message
from workbench.core.tokens import tokens_of

PER_MESSAGE_TOKENS = 5  # role and separators of a chat format


def prompt_tokens(messages: Sequence[Message]) -> int:
    return sum(tokens_of(message.content) + PER_MESSAGE_TOKENS for message in messages)


def check_room(messages: Sequence[Message], *, room_tokens: int) -> None:
    """Refuse a prompt that does not fit.

    Raises:
        ContextOverflow: it is too long, by about so many tokens.
    """
    excess = prompt_tokens(messages) - room_tokens
    if excess > 0:
        raise ContextOverflow(
            f"The question and what goes with it are about {excess} tokens too long for the model's context; "
            "shorten the question, or raise model.context_tokens"
        )


def latest_history(history: Sequence[Message], *, room_tokens: int) -> list[Message]:
    """The latest stretch of a conversation that fits; it never opens with an answer whose question was dropped.

    A system message among it is background, not talk: it goes into the prompt's own system message.
    """
    kept: list[Message] = []
    for message in (one for one in reversed(history) if one.role != "system"):
        room_tokens -= prompt_tokens((message,))
        if room_tokens < 0:
            break
        kept.insert(0, message)
    while kept and kept[0].role == "assistant":
        kept.pop(0)
    return kept
