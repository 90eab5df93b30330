"""Speak to a model that an Ollama server runs, through the `ollama` client.

    stream ──► POST /api/chat ──► one JSON object per line ──► Piece, Piece, …, Piece(finish, usage)
                  ▲                                                    │
                  └── closing the iterator closes the connection, and that stops the server ◄┘

A client lives for one exchange, so a model may be used from any event loop. A broken connection is raised as
`ConnectionDropped`; whether to ask again is the walk's decision. The server cuts a prompt that exceeds
`context_tokens` without saying so: the caller counts tokens first. Of a tool's parameters the client passes on only
type, items, description and enum at the first level; a nested schema belongs in `Sampling.json_schema`, which passes
whole. It does not know prompts, memory or model choice.

>>> model = OllamaModel("qwen2.5:7b-instruct-q4_k_m")                                    # doctest: +SKIP
>>> reply = await gather(model.stream([Message("user", "Hello")], Sampling()))           # doctest: +SKIP
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, cast

from workbench.core.errors import ConnectionDropped, ModelTimeout
from workbench.core.records import Message, Piece, Sampling, ToolCall, Usage
from workbench.models.ollama_server import (
    DEFAULT_HOST,
    REQUEST_TIMEOUT_S,
    OllamaServer,
    base_url,
    client_options,
    make_client,
    translated,
)
from workbench.models.thinking import Phase, Split, ThinkSplitter

if TYPE_CHECKING:
    from llama_index.llms.ollama import Ollama  # type: ignore[import-untyped]
    from ollama import AsyncClient, ChatResponse


class OllamaModel:
    """One model of one Ollama server, as the walk wants it.

    Args:
        name: as `ollama list` shows it.
        host: the server's address.
        context_tokens: prompt plus reply; sent as `num_ctx`, so it also sets the size of the server's KV cache.
        keep_alive: how long the server keeps the model in memory after a reply, such as `5m`, `0` or `-1`.
        first_token_timeout_s: loading the model and reading the prompt happen within this time.
        token_timeout_s: the longest silence between two tokens.
        thinks: whether the model thinks on its own; `None` asks the server once.
    """

    backend = "ollama"

    def __init__(
        self,
        name: str,
        *,
        host: str = DEFAULT_HOST,
        context_tokens: int = 4096,
        keep_alive: float | str = "5m",
        first_token_timeout_s: float = 120,
        token_timeout_s: float = 30,
        thinks: bool | None = None,
    ) -> None:
        self.name = name
        self.host = host
        self.context_tokens = context_tokens
        self.keep_alive = keep_alive
        self.first_token_timeout_s = first_token_timeout_s
        self.token_timeout_s = token_timeout_s
        self.thinks = thinks
        self._shown: Mapping[str, Any] | None = None

    async def stream(
        self, messages: Sequence[Message], sampling: Sampling, *, tools: Sequence[dict[str, Any]] = ()
    ) -> AsyncGenerator[Piece, None]:
        """The reply, piece by piece; tools are sent only to a model that can call them.

        Raises:
            ModelUnavailable: no server answers.
            ModelNotFound: the server has no such model.
            ModelTimeout: the first token, or a later one, took too long.
            ConnectionDropped: the stream ended before the reply was complete.
            ModelRefused: the server answered with an error of its own.
            ToolError: the model wrote a tool call that cannot be read.
        """
        deadline = asyncio.get_running_loop().time() + self.first_token_timeout_s
        async with make_client(self.host) as client:
            chunks = await self._begin(client, deadline, self._request(messages, sampling), tools)
            async with aclosing(chunks):
                reader = _Reader()
                chunk = await self._next(chunks, deadline)
                while not chunk.done:
                    piece = reader.read(chunk)
                    if piece != Piece():
                        yield piece
                    chunk = await self._next(chunks)
                yield reader.last(chunk)

    async def unload(self) -> None:
        """Take the model out of the server's memory now."""
        async with make_client(self.host, timeout_s=REQUEST_TIMEOUT_S) as client:
            with translated(self.host, self.name):
                await client.generate(model=self.name, keep_alive=0)

    async def close(self) -> None:
        """Nothing to release: no connection outlives a reply, and `keep_alive` empties the server's memory."""

    def _request(self, messages: Sequence[Message], sampling: Sampling) -> dict[str, Any]:
        return {
            "model": self.name,
            "messages": [_wire(message) for message in messages],
            "format": sampling.json_schema,
            "options": _options(sampling, self.context_tokens),
            "keep_alive": self.keep_alive,
        }

    async def _begin(
        self, client: AsyncClient, deadline: float, request: dict[str, Any], tools: Sequence[dict[str, Any]]
    ) -> AsyncGenerator[ChatResponse, None]:
        """Decide what the server accepts, and prepare the chunks; the chat itself is sent by the first `_next`."""
        try:
            async with asyncio.timeout_at(deadline):
                thinks = await self._has("thinking") if self.thinks is None else self.thinks
                calls = bool(tools) and await self._has("tools", if_unknown=True)
        except TimeoutError as error:
            raise self._late(first=True) from error
        chunks = await client.chat(
            **request,
            stream=True,
            logprobs=True,
            think=True if thinks else None,  # a model that cannot think refuses the field
            tools=list(tools) if calls else None,
        )
        return cast("AsyncGenerator[ChatResponse, None]", chunks)

    async def _has(self, capability: str, *, if_unknown: bool = False) -> bool:
        if self._shown is None:
            self._shown = await OllamaServer(self.host).show(self.name)
        capabilities = self._shown.get("capabilities")  # absent before Ollama 0.6.4
        return if_unknown if capabilities is None else capability in capabilities

    async def _next(self, chunks: AsyncIterator[ChatResponse], deadline: float | None = None) -> ChatResponse:
        """The next line; `deadline` is given for the first one."""
        first = deadline is not None
        limit = deadline if deadline is not None else asyncio.get_running_loop().time() + self.token_timeout_s
        try:
            with translated(self.host, self.name, streaming=not first):
                async with asyncio.timeout_at(limit):
                    return await anext(chunks)
        except TimeoutError as error:
            raise self._late(first=first) from error
        except StopAsyncIteration as error:
            # the server's last line says so; without it the reply was cut by something in between
            raise ConnectionDropped(f"Ollama at {self.host} ended the reply half-way; ask again") from error

    def _late(self, *, first: bool) -> ModelTimeout:
        what, limit_s = ("first token", self.first_token_timeout_s) if first else ("next token", self.token_timeout_s)
        return ModelTimeout(
            f"{self.name} gave no {what} within {limit_s:g} s; choose a smaller model or raise the time-out"
        )


def _wire(message: Message) -> dict[str, Any]:
    """A message as /api/chat reads it."""
    wire: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        calls = ({"name": call.name, "arguments": call.arguments} for call in message.tool_calls)
        wire["tool_calls"] = [{"function": call} for call in calls]
    if message.tool_name is not None:
        wire["tool_name"] = message.tool_name
    return wire


def _options(sampling: Sampling, context_tokens: int) -> dict[str, Any]:
    options: dict[str, Any] = {
        "num_ctx": context_tokens,
        "num_predict": sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
    }
    if sampling.seed is not None:
        options["seed"] = sampling.seed
    if sampling.stop:
        options["stop"] = list(sampling.stop)
    return options


class _Reader:
    """Chunks of one reply become pieces; keeps the thinking apart, and the log-probabilities beside their text."""

    def __init__(self) -> None:
        self._splitter = ThinkSplitter()
        self._logprobs: list[float] = []  # of tokens whose text is held back until it is clear what they are

    def read(self, chunk: ChatResponse) -> Piece:
        content = chunk.message.content or ""
        before = self._splitter.phase
        split = self._splitter.feed(content)
        if content:  # a line without text carries log-probabilities of thinking or of a tool call
            self._logprobs += [one.logprob for one in chunk.logprobs or ()]
        if split.thinking or Phase.THINKING in (before, self._splitter.phase) or self._splitter.phase is Phase.GAP:
            self._logprobs.clear()
        thinking = (chunk.message.thinking or "") + split.thinking
        return Piece(split.text, thinking, self._release(split), _tool_calls(chunk))

    def last(self, chunk: ChatResponse) -> Piece:
        piece, rest = self.read(chunk), self._splitter.finish()
        return Piece(
            text=piece.text + rest.text,
            thinking=piece.thinking + rest.thinking,
            logprobs=piece.logprobs + self._release(rest),
            tool_calls=piece.tool_calls,
            finish="length" if chunk.done_reason == "length" else "stop",
            usage=Usage(chunk.prompt_eval_count, chunk.eval_count),
        )

    def _release(self, split: Split) -> tuple[float, ...]:
        if not split.text:
            return ()
        released, self._logprobs = tuple(self._logprobs), []
        return released


def _tool_calls(chunk: ChatResponse) -> tuple[ToolCall, ...]:
    calls = chunk.message.tool_calls or ()
    return tuple(ToolCall(call.function.name, dict(call.function.arguments)) for call in calls)


def as_llama_index(model: OllamaModel) -> Ollama:
    """The same model as a llama-index LLM, for the parts of llama-index that want one, such as ingestion.

    llama-index has one time-out for each wait, so it gets the longer one. The LLM owns its connections; close them with
    `await llm.async_client.close()` and `llm.client.close()`.
    """
    import ollama
    from llama_index.llms.ollama import Ollama

    # its own clients would send requests for this machine to a proxy
    options = client_options(model.host) | {"timeout": model.first_token_timeout_s}
    return Ollama(
        model=model.name,
        base_url=base_url(model.host),
        context_window=model.context_tokens,
        request_timeout=model.first_token_timeout_s,
        keep_alive=model.keep_alive,
        thinking=model.thinks or None,
        client=ollama.Client(base_url(model.host), **options),
        async_client=ollama.AsyncClient(base_url(model.host), **options),
    )
