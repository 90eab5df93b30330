"""Ways to think, interchangeable: each file has one `async think(turn, thinker) -> Turn`, which fills in the answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from workbench.core.records import StrategyName, Turn
from workbench.reasoning.strategies import chain, direct, vote
from workbench.reasoning.thinker import Thinker

Strategy = Callable[[Turn, Thinker], Awaitable[Turn]]

STRATEGIES: dict[StrategyName, Strategy] = {"direct": direct.think, "chain": chain.think, "vote": vote.think}
