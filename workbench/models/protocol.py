"""What the walk needs of a language model, and nothing more.

    messages ──► Model.stream ──► Piece, Piece, … ──► gather ──► Reply

One file per implementation: `embedded`, `ollama`, `llamaindex` (any llama-index LLM), `scripted` (tests only).
The protocol does not know prompts, memory or which model is best.

>>> reply = await gather(model.stream([Message("user", "Hello")], Sampling(max_tokens=8)))  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import Any, Protocol

from workbench.core.records import Message, Piece, Reply, Sampling, Usage


class Model(Protocol):
    """A language model that streams."""

    @property
    def name(self) -> str:
        """The model's name as its engine knows it, such as `qwen2.5:7b-instruct-q4_k_m`."""

    @property
    def backend(self) -> str:
        """The engine: `embedded`, `ollama`, `llama-index` or `scripted`."""

    @property
    def context_tokens(self) -> int:
        """The longest prompt plus reply, in tokens."""

    def stream(
        self, messages: Sequence[Message], sampling: Sampling, *, tools: Sequence[dict[str, Any]] = ()
    ) -> AsyncGenerator[Piece, None]:
        """The reply, piece by piece; closing the iterator stops the engine.

        Args:
            messages: the chat so far, system message first.
            sampling: temperature, length, seed, stop strings and an optional JSON schema.
            tools: OpenAI-style function schemas, for engines that call tools natively; others ignore them.
        Raises:
            ModelError: any of its kinds, with the next action in the sentence.
            ToolError: the model called a tool in a form that cannot be read.
        """

    async def close(self) -> None:
        """Release the engine's memory; a second call does nothing."""


async def gather(pieces: AsyncIterator[Piece], *, on_piece: Callable[[Piece], None] | None = None) -> Reply:
    """Join a stream into one reply, showing each piece to `on_piece` as it comes."""
    seen: list[Piece] = []
    async for piece in pieces:
        seen.append(piece)
        if on_piece is not None:
            on_piece(piece)
    return join(seen)


def join(pieces: Sequence[Piece]) -> Reply:
    """Pure half of `gather`."""
    last = pieces[-1] if pieces else Piece()
    return Reply(
        text="".join(piece.text for piece in pieces),
        thinking="".join(piece.thinking for piece in pieces),
        logprobs=tuple(value for piece in pieces for value in piece.logprobs),
        tool_calls=tuple(call for piece in pieces for call in piece.tool_calls),
        finish=last.finish or "stop",
        usage=last.usage or Usage(),
    )
