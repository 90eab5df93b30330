"""An Ollama server seen from outside: does it answer, what is installed, what is in memory, and what its errors mean.

    probe ──► GET  /api/version     answers, or a sentence that says why not; never raises
    installed GET  /api/tags        + POST /api/show for each model's capabilities
    resident  GET  /api/ps          bytes that each loaded model takes
    show      POST /api/show        model_info, capabilities, template, …

It does not chat (`ollama.py` does), choose a model, or start the server.

>>> status = await OllamaServer().probe()                                        # doctest: +SKIP
>>> status.reason                                                                # doctest: +SKIP
'Nothing listens at http://127.0.0.1:11434; start it with: ollama serve'
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from workbench.core.errors import (
    ConnectionDropped,
    ModelNotFound,
    ModelRefused,
    ModelTimeout,
    ModelUnavailable,
    ToolError,
    WorkbenchError,
)

if TYPE_CHECKING:
    from ollama import AsyncClient, ResponseError
    from pydantic import ValidationError

DEFAULT_HOST = "http://127.0.0.1:11434"
DEFAULT_PORT = 11434
REQUEST_TIMEOUT_S = 30.0  # for the short questions of this file; a chat has limits of its own
SHOW_AT_ONCE = 4  # /api/show reads the model's file: a few at a time


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """Whether an Ollama server answers; `reason` is one sentence in both cases."""

    answers: bool
    reason: str
    version: str | None = None
    latency_ms: float | None = None


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model the server has on disk. `capabilities` is `None` where the server is too old to say."""

    name: str
    size_bytes: int | None
    capabilities: frozenset[str] | None = None

    @property
    def chats(self) -> bool:
        """Whether it can answer at all; a model that only embeds text cannot."""
        return self.capabilities is None or "completion" in self.capabilities


class OllamaServer:
    """Questions about one Ollama server; holds no connection between calls."""

    def __init__(self, host: str = DEFAULT_HOST, probe_timeout_ms: int = 300) -> None:
        self.host = host
        self.probe_timeout_ms = probe_timeout_ms

    async def probe(self, timeout_ms: int | None = None) -> ServerStatus:
        """Ask for the version, within `timeout_ms` in all (else `probe_timeout_ms`); never raises."""
        import httpx
        from anyio.lowlevel import checkpoint

        limit_ms = self.probe_timeout_ms if timeout_ms is None else timeout_ms
        await checkpoint()  # loads what httpx loads at its first request
        started = time.perf_counter()  # after the imports: their cost is ours, not the server's
        try:
            async with asyncio.timeout(limit_ms / 1000):
                said = await _get_json(self.host, "/api/version")
        except (TimeoutError, httpx.TimeoutException):
            reason = f"Nothing answered at {self.host} within {limit_ms} ms"
            return ServerStatus(False, f"{reason}; start it with: ollama serve")
        except httpx.NetworkError:
            return ServerStatus(False, f"Nothing listens at {self.host}; start it with: ollama serve")
        except (httpx.HTTPError, httpx.InvalidURL, ValueError):
            said = None
        return self._status(said, 1000 * (time.perf_counter() - started))

    def _status(self, said: object, latency_ms: float) -> ServerStatus:
        version = said.get("version") if isinstance(said, dict) else None
        if not isinstance(version, str):
            return ServerStatus(False, f"{self.host} does not answer as Ollama does; check the address of the server")
        return ServerStatus(True, f"Ollama {version} answers at {self.host}", version, latency_ms)

    async def installed(self) -> tuple[InstalledModel, ...]:
        """Every model on the server's disk with its capabilities, in the server's order."""
        async with make_client(self.host, timeout_s=REQUEST_TIMEOUT_S) as client:
            with translated(self.host):
                listed = (await client.list()).models
            gate = asyncio.Semaphore(SHOW_AT_ONCE)
            sizes = {model.model: model.size for model in listed if model.model}
            found = await asyncio.gather(*(self._describe(client, gate, name, size) for name, size in sizes.items()))
        return tuple(model for model in found if model is not None)

    async def _describe(
        self, client: AsyncClient, gate: asyncio.Semaphore, name: str, size_bytes: int | None
    ) -> InstalledModel | None:
        try:
            async with gate:
                shown = await _show(client, self.host, name)
        except (ModelNotFound, ModelRefused):
            return None  # removed since it was listed, or its file is broken: not usable either way
        capabilities = shown.get("capabilities")
        size = None if size_bytes is None else int(size_bytes)
        return InstalledModel(name, size, None if capabilities is None else frozenset(capabilities))

    async def resident(self) -> Mapping[str, int]:
        """Bytes that each loaded model takes, by its full name: in VRAM where it has any there, else in all."""
        async with make_client(self.host, timeout_s=REQUEST_TIMEOUT_S) as client:
            with translated(self.host):
                loaded = (await client.ps()).models
        return {full_name(one.model): int(one.size_vram or one.size or 0) for one in loaded if one.model}

    async def show(self, name: str) -> Mapping[str, Any]:
        """What the server knows of one model: `model_info`, `capabilities`, `details`, `template`, `parameters`.

        Raises:
            ModelNotFound: it is not installed there.
        """
        async with make_client(self.host, timeout_s=REQUEST_TIMEOUT_S) as client:
            return await _show(client, self.host, name)


async def _show(client: AsyncClient, host: str, name: str) -> Mapping[str, Any]:
    with translated(host, name):
        return (await client.show(name)).model_dump(by_alias=True, exclude_none=True)


async def _get_json(host: str, path: str) -> object:
    import httpx

    async with httpx.AsyncClient(**client_options(host)) as client:
        response = await client.get(base_url(host) + path)
        response.raise_for_status()
        said: object = response.json()
        return said


def full_name(name: str) -> str:
    """The name with its tag, so that `qwen2` and `qwen2:latest` are one model."""
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def base_url(host: str) -> str:
    """The server's address as a URL, from any form that OLLAMA_HOST may take.

    >>> base_url("0.0.0.0"), base_url("http://box:8080/")
    ('http://127.0.0.1:11434', 'http://box:8080')
    """
    parts = urlsplit(host if "://" in host else f"http://{host}")
    port = parts.port or (None if "://" in host else DEFAULT_PORT)
    name = parts.hostname or "127.0.0.1"
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(name, name)  # where a server listens on all addresses
    netloc = (f"[{name}]" if ":" in name else name) + (f":{port}" if port else "")
    return f"{parts.scheme}://{netloc}{parts.path.rstrip('/')}"


def is_loopback(host: str) -> bool:
    """Whether the server is on this machine."""
    name = urlsplit(base_url(host)).hostname or ""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def client_options(host: str) -> dict[str, Any]:
    """How to build an HTTP client for `host`: a proxy named in the environment is never asked for this machine."""
    if not is_loopback(host):
        return {}
    options: dict[str, Any] = {"trust_env": False}
    if base_url(host).startswith("http://"):
        # reading the certificate store takes 25 ms, a plain connection needs none, and an empty one trusts nobody
        options["verify"] = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return options


def make_client(host: str, *, timeout_s: float | None = None) -> AsyncClient:
    """A fresh client for one exchange, so that it may run in any event loop and leaves no open socket behind.

    Raises:
        ModelUnavailable: `host` is not an address.
    """
    from ollama import AsyncClient

    try:
        return AsyncClient(base_url(host), timeout=timeout_s, **client_options(host))
    except ValueError as error:
        raise _not_an_address(host) from error


@contextmanager
def translated(host: str, name: str = "", *, streaming: bool = False) -> Iterator[None]:
    """Turn what the client raises into our own errors, each with the next action.

    Args:
        host: the server, for the sentence.
        name: the model, for the sentence.
        streaming: a reply has begun, so half a line means that the connection broke.
    """
    import httpx
    import ollama
    import pydantic

    try:
        yield
    except ollama.ResponseError as error:
        raise _refusal(error, host, name) from error
    except pydantic.ValidationError as error:
        raise _malformed(error, host) from error
    except json.JSONDecodeError as error:
        raise (_dropped(host) if streaming else _not_ollama(host)) from error
    except (httpx.ReadTimeout, httpx.WriteTimeout) as error:
        raise ModelTimeout(f"Ollama at {host} did not answer in time; try again, or look at its log") from error
    except (httpx.ReadError, httpx.WriteError, httpx.CloseError, httpx.RemoteProtocolError) as error:
        raise _dropped(host) from error
    except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        raise _not_an_address(host) from error
    except (ConnectionError, httpx.HTTPError) as error:
        raise ModelUnavailable(f"Ollama does not answer at {host}; start it with: ollama serve") from error


def _refusal(error: ResponseError, host: str, name: str) -> WorkbenchError:
    said = str(error.error).strip() or f"HTTP status {error.status_code}"
    if error.status_code == 404 and "model" not in said:
        return _not_ollama(host)
    if error.status_code == 404:
        return ModelNotFound(f"Ollama has no model {name!r}; run: ollama pull {name}")
    if "parsing tool call" in said:
        return ToolError(f"{name} wrote a tool call that Ollama could not read ({said}); ask again or do without tools")
    return ModelRefused(f"Ollama refused {name or 'the request'}: {said}; see its log, or choose another model")


def _malformed(error: ValidationError, host: str) -> WorkbenchError:
    detail = error.errors(include_url=False)[0]
    if "tool_calls" in detail["loc"]:
        given = repr(detail["input"])[:80]
        return ToolError(f"The model wrote a malformed tool call, {given}; ask again or do without tools")
    return _not_ollama(host)


def _dropped(host: str) -> ConnectionDropped:
    return ConnectionDropped(
        f"The connection to Ollama at {host} broke before the reply was complete; ask again, or look at its log"
    )


def _not_ollama(host: str) -> ModelRefused:
    return ModelRefused(f"{host} does not answer as Ollama does; check the address of the server")


def _not_an_address(host: str) -> ModelUnavailable:
    return ModelUnavailable(f"{host!r} is not the address of a server; write it like {DEFAULT_HOST}")
