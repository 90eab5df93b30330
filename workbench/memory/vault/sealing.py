"""A vault that encrypts: AES-256-GCM, each text bound to its table, column and row.

    seal("My dog …", "memories.text:9f…")  ──►  "wb1:4c1d…:base64(nonce, ciphertext, tag)"
                                                     └─ the data key, one row of the table `keys`

    keys   use     sees
    4c1d…  seal    what is written from now on
    07ae…  open    what older rows still hold, until a rotation has gone through them
    b2f0…  match   fingerprints: HMAC-SHA256, so that equal texts are found and nobody else can guess one

The vault holds the opened data keys. Before each transaction it compares the rows of `keys` with what it holds, since
another process may have rotated, decrypted or gone further. Data keys that were dropped still open what this process
has read already. It does not derive keys (`wrapping`) and does not change a store (`conversion`).

>>> database.vault.seal("My dog is called Rufus.", "memories.text:9f")[:4]  # doctest: +SKIP
'wb1:'
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import threading
import weakref
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cryptography.exceptions import InvalidTag
from sqlalchemy import Connection, select

from workbench.core.errors import StoreLocked, StoreSealed
from workbench.memory.tables import keys
from workbench.memory.text import fingerprint
from workbench.memory.vault.keys import KeySource
from workbench.memory.vault.wrapping import PREFIX, DataKey, KeyRow, Use, unwrapped

HEADER = re.compile(PREFIX + ":[0-9a-f]{16}:")
ID_AT = slice(len(PREFIX) + 1, len(PREFIX) + 17)  # of the data key, in a header
BODY_AT = len(PREFIX) + 18
SIGNATURE = select(keys.c.id, keys.c.use, keys.c.vectors)
SIGNATURE_SQL = str(SIGNATURE)


@dataclass(frozen=True, slots=True)
class Ring:
    """The data keys of a store, opened."""

    held: Mapping[str, DataKey] = field(repr=False)  # by id; more than the store has, once some were dropped
    uses: Mapping[str, Use]  # of those the store has
    vectors: bool

    @property
    def match(self) -> DataKey:
        return self._of("match")

    @property
    def seal(self) -> DataKey:
        return self._of("seal")

    def _of(self, wanted: Use) -> DataKey:
        return next(self.held[name] for name, use in self.uses.items() if use == wanted)


class SealingVault:
    """Encrypts what the database holds; may be called from any thread."""

    seals = True

    def __init__(self, ring: Ring, source: KeySource | None, place: str) -> None:
        """
        Args:
            source: asked again when another process has put in a data key.
            place: the store as the person knows it.
        """
        self.ring = ring
        self.source = source
        self._place = place
        self._lock = threading.Lock()
        self._thread = _Thread()

    def hold(self, more: Mapping[str, DataKey]) -> None:
        """Know these data keys too, before the store does."""
        with self._lock:
            self.ring = replace(self.ring, held={**self.ring.held, **more})

    def headers(self, use: Use) -> list[str]:
        """How texts begin that were sealed with the data keys in this use."""
        ring = self.ring
        return [ring.held[name].header for name, other in ring.uses.items() if other == use]

    @property
    def seals_vectors(self) -> bool:
        return self.ring.vectors

    def seal(self, text: str, place: str) -> str:
        key = self._sealing_key()
        return key.header + base64.b64encode(key.seal(text.encode("utf-8", "surrogatepass"), place)).decode()

    def open(self, sealed: str, place: str) -> str:
        key = self._key_of(sealed[:BODY_AT], place)
        try:
            content = key.open(binascii.a2b_base64(sealed[BODY_AT:], strict_mode=True), place)
        except (InvalidTag, ValueError) as error:
            raise _altered(place) from error
        return content.decode("utf-8", "surrogatepass")

    def seal_vector(self, vector: bytes, place: str) -> bytes:
        if not self.seals_vectors:
            return vector
        key = self._sealing_key()
        return key.header.encode() + key.seal(vector, place)

    def open_vector(self, sealed: bytes, place: str) -> bytes:
        if not self.seals_vectors:
            return sealed
        key = self._key_of(sealed[:BODY_AT].decode("latin-1"), place)
        try:
            return key.open(sealed[BODY_AT:], place)
        except (InvalidTag, ValueError) as error:
            raise _altered(place) from error

    def fingerprint(self, text: str) -> str:
        return hmac.new(self.ring.match.secret, fingerprint(text).encode(), hashlib.sha256).hexdigest()

    def check(self, connection: Connection) -> None:
        """Make sure the data keys are those of the store, inside the transaction that will use them.

        Raises:
            StoreLocked: another process has decrypted the store, or encrypts more of it than this one would; or the
                data key that this thread sealed with, before the transaction, was dropped meanwhile.
            StoreSealed: another process has exchanged the person's key, and the new one is not to be found.
        """
        writes = connection.get_execution_options().get("takes_write_lock", False)
        uses: dict[str, Use] = {}
        vectors = False
        for name, use, with_vectors in _signature(connection, writes):
            uses[name], vectors = use, bool(with_vectors)
        ring = self.ring
        if uses != ring.uses or vectors != ring.vectors:
            ring = self._follow(connection, uses, vectors)
        if writes:
            self._begin_write(connection, ring)

    def _follow(self, connection: Connection, uses: Mapping[str, Use], vectors: bool) -> Ring:
        with self._lock:
            if uses.get(self.ring.match.id) != "match":
                raise StoreLocked("Another process has decrypted this memory; start this one again")
            if vectors != self.seals_vectors:
                raise StoreLocked("Another process now encrypts the vectors of this memory; start this one again")
            held = dict(self.ring.held)
            if not uses.keys() <= held.keys():
                held |= self._new_keys(connection)
            self.ring = Ring(held, uses, vectors)
            return self.ring

    def _new_keys(self, connection: Connection) -> Mapping[str, DataKey]:
        try:
            return unwrapped(key_rows(connection), self.source, self._place)
        except StoreSealed as error:
            raise StoreSealed(
                "Another process has exchanged the key of this memory; start this one again with the new key"
            ) from error

    def _begin_write(self, connection: Connection, ring: Ring) -> None:
        """What was sealed before the transaction must open after it: with a dropped key, it never would."""
        early, self._thread.early = self._thread.early, set()
        self._thread.connection = weakref.ref(connection)
        self._thread.key = ring.seal  # of this transaction: another thread may follow an older or newer state meanwhile
        if not early <= ring.uses.keys():
            raise StoreLocked("The key of this memory was exchanged just now and nothing was stored; try again")

    def _sealing_key(self) -> DataKey:
        if self._thread.key is not None and self._thread.is_writing():
            return self._thread.key
        key = self.ring.seal
        self._thread.early.add(key.id)
        return key

    def _key_of(self, header: str, place: str) -> DataKey:
        if not HEADER.fullmatch(header):
            raise StoreSealed(f"{place} is not encrypted, though this memory is; restore a backup of the memory")
        key = self.ring.held.get(header[ID_AT])
        if key is None:
            raise StoreSealed(f"{place} needs a data key that this memory lacks; restore a backup of the memory")
        return key


class _Thread(threading.local):
    """What one thread is doing with the vault."""

    def __init__(self) -> None:
        self.connection: weakref.ref[Connection] | None = None  # of its latest write transaction
        self.key: DataKey | None = None  # that transaction seals with
        self.early: set[str] = set()  # data keys it sealed with before that

    def is_writing(self) -> bool:
        connection = self.connection() if self.connection is not None else None
        return connection is not None and not connection.closed


def _signature(connection: Connection, writes: bool) -> Iterable[tuple[Any, ...]]:
    """Id, use and `vectors` of every data key; on a server no key is dropped while this writer is at work."""
    if connection.dialect.name != "sqlite":
        return connection.execute(SIGNATURE.with_for_update(read=True) if writes else SIGNATURE).tuples()
    raw = connection.connection.dbapi_connection  # asked before every transaction: 5 µs this way, 50 through SQLAlchemy
    assert raw is not None
    cursor = raw.cursor()
    cursor.execute(SIGNATURE_SQL)
    return cursor.fetchall()


def key_rows(connection: Connection) -> list[KeyRow]:
    """The table `keys`; empty for a store that is not encrypted."""
    return [KeyRow(**row) for row in connection.execute(select(keys)).mappings()]


def ring_of(held: Mapping[str, DataKey], rows: Sequence[KeyRow]) -> Ring:
    """The ring of a store with these rows, all of whose keys are held."""
    return Ring(dict(held), {row.id: row.use for row in rows}, any(row.vectors for row in rows))


def unlocked(rows: list[KeyRow], source: KeySource | None, place: str) -> SealingVault:
    """The vault of an encrypted store.

    Raises:
        StoreSealed: no key, or none that fits.
    """
    return SealingVault(ring_of(unwrapped(rows, source, place), rows), source, place)


def _altered(place: str) -> StoreSealed:
    return StoreSealed(f"{place} was altered or moved since it was written; restore a backup of the memory")
