"""Any llama-index LLM as a workbench model: hand in the object, and the walk speaks to it as to any other engine.

    messages ──► ChatMessage ──► llm.astream_chat ──► ChatResponse(delta, raw, …) ──► Piece, Piece, …

llama-index has no common way to say some things, so this file does what holds for every LLM:
- `temperature`, `top_p`, `max_tokens` and `seed` are set on a copy of the LLM where its class has such a field. One
  without `max_tokens` is stopped after that many pieces. The caller's object is never changed.
- `json_schema` becomes an instruction in the last message. Nothing enforces it: the caller validates the reply.
- `stop` cuts the reply here, wherever the LLM would have gone on.
- `tools` are not sent: each provider wants its own format. Calls that an LLM makes all the same are passed on.

It does not know which provider stands behind the LLM. An LLM whose stream is synchronous inside, as llama-index's
`CustomLLM` is, blocks the event loop between two pieces.

>>> model = LlamaIndexModel(MockLLM(max_tokens=2))                                       # doctest: +SKIP
>>> (await gather(model.stream([Message("user", "Hi")], Sampling()))).text               # doctest: +SKIP
'text text'
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from workbench.core.errors import ConnectionDropped, ModelError, ModelRefused, ModelTimeout, ModelUnavailable, ToolError
from workbench.core.records import Message, Piece, Sampling, ToolCall, Usage
from workbench.models.thinking import ThinkSplitter, overlap

if TYPE_CHECKING:
    from llama_index.core.llms import LLM, ChatMessage, ChatResponse

JSON_ONLY = "Answer with one JSON object that satisfies this JSON schema, and nothing else:\n"
COPIES_KEPT = 16


class LlamaIndexModel:
    """A llama-index LLM behind the workbench's protocol.

    Args:
        llm: any `llama_index.core.llms.LLM`, configured by the caller, who also closes what it holds.
        first_token_timeout_s: the longest wait for the first piece.
        token_timeout_s: the longest wait between two pieces.
    """

    backend = "llama-index"

    def __init__(self, llm: LLM, *, first_token_timeout_s: float = 120, token_timeout_s: float = 30) -> None:
        self.llm = llm
        self.first_token_timeout_s = first_token_timeout_s
        self.token_timeout_s = token_timeout_s
        self._copies: dict[tuple[tuple[str, object], ...], LLM] = {}

    @cached_property
    def name(self) -> str:
        """The model's name as the LLM tells it; `unknown` where it does not."""
        return self.llm.metadata.model_name

    @cached_property
    def context_tokens(self) -> int:
        """The LLM's context window; some LLMs ask their server for it, once."""
        return self.llm.metadata.context_window

    async def stream(
        self, messages: Sequence[Message], sampling: Sampling, *, tools: Sequence[dict[str, Any]] = ()
    ) -> AsyncGenerator[Piece, None]:
        """The reply, piece by piece; the last one carries `finish`, and `usage` where the LLM tells it.

        Raises:
            ModelTimeout: a piece took too long.
            ConnectionDropped: the connection broke before the reply was complete.
            ModelUnavailable: the LLM's server does not answer.
            ModelRefused: any other error of the LLM, in its own words.
        """
        reader = _Reader(sampling)
        limit_s = self.first_token_timeout_s
        responses = await self._begin(messages, sampling)
        async with aclosing(responses):
            while not reader.full and (response := await self._next(responses, limit_s)) is not None:
                piece = reader.read(response)
                if piece != Piece():
                    yield piece
                limit_s = self.token_timeout_s
        yield reader.last(self.name)

    async def close(self) -> None:
        """Forget the copies; the LLM itself belongs to the caller."""
        self._copies.clear()

    async def _begin(self, messages: Sequence[Message], sampling: Sampling) -> AsyncGenerator[ChatResponse, None]:
        llm = self._tuned(sampling)
        try:
            with _llm_errors(self.name):
                async with asyncio.timeout(self.first_token_timeout_s):
                    return await llm.astream_chat(_chat(messages, sampling.json_schema))
        except TimeoutError as error:
            raise self._late(self.first_token_timeout_s) from error

    async def _next(self, responses: AsyncGenerator[ChatResponse, None], limit_s: float) -> ChatResponse | None:
        try:
            with _llm_errors(self.name):
                async with asyncio.timeout(limit_s):
                    return await anext(responses, None)
        except TimeoutError as error:
            raise self._late(limit_s) from error

    def _late(self, limit_s: float) -> ModelTimeout:
        return ModelTimeout(
            f"{self.name} gave no token within {limit_s:g} s; choose another model or raise the time-out"
        )

    def _tuned(self, sampling: Sampling) -> LLM:
        """A copy of the LLM with the sampling in its own fields; kept, because a copy may open connections."""
        wanted = {"temperature": sampling.temperature, "top_p": sampling.top_p, "seed": sampling.seed}
        update = {name: value for name, value in wanted.items() if name in type(self.llm).model_fields}
        if "max_tokens" in type(self.llm).model_fields:
            update["max_tokens"] = min(
                sampling.max_tokens, getattr(self.llm, "max_tokens", None) or sampling.max_tokens
            )
        key = tuple(update.items())
        if key not in self._copies:
            if len(self._copies) >= COPIES_KEPT:
                self._copies.clear()
            self._copies[key] = self.llm.model_copy(update=update)
        return self._copies[key]


def _chat(messages: Sequence[Message], json_schema: dict[str, Any] | None) -> list[ChatMessage]:
    from llama_index.core.llms import ChatMessage

    chat = [ChatMessage(role=message.role, content=message.content) for message in messages]
    if json_schema is not None and chat:
        asked = f"{messages[-1].content}\n\n{JSON_ONLY}{json.dumps(json_schema, ensure_ascii=False)}"
        chat[-1] = ChatMessage(role=messages[-1].role, content=asked)
    return chat


@contextmanager
def _llm_errors(name: str) -> Iterator[None]:
    """Translate what an LLM raises; the time-outs of this file pass."""
    try:
        yield
    except TimeoutError:
        raise
    except Exception as error:  # the door to a library of the caller's choice: its error types cannot be listed
        raise _translate(error, name) from error


def _translate(error: Exception, name: str) -> ModelError:
    """By the transport error underneath, where there is one; a provider's own error keeps its words."""
    import httpx

    under = next((one for one in _causes(error) if isinstance(one, httpx.TransportError | ConnectionError)), None)
    match under:
        case None:
            return ModelRefused(
                f"{name} failed: {str(error) or type(error).__name__}; see the log, or choose another model"
            )
        case httpx.ReadTimeout() | httpx.WriteTimeout() | httpx.PoolTimeout():
            return ModelTimeout(f"The server of {name} did not answer in time; try again, or raise its time-out")
        case httpx.ReadError() | httpx.WriteError() | httpx.CloseError() | httpx.RemoteProtocolError():
            return ConnectionDropped(f"The connection to {name} broke before the reply was complete; ask again")
        case _:
            return ModelUnavailable(f"The server of {name} does not answer; start it, or check its address")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__  # not __context__: that may be the failure a caller is retrying after


class _Reader:
    """Responses of one reply become pieces, up to the first stop string or the last allowed token."""

    def __init__(self, sampling: Sampling) -> None:
        self.full = False
        self._sampling = sampling
        self._splitter = ThinkSplitter()
        self._cutter = _StopCutter(sampling.stop)
        self._seen = 0
        self._length = 0
        self._last: ChatResponse | None = None

    def read(self, response: ChatResponse) -> Piece:
        self._last = response
        delta = self._delta(response)
        self._seen += bool(delta)
        split = self._splitter.feed(delta)
        text = self._cutter.feed(split.text)
        self.full = self._cutter.found or self._seen >= self._sampling.max_tokens
        thinking = (response.additional_kwargs.get("thinking_delta") or "") + split.thinking
        return Piece(text, thinking, _logprobs(response, delta) if text else ())

    def last(self, name: str) -> Piece:
        raw = self._last.raw if self._last is not None else None
        if _field(raw, "done") is False and not self.full:
            raise ConnectionDropped(f"{name} ended the reply half-way; ask again")
        rest = self._splitter.finish()
        text = self._cutter.feed(rest.text) + self._cutter.finish()
        return Piece(text, rest.thinking, (), self._tool_calls(), self._finish(raw), _usage(self._last))

    def _delta(self, response: ChatResponse) -> str:
        """New text; an LLM that gives no `delta` repeats the whole reply in each message."""
        whole = response.message.content or ""
        delta = response.delta if response.delta is not None else whole[self._length :]
        self._length = len(whole)
        return delta

    def _tool_calls(self) -> tuple[ToolCall, ...]:
        blocks = self._last.message.blocks if self._last is not None else []
        calls = (block for block in blocks if block.block_type == "tool_call")
        return tuple(ToolCall(call.tool_name, _arguments(call.tool_kwargs)) for call in calls)

    def _finish(self, raw: object) -> Any:
        choices = _field(raw, "choices")
        said = _field(raw, "done_reason") or (_field(choices[0], "finish_reason") if choices else None)
        cut = self.full and not self._cutter.found
        return "length" if said == "length" or (said is None and cut) else "stop"


class _StopCutter:
    """Lets text pass up to the first stop string, which may be cut anywhere by the borders of the stream."""

    def __init__(self, stops: tuple[str, ...]) -> None:
        self.found = False
        self._stops = tuple(stop for stop in stops if stop)
        self._held = ""

    def feed(self, text: str) -> str:
        self._held += text
        cuts = [at for stop in self._stops if (at := self._held.find(stop)) >= 0]
        self.found = self.found or bool(cuts)
        keep = max((overlap(self._held, stop) for stop in self._stops), default=0)
        size = min(cuts) if cuts else len(self._held) - keep
        passed, self._held = self._held[:size], "" if cuts else self._held[size:]
        return passed

    def finish(self) -> str:
        held, self._held = self._held, ""
        return held


def _logprobs(response: ChatResponse, delta: str) -> tuple[float, ...]:
    """One for each token: of the candidates that a provider lists, the one that was written, else the likeliest."""
    tokens = [candidates for candidates in response.logprobs or () if candidates]
    written = (next((one for one in some if one.token == delta), some[0]) for some in tokens)
    return tuple(one.logprob for one in written)


def _usage(response: ChatResponse | None) -> Usage | None:
    if response is None:
        return None
    told = _field(response.raw, "usage") or response.additional_kwargs
    usage = Usage(_field(told, "prompt_tokens"), _field(told, "completion_tokens"))
    return None if usage == Usage() else usage


def _field(record: object, name: str) -> Any:
    """A field of what a provider sent, be it a dict or an object."""
    return record.get(name) if isinstance(record, dict) else getattr(record, name, None)


def _arguments(given: dict[str, Any] | str) -> dict[str, Any]:
    if isinstance(given, dict):
        return given
    try:
        parsed = json.loads(given)
    except json.JSONDecodeError:
        parsed = None
    if not isinstance(parsed, dict):
        raise ToolError(f"The model wrote a malformed tool call, {given[:80]!r}; ask again or do without tools")
    return parsed
