"""A server on 127.0.0.1 that speaks Ollama's wire format, so that tests go through the real client and a real socket.

Written from the public API documentation (docs.ollama.com/api): /api/version, /api/tags, /api/ps, /api/show, /api/chat
(newline-delimited JSON, or one object with `"stream": false`), /api/embed (vectors by counting words), /api/generate
(load, unload), /api/blobs/sha256:… and /api/create (`ollama_making.py`). What a real server does by itself, this one
does too: it knows only installed models, refuses `think` and `tools` where the model lacks the capability, counts
tokens, keeps used models resident. What a model would say is scripted by the test:

    ollama_server.say("Hel", "lo")                  the next chat replies "Hello" in two lines
    ollama_server.say("a", "b", drop_after=1)       …and the connection breaks after "a"
    ollama_server.always(lambda request: Say(("yes",)))

A chat that no script covers gets status 500, so a test that asks too often fails.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.models import ollama_making as making
from tests.models.ollama_replies import CREATED_AT, Say, line, lines, whole, word_vector

GIB = 2**30
CHAT = frozenset({"completion", "tools"})


@dataclass(frozen=True)
class Request:
    """One request as it came in."""

    method: str
    path: str
    body: dict[str, Any]
    headers: dict[str, str]


@dataclass
class Installed:
    """A model on the server's disk."""

    name: str
    size: int
    capabilities: frozenset[str] | None  # None: a server too old to tell
    context_length: int
    loaded: bool = False
    size_vram: int = 0
    info: dict[str, Any] = field(default_factory=dict)
    made_of: dict[str, Any] | None = None  # what /api/create was told


class OllamaWire:
    """The server and its script. `url` is where it listens; `requests` is everything it was asked, in order."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.chatting = threading.Event()  # a chat request has come in
        self.hung_up = threading.Event()  # a client closed the connection in mid-reply
        self.stopping = threading.Event()
        self.version: object = "0.12.6"
        self.version_delay_s = 0.0
        self.models: dict[str, Installed] = {}
        self.blobs: dict[str, bytes] = {}  # by digest, as uploaded
        self._scripts: list[Say] = []
        self._embeddings: list[Say] = []
        self._always: Callable[[Request], Say] | None = None
        self._lock = threading.Lock()
        self._http = _Server(("127.0.0.1", 0), _handler_for(self))
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self.install("tiny")

    def install(
        self,
        name: str,
        *,
        size: int = GIB,
        capabilities: frozenset[str] | set[str] | None = CHAT,
        context_length: int = 8192,
        loaded: bool = False,
        size_vram: int = 0,
        **info: Any,
    ) -> None:
        """Put a model on the server's disk; `info` is added to its `model_info`."""
        name = _tagged(name)
        known = None if capabilities is None else frozenset(capabilities)
        self.models[name] = Installed(name, size, known, context_length, loaded, size_vram, info)

    def say(self, *tokens: str, **how: Any) -> None:
        """Script the next chat that has no script yet: one line for each token; `how` are the fields of `Say`."""
        self._scripts.append(Say(tokens, **how))

    def always(self, answer: Callable[[Request], Say]) -> None:
        """Answer every chat that has no script with `answer(request)`."""
        self._always = answer

    def embed_badly(self, **how: Any) -> None:
        """Script the next embedding: a delay, an error status, a broken connection, or too few vectors."""
        self._embeddings.append(Say(**how))

    @property
    def embeddings(self) -> list[dict[str, Any]]:
        """The bodies of all requests for vectors."""
        return [request.body for request in self.requests if request.path == "/api/embed"]

    def next_embedding(self) -> Say:
        with self._lock:
            return self._embeddings.pop(0) if self._embeddings else Say()

    @property
    def chats(self) -> list[dict[str, Any]]:
        """The bodies of all chat requests."""
        return [request.body for request in self.requests if request.path == "/api/chat"]

    def record(self, request: Request) -> None:
        with self._lock:
            self.requests.append(request)
        if request.path == "/api/chat":
            self.chatting.set()

    def next_script(self, request: Request) -> Say:
        with self._lock:
            if self._scripts:
                return self._scripts.pop(0)
        if self._always is not None:
            return self._always(request)
        return Say(status=500, error="the test scripted no reply for this chat")

    @contextmanager
    def running(self) -> Iterator[OllamaWire]:
        thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield self
        finally:
            self.stop()
            thread.join()

    def stop(self) -> None:
        """Stop listening, as when the server is killed; a second call does nothing."""
        if not self.stopping.is_set():
            self.stopping.set()
            self._http.shutdown()
            self._http.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # server_close then waits for the handlers, so no socket outlives a test
    request_queue_size = 64


class _Hangup(Exception):
    """The script closes the connection here."""


def _tagged(name: str) -> str:
    return name if ":" in name else f"{name}:latest"


def _handler_for(wire: OllamaWire) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        server_state = wire

    return Handler


class _Handler(BaseHTTPRequestHandler):
    """One connection, one request."""

    protocol_version = "HTTP/1.1"
    server_state: OllamaWire

    def log_message(self, format: str, *args: object) -> None:
        """Tests read `requests`, not a log."""

    def do_GET(self) -> None:
        self._serve()

    def do_HEAD(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        self.close_connection = True
        content = making.content(self.rfile, self.headers)
        blob = self.path.startswith(making.BLOBS)
        body = {} if blob else json.loads(content or b"{}")
        request = Request(self.command, self.path, body, dict(self.headers.items()))
        self.server_state.record(request)
        if blob:
            self._blob(content)
            return
        routes = {
            "/api/version": self._version,
            "/api/tags": self._tags,
            "/api/ps": self._ps,
            "/api/show": self._show,
            "/api/chat": self._chat,
            "/api/generate": self._generate,
            "/api/embed": self._embed,
            "/api/create": self._create,
        }
        try:
            routes.get(self.path, self._unknown)(request)
        except (BrokenPipeError, ConnectionResetError):
            self.server_state.hung_up.set()
        except _Hangup:
            pass

    # what is there

    def _version(self, request: Request) -> None:
        self._wait(self.server_state.version_delay_s)
        self._json({"version": self.server_state.version})

    def _tags(self, request: Request) -> None:
        models = [{**_listed(model), "modified_at": CREATED_AT} for model in self.server_state.models.values()]
        self._json({"models": models})

    def _ps(self, request: Request) -> None:
        loaded = [model for model in self.server_state.models.values() if model.loaded]
        extra = {"expires_at": CREATED_AT, "context_length": 4096}
        self._json({"models": [{**_listed(model), "size_vram": model.size_vram, **extra} for model in loaded]})

    def _show(self, request: Request) -> None:
        model = self._find(request)
        if model is None:
            return
        info = {"general.architecture": "llama", "llama.context_length": model.context_length, **model.info}
        shown = {"modelfile": "", "template": "{{ .Prompt }}", "details": _details(), "model_info": info}
        if model.capabilities is not None:
            shown["capabilities"] = sorted(model.capabilities)
        self._json(shown)

    def _find(self, request: Request) -> Installed | None:
        name = str(request.body.get("model"))
        model = self.server_state.models.get(_tagged(name))
        if model is None:
            self._json({"error": f"model '{name}' not found"}, status=404)
        return model

    # what it does

    def _generate(self, request: Request) -> None:
        model = self._find(request)
        if model is None:
            return
        if request.body.get("prompt"):
            self._json({"error": "this server only loads and unloads by /api/generate"}, status=501)
            return
        model.loaded = request.body.get("keep_alive") != 0
        reason = "load" if model.loaded else "unload"
        self._json(line(model.name, done=True, response="", done_reason=reason))

    def _embed(self, request: Request) -> None:
        model = self._find(request)
        if model is None:
            return
        if model.capabilities is not None and "embedding" not in model.capabilities:
            self._json({"error": "this model does not support embeddings"}, status=501)
            return
        model.loaded = True
        say = self.server_state.next_embedding()
        self._wait(say.first_delay_s)
        if say.drop_after is not None:
            raise _Hangup
        if say.status != 200:
            self._json({"error": say.error}, status=say.status)
            return
        given = request.body["input"]
        vectors = [word_vector(text) for text in ([given] if isinstance(given, str) else given)]
        self._json(line(model.name, done=True, embeddings=vectors[: say.end_after], total_duration=1_000_000))

    def _blob(self, content: bytes) -> None:
        status, error = making.blob(self.server_state.blobs, self.command, self.path, content)
        self._json({"error": error} if error else {}, status=status)

    def _create(self, request: Request) -> None:
        error = making.refusal(request.body, self.server_state.blobs, set(map(_tagged, self.server_state.models)))
        if error:
            self._json({"error": error}, status=400)
            return
        self.server_state.install(request.body["model"])
        self.server_state.models[_tagged(request.body["model"])].made_of = request.body
        self._json({"status": "success"})

    def _chat(self, request: Request) -> None:
        model = self._find(request)
        if model is None:
            return
        lacking = _lacking(model, request.body)
        if lacking:
            self._json({"error": f'"{request.body["model"]}" does not support {lacking}'}, status=400)
            return
        model.loaded = True
        say = self.server_state.next_script(request)
        self._wait(say.first_delay_s)
        if say.status != 200:
            self._json({"error": say.error}, status=say.status)
        elif request.body.get("stream", True):
            self._stream(lines(model.name, say, request.body), say)
        else:
            self._json(whole(model.name, say, request.body))

    def _stream(self, body: list[dict[str, Any]], say: Say) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Connection", "close")
        self.end_headers()
        for sent, one in enumerate(body):
            if self._interrupted(sent, say):
                return
            self._chunk(json.dumps(one, ensure_ascii=False).encode() + b"\n")
            self._wait(say.delay_s)
        self._chunk(b"")

    def _interrupted(self, sent: int, say: Say) -> bool:
        """Whether the script ends the body here."""
        if sent == say.reset_after:  # closed with linger 0, and before anyone can send a polite end
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            socket.close(self.connection.detach())
        if sent in (say.drop_after, say.reset_after):
            raise _Hangup
        if sent == say.error_after:
            self._chunk(json.dumps({"error": say.error}).encode() + b"\n")
        if sent == say.raw_after:
            self._chunk(say.raw)
        if sent in (say.error_after, say.end_after, say.raw_after):
            self._chunk(b"")
            return True
        return False

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):X}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def _json(self, said: dict[str, Any], status: int = 200) -> None:
        data = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)

    def _unknown(self, request: Request) -> None:
        self._json({"error": "404 page not found"}, status=404)

    def _wait(self, delay_s: float) -> None:
        """Pause, but not beyond the end of the test, and not for a client that has left."""
        until = time.monotonic() + delay_s
        while (left := until - time.monotonic()) > 0 and not self.server_state.stopping.wait(min(left, 0.02)):
            if self._peer_left():
                raise BrokenPipeError

    def _peer_left(self) -> bool:
        try:
            return self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False


def _details() -> dict[str, Any]:
    return {"format": "gguf", "family": "llama", "parameter_size": "1B", "quantization_level": "Q4_K_M"}


def _listed(model: Installed) -> dict[str, Any]:
    return {"name": model.name, "model": model.name, "size": model.size, "digest": "0" * 64, "details": _details()}


def _lacking(model: Installed, body: Mapping[str, Any]) -> str:
    """The first capability that the request needs and the model lacks."""
    if model.capabilities is None:
        return ""
    needs = {"completion": True, "thinking": bool(body.get("think")), "tools": bool(body.get("tools"))}
    missing = [name for name, needed in needs.items() if needed and name not in model.capabilities]
    return {"completion": "chat"}.get(missing[0], missing[0]) if missing else ""


@pytest.fixture
def ollama_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OllamaWire]:
    """A running server with one installed model, `tiny`, that can chat and call tools but not think.

    It is asked patiently: on a machine busy with tests its thread may need longer than the usual 300 ms.
    """
    monkeypatch.setenv("WORKBENCH_OLLAMA_PROBE_TIMEOUT_MS", "5000")
    with OllamaWire().running() as wire:
        yield wire
