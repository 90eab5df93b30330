"""What a text becomes on its way to disk, and back: itself, or its encryption.

    seal(text, "memories.text:9f…")  ──►  what the column holds  ──open(…, the same place)──►  text

A place names table, column and row, so that a sealed text moved to another row does not open. `PlainVault` here keeps
everything readable; `SealingVault` in `sealing.py` encrypts. A database asks its vault before it uses a connection
(`check`): another process may have encrypted the store meanwhile. It does not know what a text means.

>>> PlainVault().seal("My dog is called Rufus.", "memories.text:1")
'My dog is called Rufus.'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from workbench.core.errors import StoreLocked
from workbench.memory.text import fingerprint

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Vault(Protocol):
    """Seals and opens what the database holds; calls may come from any thread."""

    @property
    def seals(self) -> bool:
        """Whether texts are encrypted."""

    @property
    def seals_vectors(self) -> bool:
        """Whether vectors are encrypted too; then no index may write them to disk."""

    def seal(self, text: str, place: str) -> str:
        """What the column holds for `text`."""

    def open(self, sealed: str, place: str) -> str:
        """The text that was sealed at that place.

        Raises:
            StoreSealed: the key is not the one it was sealed with, or the text was altered.
        """

    def seal_vector(self, vector: bytes, place: str) -> bytes:
        """What the column holds for the bytes of a vector."""

    def open_vector(self, sealed: bytes, place: str) -> bytes:
        """The bytes of the vector that was sealed at that place."""

    def fingerprint(self, text: str) -> str:
        """64 hexadecimal digits, equal for texts that count as the same; tells nothing to who lacks the key."""

    def check(self, connection: Connection) -> None:
        """Make sure this vault is still the one of the store.

        Raises:
            StoreLocked: another process encrypted or decrypted the store since it was opened.
        """


class PlainVault:
    """Keeps everything as it is."""

    seals = False
    seals_vectors = False

    def seal(self, text: str, place: str) -> str:
        return text

    def open(self, sealed: str, place: str) -> str:
        return sealed

    def seal_vector(self, vector: bytes, place: str) -> bytes:
        return vector

    def open_vector(self, sealed: bytes, place: str) -> bytes:
        return sealed

    def fingerprint(self, text: str) -> str:
        return fingerprint(text)

    def check(self, connection: Connection) -> None:
        """Raises StoreLocked when the store has been encrypted since it was opened."""
        if connection.exec_driver_sql("SELECT 1 FROM keys LIMIT 1").first():
            raise StoreLocked("Another process has encrypted this memory; start this one again with the key")
