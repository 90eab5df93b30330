"""What a scripted model says, in the form in which Ollama sends it: pure, no socket (see `ollama_server.py`)."""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CREATED_AT = "2026-01-02T03:04:05.678901Z"
VECTOR_LENGTH = 64


@dataclass(frozen=True)
class Say:
    """How one chat goes. `*_after` counts lines already sent; `None` means that it does not happen."""

    tokens: tuple[str, ...] = ()
    thinking: tuple[str, ...] = ()
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    done_reason: str = "stop"
    logprob: float = -0.25
    first_delay_s: float = 0.0
    delay_s: float = 0.0
    status: int = 200
    error: str = ""  # the body of a status other than 200, or of the error line
    error_after: int | None = None  # then a line {"error": …}
    drop_after: int | None = None  # then the socket closes without the end of the body
    reset_after: int | None = None  # then the peer sees "connection reset"
    end_after: int | None = None  # then the body ends properly, but with no line that says done
    raw_after: int | None = None  # then `raw` as it is
    raw: bytes = b""


def line(model: str, *, done: bool, **more: Any) -> dict[str, Any]:
    return {"model": model, "created_at": CREATED_AT, "done": done, **more}


def _message(content: str = "", **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content, **more}


def lines(model: str, say: Say, body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The whole reply: thinking, text, tool calls, and the line that says done."""
    lines = [
        line(model, done=False, message=_message(thinking=token), **_odds(say, body, token)) for token in say.thinking
    ]
    lines += [line(model, done=False, message=_message(token), **_odds(say, body, token)) for token in say.tokens]
    if say.tool_calls:
        calls = [{"function": dict(call)} for call in say.tool_calls]
        lines.append(line(model, done=False, message=_message(tool_calls=calls)))
    return [*lines, line(model, done=True, message=_message(), **_totals(say, body))]


def _odds(say: Say, body: Mapping[str, Any], token: str) -> dict[str, Any]:
    if not body.get("logprobs"):
        return {}
    return {"logprobs": [{"token": token, "logprob": say.logprob, "bytes": list(token.encode())}]}


def _totals(say: Say, body: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "done_reason": say.done_reason,
        "total_duration": 4_000_000,
        "load_duration": 1_000_000,
        "prompt_eval_count": sum(len(message.get("content", "").split()) for message in body["messages"]),
        "prompt_eval_duration": 1_000_000,
        "eval_count": len(say.tokens) + len(say.thinking),
        "eval_duration": 2_000_000,
    }


def whole(model: str, say: Say, body: Mapping[str, Any]) -> dict[str, Any]:
    """The reply in one object, for `"stream": false`."""
    message = _message("".join(say.tokens))
    if say.thinking:
        message["thinking"] = "".join(say.thinking)
    if say.tool_calls:
        message["tool_calls"] = [{"function": dict(call)} for call in say.tool_calls]
    return line(model, done=True, message=message, **_totals(say, body))


def word_vector(text: str) -> list[float]:
    """A unit vector by counting words: texts that share words lie near each other, as texts do."""
    counts = [0.0] * VECTOR_LENGTH
    for word in re.findall(r"\w+", text.casefold()) or [""]:
        counts[zlib.crc32(word.encode()) % VECTOR_LENGTH] += 1.0
    length = math.sqrt(sum(count * count for count in counts))
    return [count / length for count in counts]
