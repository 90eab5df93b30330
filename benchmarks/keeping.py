"""What consolidation keeps: evidence and recall against the share of content words left, beside chance and age."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from workbench.core.schema import ImportanceSettings
from workbench.evaluation.conversations import Conversation
from workbench.evaluation.plain_ranking import plain_ranking
from workbench.evaluation.retention import by_consolidation, consolidated_recall, material, policies
from workbench.memory import Embedder
from workbench.memory.weighing.importance import PARTS

YEAR_S = 365 * 86_400.0


async def measured(conversations: Sequence[Conversation], embedder: Embedder) -> dict[str, Any]:
    """The table of `evaluation/retention.py`, one row for each policy and share."""
    scoring = ImportanceSettings()
    asked = [material(one, embedder.embed) for one in conversations]
    later = max(memory.said_at for one in asked for memory in one.memories) + YEAR_S
    compared = {**policies(scoring, ablate=PARTS), "a year later": [by_consolidation(scoring, now=later)]}
    return {"rows": [asdict(row) for row in consolidated_recall(asked, plain_ranking, compared)]}
