"""Data keys, and how they lie in the table `keys`: each wrapped by what is derived from the person's key.

    passphrase ──scrypt──┐
    generated ───HKDF────┴─► envelope ──AES-256-GCM──► wrapped data key ──► table `keys`
                                                        data key ──AES-256-GCM──► every sealed text

So the person's key can change without a text being touched, and it is derived once for all the rows, which share a
salt. A wrapped key names its recipe, so that later workbenches may derive more slowly. What a row says of its key
(its use, whether vectors are sealed) is bound to it: altered, it does not open. It opens no database.

>>> key, again = DataKey.fresh(), Envelope.fresh(PersonKey("correct horse", "the screen"))
>>> len(key.open(key.seal(b"Rufus", "memories.text:1"), "memories.text:1"))
5
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from workbench.core.errors import StoreSealed
from workbench.memory.vault.keys import KeySource, PersonKey

KEY_BYTES = 32  # AES-256
NONCE_BYTES = 12  # random; 2^32 texts of one key keep the chance of a repeat below 2^-32 (NIST SP 800-38D, 8.3)
SALT_BYTES = 16
SCRYPT = (15, 8, 1)  # log2 N, r, p (RFC 7914): 32 MiB and about 0.1 s for each guess
MOST_SCRYPT = (20, 16, 16)  # an altered recipe must not take all the memory
PREFIX = "wb1"  # version of what sealed texts look like: wb1:<id of the data key>:<nonce, text and tag>

Use = Literal["seal", "open", "match"]


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A row of the table `keys`."""

    id: str
    wrapped: str
    use: Use
    vectors: bool
    created_at: float

    @property
    def place(self) -> str:
        """What the wrapped key is bound to."""
        kind = "match" if self.use == "match" else "text"  # a text key goes from seal to open unchanged
        return f"keys.wrapped:{self.id}:{kind}:{int(self.vectors)}"


class DataKey:
    """A key that seals what the store holds; it lives in RAM only."""

    __slots__ = ("_cipher", "header", "id", "secret")

    def __init__(self, name: str, secret: bytes) -> None:
        self.id = name
        self.secret = secret
        self.header = f"{PREFIX}:{name}:"
        self._cipher = AESGCM(secret)

    @classmethod
    def fresh(cls) -> DataKey:
        return cls(secrets.token_hex(8), AESGCM.generate_key(KEY_BYTES * 8))

    def seal(self, content: bytes, place: str) -> bytes:
        """Nonce, ciphertext and tag, bound to the place."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, content, _bound(place))

    def open(self, sealed: bytes, place: str) -> bytes:
        """What was sealed at that place.

        Raises:
            InvalidTag, ValueError: it was altered, moved or cut.
        """
        return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _bound(place))


class Envelope:
    """What is derived from a person's key by a recipe, and wraps data keys."""

    def __init__(self, recipe: str, key: PersonKey) -> None:
        """Raises: ValueError: there is no such recipe."""
        self.recipe = recipe
        self._key = DataKey("", _derived(recipe, key))

    @classmethod
    def fresh(cls, key: PersonKey) -> Envelope:
        salt = _text_of(os.urandom(SALT_BYTES))
        cost = ".".join(map(str, SCRYPT))
        return cls(f"hkdf.{salt}" if key.generated else f"scrypt.{cost}.{salt}", key)

    def wrap(self, secret: bytes, place: str) -> str:
        return f"{self.recipe}.{_text_of(self._key.seal(secret, place))}"

    def unwrap(self, row: KeyRow) -> bytes:
        """Raises: InvalidTag, ValueError: the person's key is another, or the row was altered."""
        return self._key.open(_bytes_of(row.wrapped.rpartition(".")[2]), row.place)


def wrapped(keys: Mapping[DataKey, Use], key: PersonKey, *, vectors: bool) -> list[KeyRow]:
    """Rows for these data keys, wrapped by the person's key with a new salt."""
    envelope, now = Envelope.fresh(key), time.time()
    bare = [(data_key, KeyRow(data_key.id, "", use, vectors, now)) for data_key, use in keys.items()]
    return [
        KeyRow(row.id, envelope.wrap(data_key.secret, row.place), row.use, row.vectors, row.created_at)
        for data_key, row in bare
    ]


def unwrapped(rows: Sequence[KeyRow], source: KeySource | None, place: str) -> dict[str, DataKey]:
    """The data keys of these rows, opened by the first key of the source that fits.

    Args:
        place: the store as the person knows it.
    Raises:
        StoreSealed: no key there, or none that fits.
    """
    tried = []
    for key in source.candidates() if source is not None else ():
        try:
            return _opened(rows, key)
        except (InvalidTag, ValueError):
            tried.append(key.origin)
    if not tried:
        hint = "set WORKBENCH_MEMORY_KEY" if source is None else source.hint
        raise StoreSealed(f"{place} is encrypted and there is no key; {hint}")
    raise StoreSealed(f"{place} does not open with the key in {' or '.join(tried)}; give the key it was encrypted with")


def _opened(rows: Iterable[KeyRow], key: PersonKey) -> dict[str, DataKey]:
    envelopes: dict[str, Envelope] = {}
    opened = {}
    for row in rows:
        recipe = row.wrapped.rpartition(".")[0]
        if recipe not in envelopes:
            envelopes[recipe] = Envelope(recipe, key)
        opened[row.id] = DataKey(row.id, envelopes[recipe].unwrap(row))
    return opened


def _derived(recipe: str, key: PersonKey) -> bytes:
    name, *cost, salt = recipe.split(".")
    text = key.text.encode("utf-8", "surrogatepass")
    if name == "hkdf" and not cost:
        return HKDF(SHA256(), KEY_BYTES, _bytes_of(salt), b"workbench memory").derive(text)
    log2_n, r, p = map(int, cost)
    if name != "scrypt" or not all(1 <= part <= most for part, most in zip((log2_n, r, p), MOST_SCRYPT, strict=True)):
        raise ValueError(f"no such recipe: {name}")
    return Scrypt(salt=_bytes_of(salt), length=KEY_BYTES, n=2**log2_n, r=r, p=p).derive(text)


def _bound(place: str) -> bytes:
    return place.encode("utf-8", "surrogatepass")


def _text_of(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode()


def _bytes_of(text: str) -> bytes:
    return binascii.a2b_base64(text.replace("-", "+").replace("_", "/"), strict_mode=True)
