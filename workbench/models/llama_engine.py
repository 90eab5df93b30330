"""One llama.cpp server in this process, with the LoRA adapters it may lay over its weights.

    running(None)  ─► weights [ a 0, b 0 ]     the plain model
    running("a")   ─► weights [ a 1, b 0 ]     the same server: switching costs nothing but reading the prompt anew
    running("c")   ─► "c" is not loaded: a new server with a, b and c (about a second)

llama.cpp can go wrong here without a word, so (ggml-org/llama.cpp #26207):
adapters load with scale 0; EVERY request names EVERY adapter with its scale, zeros included, because an omitted list
keeps the last one and an unknown id answers as the plain model; and the cache of prompts in RAM is off, because it
reuses keys and values across adapters. It does not know chats or tokens.

>>> engine = Engine(Setup(find_weights, 4096, (1, 2)))                     # doctest: +SKIP
>>> engine.running().scales(None)                                         # doctest: +SKIP
[]
"""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.core.errors import AdapterDamaged, AdapterNotFound, ModelRefused

KEPT = 8  # adapters that stay loaded, the latest used: a rollback then needs no new server


@dataclass(frozen=True, slots=True)
class Setup:
    """How to start a server; `remedy` ends the sentence when the weights cannot be loaded."""

    weights: Callable[[], Path]
    context_tokens: int
    threads: tuple[int, int]  # for decoding, for reading a prompt
    remedy: str = "get the file anew"


@dataclass(frozen=True, slots=True)
class Running:
    """A server and the adapters it has loaded, in the order of their ids there."""

    server: Any
    adapters: tuple[str, ...]

    def scales(self, adapter: str | None) -> list[dict[str, float]]:
        """What a request must say under `lora`: one entry for every adapter that is loaded.

        Raises:
            AdapterNotFound: it is not one of them.
        """
        if adapter is not None and adapter not in self.adapters:
            raise AdapterNotFound(f"The embedded engine has not loaded the adapter {adapter[:12]}…; deploy it again")
        return [{"id": index, "scale": float(one == adapter)} for index, one in enumerate(self.adapters)]


class Engine:
    """Starts the server on first use, and a new one when an adapter is asked for that is not loaded.

    A request that is still being answered keeps the old server until it is done.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._files: dict[str, Path] = {}  # by identity, the latest used last
        self._running: Running | None = None
        self._changing = threading.Lock()

    @property
    def loaded(self) -> bool:
        return self._running is not None

    @property
    def adapters(self) -> tuple[str, ...]:
        """The identities of the adapters that may be asked for."""
        return tuple(self._files)

    def offer(self, identity: str, path: Path) -> None:
        """Make an adapter known; its file is read when it is first asked for."""
        with self._changing:
            self._files[identity] = path

    def check(self, adapter: str | None) -> None:
        """Raises AdapterNotFound unless the adapter was offered."""
        if adapter is not None and adapter not in self._files:
            raise AdapterNotFound(f"The embedded engine knows no adapter {adapter[:12]}…; deploy it first")

    def running(self, adapter: str | None = None) -> Running:
        """The server with that adapter loaded; started or started anew where it must be.

        Raises:
            AdapterNotFound: nobody offered it.
            AdapterDamaged: llama.cpp cannot load its file; the plain model answers as before.
            ModelRefused: llama.cpp cannot load the weights.
        """
        with self._changing:
            self.check(adapter)
            if adapter is not None:
                self._files[adapter] = self._files.pop(adapter)  # now the latest used
            if self._running is None or (adapter is not None and adapter not in self._running.adapters):
                self._running = None  # before the new one takes its memory
                self._running = self._started(adapter)
            return self._running

    def close(self) -> None:
        """Free the weights and the KV cache; the next request starts anew."""
        with self._changing:
            self._running = None

    def _started(self, adapter: str | None) -> Running:
        there = {one: path for one, path in self._files.items() if one == adapter or path.is_file()}
        kept = dict(list(there.items())[-KEPT:])
        try:
            return Running(_start_server(self._setup, tuple(kept.values())), tuple(kept))
        except ModelRefused as error:
            if adapter is None and not kept:
                raise
            return self._without(adapter, error)

    def _without(self, adapter: str | None, error: ModelRefused) -> Running:
        """Some adapter cannot be loaded: forget the one that was asked for, or else all of them."""
        if adapter is None:
            self._files.clear()
            return self._started(None)
        path = self._files.pop(adapter)
        raise AdapterDamaged(
            f"llama.cpp could not load the adapter {path.name}; export it again, or roll back"
        ) from error


def _start_server(setup: Setup, adapters: tuple[Path, ...]) -> Any:
    weights = setup.weights()
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")  # read when the library loads: wait briefly, then sleep
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(weights)
    params.n_ctx = setup.context_tokens
    params.n_parallel = 1
    params.cpuparams.n_threads, params.cpuparams_batch.n_threads = setup.threads
    params.cache_ram_mib = 0
    params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(path), 0.0) for path in adapters]
    params.warmup = False
    params.verbosity = -1
    params.api_keys = [secrets.token_hex(16)]  # the engine also opens a loopback port; nobody else may use it
    try:
        server = xllamacpp.Server(params)
        # A server that is freed before its loop runs waits for ever; after one answer the loop is known to run.
        scales = [{"id": index, "scale": 0.0} for index in range(len(adapters))]
        server.handle_completions({"prompt": [0], "n_predict": 1, "cache_prompt": False, "lora": scales})
        return server
    except (RuntimeError, ValueError) as error:
        raise ModelRefused(f"llama.cpp could not load {weights.name} ({error}); {setup.remedy}") from error
