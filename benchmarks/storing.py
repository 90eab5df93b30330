"""How long a write and a search take, from 1,000 to 100,000 memories, plain and encrypted. Run by `memory.py`.

The texts are made of English words, the whole words of MiniLM's vocabulary, with frequencies that fall as in language
(Zipf), 18 to a text, about what people say in a turn. Most vectors are random, since embedding 100,000 texts takes a
quarter of an hour; the writes and questions that are timed are embedded by MiniLM.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from workbench.core.records import Turn, begun_session
from workbench.memory import Memory, MiniLM
from workbench.memory.embedders.minilm import TOKENIZER
from workbench.memory.memories import NewMemory, Tier

SIZES = (1_000, 10_000, 100_000)
SESSION = 20  # memories in one session

WRITES = 100
SEARCHES = 100
KEY = "a long passphrase that only this benchmark uses"


def words() -> tuple[Sequence[str], np.ndarray]:
    """Some 20,000 words and how often each occurs."""
    held = json.loads(TOKENIZER.read_text(encoding="utf-8"))["model"]["vocab"]
    whole = sorted((word for word in held if word.isascii() and word.isalpha() and len(word) > 2), key=held.__getitem__)
    frequency = 1.0 / np.arange(1, len(whole) + 1)
    return whole, frequency / frequency.sum()


def sentences(count: int, seed: int) -> Iterator[str]:
    made, frequency = words()
    rng = np.random.default_rng(seed)
    for _ in range(count):
        yield "My " + " ".join(made[at] for at in rng.choice(len(made), 17, p=frequency)) + "."


async def measured(*, sizes: Sequence[int] = SIZES) -> dict[str, Any]:
    rows = []
    for size in sizes:
        for index in ("exact", "chroma"):
            print(f"{size} memories, {index}", file=sys.stderr)
            rows.append(await timed(size, index))
    print("10,000 memories, encrypted", file=sys.stderr)
    plain = next((row for row in rows if row["memories"] == 10_000 and row["index"] == "exact"), None)
    sealed = await timed(10_000, "exact", encrypt_memory=True, key=KEY)
    return {"by_size": rows, "encrypted": sealed, "overhead": plain and overhead(plain, sealed)}


def overhead(plain: dict[str, Any], sealed: dict[str, Any]) -> dict[str, float]:
    """Medians, encrypted against plain."""
    timings = ("write_ms", "search_ms", "first_search_s")
    return {name: round(_middle(sealed[name]) / _middle(plain[name]), 2) for name in timings}


def _middle(figure: Any) -> float:
    return float(figure["p50"] if isinstance(figure, dict) else figure)


async def timed(size: int, index: str, **settings: Any) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as home:
        filled(Path(home), size, "long" if index == "chroma" else "short", **settings)
        memory = Memory.open(Path(home), embedder=MiniLM(), index="auto" if index == "chroma" else "exact", **settings)
        await memory.warm()
        began = perf_counter()
        opened = await memory.open_index() if index == "chroma" else None
        opening_s = perf_counter() - began if opened else None
        began = perf_counter()
        await memory.recall("What is my favourite colour?")
        first_s = perf_counter() - began
        searches = [await searched(memory, text) for text in sentences(SEARCHES, seed=1)]
        writes = [await written(memory, text) for text in sentences(WRITES, seed=2)]
        name = memory.index_name
        memory.close()
        return {
            "memories": size,
            "index": name,
            "write_ms": spread(writes),
            "search_ms": spread(searches),
            "first_search_s": round(first_s, 3),
            "open_index_s": opening_s and round(opening_s, 2),
            "bytes_on_disk": size_of(Path(home)),
        }


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def filled(home: Path, size: int, tier: Tier, **settings: Any) -> None:
    """A home with that many memories, written without embedding."""
    memory = Memory.open(home, embedder=MiniLM(), index="exact", **settings)
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((size, memory.embedder.dimension)).astype("<f4")
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    texts = list(sentences(size, seed=0))
    for start in range(0, size, SESSION):
        some = [
            NewMemory(text, vector.tobytes(), memory.embedder.name, tier=tier)
            for text, vector in zip(texts[start : start + SESSION], vectors[start : start + SESSION], strict=True)
        ]
        memory.sessions.note(some, begun_session(f"session {start}"), said_at=1e9 + start * 60)
    memory.close()


async def searched(memory: Memory, text: str) -> float:
    began = perf_counter()
    await memory.recall(text, k=10, counted=False)
    return (perf_counter() - began) * 1e3


async def written(memory: Memory, text: str) -> float:
    began = perf_counter()
    turn = await memory.remember(Turn(question=text, answer="I see."))
    assert turn.memory_ids
    return (perf_counter() - began) * 1e3


def spread(values: Sequence[float]) -> dict[str, float]:
    p50, p95 = np.percentile(values, (50, 95))
    return {"p50": round(float(p50), 2), "p95": round(float(p95), 2), "n": len(values)}
