"""Search long-term memory while thinking; the search itself is handed in, so this file knows no store.

>>> tool = memory_search_tool(recall)                                   # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from workbench.core.records import Recalled
from workbench.reasoning.tools import Tool

Recall = Callable[[str], Awaitable[Sequence[Recalled]]]


def memory_search_tool(recall: Recall) -> Tool:
    """A tool that answers with the remembered sentences nearest to its query, best first."""

    async def run(query: str) -> str:
        found = await recall(query)
        return "; ".join(memory.text for memory in found) if found else "nothing is remembered about that"

    return Tool("memory_search", "search what the user said before", "query", run)
