"""A Chroma server as the vector index, where several processes share one graph: `memory.chroma_url`.

    process 1 ─┐                    ┌─ collection of this home and embedder      ids and vectors, never text
    process 2 ─┼─► http://…:8000 ───┤
    process 3 ─┘                    └─ collections of other homes

    home/memory/chroma_server/
    ├── store                 32 digits, drawn once: two homes on one server never share a collection
    ├── delivering.lock       held while one process tells the server what the journal says
    └── <collection>.delivered    the number up to which that collection has heard it, from whichever process

Every process may deliver, one at a time: a slow one that wrote after a fast one would bring back what was forgotten.
A collection that was made anew has another id, hence no number, and hears everything. What is forgotten is deleted on
the server; when its bytes leave the server's disk is up to the server.

>>> index = open_chroma_server("http://127.0.0.1:8000", Path("var/memory"), "all-minilm-l6-v2-int8", place="…")
... # doctest: +SKIP
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from workbench.core.errors import StoreError, StoreLocked
from workbench.core.records import new_id
from workbench.memory.failures import translated
from workbench.memory.index.chroma import COLLECTION, QUIET, ChromaIndex, quick_import

CONNECT_S = 2.0
ANSWER_S = 30.0  # an upsert of a whole batch on a busy machine
PATIENCE_S = 2.0  # a search waits no longer while another process delivers
PORTS = {"http": 80, "https": 443}
log = logging.getLogger(__name__)


class ServerUnreachable(StoreError):
    """The Chroma server does not answer, or answers with an error; it may do better later."""


class Delivering(StoreLocked):
    """Another process is telling the server what the journal says."""


class ServerIndex(ChromaIndex):
    """One home's vectors on a server; made by `open_chroma_server`."""

    def __init__(self, client: Any, collection: Any, url: str, folder: Path) -> None:
        """Made by `open_chroma_server`; `folder` holds what the processes of this home share."""
        from filelock import FileLock

        super().__init__(client, collection, _nothing, folder / str(collection.id))
        self._url = url
        self._turn = FileLock(folder / "delivering.lock", timeout=PATIENCE_S, thread_local=False)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """No other process of this home delivers meanwhile.

        Raises:
            Delivering: another one does, and takes long.
        """
        from filelock import Timeout

        with translated(str(self._place)):
            try:
                self._turn.acquire()
            except Timeout as error:  # an OSError too, which is not to be taken for one
                raise Delivering(f"Another process fills the index on {self._url}; try again in a moment") from error
        try:
            yield
        finally:
            self._turn.release()

    def leave_nothing_behind(self) -> None:
        """The server's files are its own: it has deleted the vector, and others may be searching."""

    def trust(self) -> None:
        """A server that dies takes no process of ours with it: there is no mark to remove."""

    def _end(self, *, keep: bool) -> None:
        with self._lock:
            if self._closed:
                return
            self._closed = True
            with suppress(ServerUnreachable):  # a server that is gone needs no farewell
                if not keep:
                    with self._in_our_words():
                        self._client.delete_collection(self._collection.name)
            _hang_up(self._client)

    def _in_our_words(self) -> AbstractContextManager[None]:
        return _in_our_words(self._url)


def open_chroma_server(url: str, folder: Path, embedder: str, *, place: str) -> ServerIndex:
    """Open this home's collection on a server, creating it when it is new.

    Args:
        url: the server, `http://host:port`, with a path if it lies behind one.
        folder: `home/memory`.
        embedder: whose vectors.
        place: the database, as a person knows it: a home that was copied gets a collection of its own.
    Raises:
        ServerUnreachable: it does not answer, or not as a Chroma server does.
        StoreError: the folder cannot be written.
    """
    shared = folder / "chroma_server"
    name = _collection_name(_store_id(shared), place, embedder)
    client = _connect(url)
    try:
        with _in_our_words(url):
            collection = client.get_or_create_collection(name, **COLLECTION)
            collection.count()
    except BaseException:
        _hang_up(client)
        raise
    return ServerIndex(client, collection, url, shared)


def _nothing() -> None:
    """A server has no lock of ours to give back."""


def _collection_name(store: str, place: str, embedder: str) -> str:
    return f"memories-{hashlib.sha256(f'{store}|{place}|{embedder}'.encode()).hexdigest()[:32]}"


def _store_id(folder: Path) -> str:
    """The id of this home's store; of several processes that draw one at once, the first wins."""
    path = folder / "store"
    with translated(str(folder)):
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            drawn = folder / f"store.{new_id()}"
            drawn.write_text(new_id())
            with suppress(FileExistsError):
                path.hardlink_to(drawn)  # unlike a rename it never replaces
            drawn.unlink()
        return path.read_text()


def _connect(url: str) -> Any:
    """A client that gives up in seconds; Chroma's own would wait for ever."""
    import httpx

    with quick_import():
        import chromadb
        from chromadb.config import Settings

    parts = urlsplit(url)
    with _in_our_words(url):
        httpx.get(f"{url.rstrip('/')}/api/v2/heartbeat", timeout=CONNECT_S).raise_for_status()
        client: Any = chromadb.HttpClient(
            host=url if parts.path.strip("/") else parts.hostname or "",
            port=parts.port or PORTS[parts.scheme],
            ssl=parts.scheme == "https",
            settings=Settings(**QUIET),
        )
    client._server._session.timeout = httpx.Timeout(ANSWER_S, connect=CONNECT_S)  # no public way to say so
    return client


def _hang_up(client: Any) -> None:
    for part in (client, client._admin_client):
        part._server._session.close()  # `close` leaves the sockets open
    client.close()


@contextmanager
def _in_our_words(url: str) -> Iterator[None]:
    """Whatever goes wrong between us and the server is ours when it leaves this block."""
    try:
        yield
    except StoreError:
        raise
    except Exception as error:  # not broader than it must be: Chroma's client raises a bare `Exception` for replies
        said = (str(error).splitlines() or [type(error).__name__])[0] or type(error).__name__
        raise ServerUnreachable(
            f"The Chroma server {url} cannot be used ({said[:200]}); start it, or unset memory.chroma_url"
        ) from error
