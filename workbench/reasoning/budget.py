"""How much of a conversation fits the model's context: recent turns stay, older ones go first.

    tokens ≈ ASCII characters / 4 + other characters        (an estimate: engines count exactly, but only when asked)

>>> estimate_tokens("Hello, world"), estimate_tokens("こんにちは")
(3, 5)
"""

from __future__ import annotations

from collections.abc import Sequence

from workbench.core.errors import ContextOverflow
from workbench.core.records import Message

PER_MESSAGE_TOKENS = 5  # role and separators of a chat format


def estimate_tokens(text: str) -> int:
    """Roughly how many tokens a text is; English within 20 %, Japanese on the safe side."""
    plain = sum(character.isascii() for character in text)
    return plain // 4 + (len(text) - plain)


def prompt_tokens(messages: Sequence[Message]) -> int:
    return sum(estimate_tokens(message.content) + PER_MESSAGE_TOKENS for message in messages)


def fit_history(
    opening: Sequence[Message], history: Sequence[Message], question: Message, *, room_tokens: int
) -> list[Message]:
    """Opening, as much of the latest history as fits, and the question.

    Raises:
        ContextOverflow: opening and question alone are too long; Ollama would cut them without a word.
    """
    left = room_tokens - prompt_tokens((*opening, question))
    if left < 0:
        raise ContextOverflow(
            f"The question is about {-left} tokens too long for the model's context; shorten it, or raise "
            "model.context_tokens"
        )
    kept: list[Message] = []
    for message in reversed(history):
        left -= prompt_tokens((message,))
        if left < 0:
            break
        kept.append(message)
    return [*opening, *reversed(kept), question]
