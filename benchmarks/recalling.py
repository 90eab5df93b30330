"""Recall through the real store: every turn of a conversation is stored, every question asked. Run by `memory.py`."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from pathlib import Path
from time import perf_counter
from typing import Any

from workbench.core.records import Statement, begun_session
from workbench.evaluation.conversations import Conversation, Inquiry
from workbench.evaluation.recall import FoundEvidence, recall_score, recalled_evidence
from workbench.memory import Embedder, Memory
from workbench.memory.recall.ranking import Weights

RANKED = 100  # so many are recalled, enough for 1,000 tokens
LEFT_OUT = {
    "nothing": {},
    "cosine": {"cosine": 0.0},
    "words": {"words": 0.0},
    "words of neighbours": {"near": 0.0, "far": 0.0, "answered": 0.0},
    "question's words to its answer": {"answered": 0.5},
    "speaker": {"speaker": 0.0},
    "month": {"month": 0.0},
    "time": {"time": 0.0},
    "first person": {"first_person": 0.0},
    "length": {"stated": 0.0},
    "asks": {"asks": 0.0},
    "session": {"session": 0.0},
}


@dataclass(frozen=True)
class Asked:
    """A question, what it found, and how long that took."""

    inquiry: Inquiry
    found: FoundEvidence
    ms: float


@asynccontextmanager
async def stored(conversation: Conversation, embedder: Embedder) -> Any:
    """A memory that holds every turn, with Chroma open, and the memory id of each turn."""
    with tempfile.TemporaryDirectory() as home:
        memory = Memory.open(Path(home), embedder=embedder)
        ids: dict[str, str] = {}
        for name, turns in groupby(conversation.turns, key=lambda turn: turn.session):
            said = list(turns)
            statements = [Statement(turn.text, turn.speaker, turn.said_at) for turn in said]
            kept = await memory.add(statements, session=begun_session(f"{conversation.id} {name}"))
            ids |= {turn.id: memory_id for turn, memory_id in zip(said, kept, strict=True)}
        await memory.open_index()
        yield memory, ids
        memory.close()


async def asked(memory: Memory, ids: dict[str, str], questions: Sequence[Inquiry]) -> list[Asked]:
    answers = []
    for inquiry in questions:
        began = perf_counter()
        hits = await memory.recall(inquiry.text, k=RANKED, counted=False)
        ms = (perf_counter() - began) * 1e3
        lengths = [len(hit.text) // 4 + 1 for hit in hits]
        evidence = {ids[name] for name in inquiry.evidence}
        answers.append(Asked(inquiry, recalled_evidence([hit.memory_id for hit in hits], lengths, evidence), ms))
    return answers


async def measured(conversations: Sequence[Conversation], embedder: Embedder, *, ablate: bool = True) -> dict[str, Any]:
    """Scores in all, by conversation and category, and with each ingredient left out."""
    by_variant: dict[str, list[Asked]] = {name: [] for name in (LEFT_OUT if ablate else ["nothing"])}
    by_conversation: dict[str, Any] = {}
    for conversation in conversations:
        print(f"{conversation.id}: {len(conversation.turns)} turns", file=sys.stderr)
        async with stored(conversation, embedder) as (memory, ids):
            for name in by_variant:
                memory.recaller.weights = replace(Weights(), **LEFT_OUT[name])
                answers = await asked(memory, ids, conversation.questions)
                by_variant[name] += answers
                if name == "nothing":
                    by_conversation[conversation.id] = scores(answers)
    full = by_variant["nothing"]
    categories = sorted({one.inquiry.category for one in full})
    return {
        "embedder": embedder.name,
        "turns": sum(len(conversation.turns) for conversation in conversations),
        "all": scores(full),
        "by_conversation": by_conversation,
        "by_category": {kind: scores(one for one in full if one.inquiry.category == kind) for kind in categories},
        "left_out": {name: scores(answers) for name, answers in by_variant.items() if name != "nothing"},
    }


def scores(answers: Iterable[Asked]) -> dict[str, float]:
    return asdict(recall_score([one.found for one in answers]))
