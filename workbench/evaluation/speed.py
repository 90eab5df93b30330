"""How fast a model writes, measured on the stream a person would watch.

    first token (ms)  =  t₁ − start                      reading the prompt, and loading on the first run
    tokens per second =  (n − 1) / (tₙ − t₁)             n tokens written, the first one's wait left out

It measures the wall clock of this machine as it is now, other programs included: run it more than once and look at the
spread. It does not know which model it times.

>>> (await time_replies(model, "Count to ten.", runs=3))[0].tokens_per_second       # doctest: +SKIP
"""

from __future__ import annotations

import time
from contextlib import aclosing
from dataclasses import dataclass

from workbench.core.records import Message, Piece, Sampling
from workbench.models.protocol import Model


@dataclass(frozen=True, slots=True)
class Speed:
    """One timed reply; `tokens_per_second` is None where fewer than two tokens came."""

    first_token_ms: float | None  # None where nothing was written
    tokens: int
    tokens_per_second: float | None


async def time_replies(model: Model, prompt: str, *, runs: int, max_tokens: int = 96) -> tuple[Speed, ...]:
    """The same greedy reply `runs` times, one after the other.

    Raises:
        ModelError: the model cannot answer.
    """
    return tuple([await time_reply(model, prompt, max_tokens) for _ in range(runs)])


async def time_reply(model: Model, prompt: str, max_tokens: int) -> Speed:
    """One timed reply."""
    started = time.perf_counter()
    pieces: list[tuple[float, Piece]] = []
    async with aclosing(model.stream([Message("user", prompt)], Sampling(max_tokens=max_tokens))) as stream:
        async for piece in stream:
            pieces.append((time.perf_counter() - started, piece))
    return speed_of(pieces)


def speed_of(pieces: list[tuple[float, Piece]]) -> Speed:
    """Pure half of `time_reply`: pieces with the seconds at which they came, the last one with the usage."""
    written = [at_s for at_s, piece in pieces if piece.text or piece.thinking]
    usage = pieces[-1][1].usage if pieces else None
    # A piece is usually one token; where the engine counts, its count is the better one.
    tokens = usage.completion_tokens if usage and usage.completion_tokens is not None else len(written)
    seconds = written[-1] - written[0] if written else 0.0
    rate = (tokens - 1) / seconds if tokens > 1 and seconds > 0 else None
    return Speed(written[0] * 1000 if written else None, tokens, rate)
