"""A real store with memories whose vectors are known, for tests of recall that need no embedder."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workbench.core.records import Session, begun_session
from workbench.memory.database import open_database
from workbench.memory.index.exact import ExactIndex
from workbench.memory.memories import Memories, NewMemory, Tier, change
from workbench.memory.recall.choosing import Budget
from workbench.memory.recall.recaller import Recaller
from workbench.memory.sessions.sessions import Sessions

NAME = "hashed"
DIMENSION = 16
NOW = 1_700_000_000.0


def vector_of(text: str) -> NDArray[np.float32]:
    """A unit vector that depends on the text alone, and on nothing it means."""
    seed = int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "little")
    vector = np.random.default_rng(seed).standard_normal(DIMENSION).astype(np.float32)
    return vector / np.float32(np.linalg.norm(vector))


class Shelf:
    """One database of a test, and recall over it."""

    def __init__(self, template: Path, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "memory.sqlite"
        shutil.copy(template, file)
        self.folder = folder
        self.database = open_database(file)
        self.memories = Memories(self.database)
        self.sessions = Sessions(self.database)

    def add(
        self,
        *texts: str,
        session: Session | None = None,
        speaker: str | None = None,
        said_at: float = NOW,
        importance: float = 0.0,
        tier: Tier = "long",
    ) -> tuple[str, ...]:
        new = [
            NewMemory(
                text,
                vector_of(text).tobytes(),
                NAME,
                speaker=speaker,
                said_at=said_at,
                importance=importance,
                tier=tier,
            )
            for text in texts
        ]
        return self.sessions.note(new, session, said_at=said_at)

    def change(self, memory_id: str, what: str, **values: object) -> None:
        with self.database.write() as connection:
            change(connection, memory_id, what, **values)

    def edit(self, memory_id: str, text: str) -> None:
        self.memories.edit(memory_id, text, vector_of(text).tobytes(), NAME)

    def recaller(self, index: object | None = None) -> Recaller:
        nearest = index or ExactIndex(self.memories, NAME)
        return Recaller(self.memories, nearest, vector_of, clock=lambda: NOW)  # type: ignore[arg-type]

    def recall(self, question: str, k: int = 100) -> list[str]:
        """The texts that recall chooses, best first."""
        return [hit.text for hit in self.recaller().recall(question, Budget(k))]

    def close(self) -> None:
        self.database.close()


def session(name: str) -> Session:
    return begun_session(name, name)
