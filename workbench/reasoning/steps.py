"""The six steps of walk 1, each `step(turn, rooms, emit) -> turn`; `walk.py` says in which order.

A step reads the turn, asks one room, and returns a new turn. Only `remember` writes. Rooms are handed in, so this file
knows what it needs of memory and models, not which they are.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Protocol

from workbench.core.errors import ModelRefused
from workbench.core.records import Choice, Message, Recalled, StrategyName, Turn
from workbench.core.schema import ReasoningSettings
from workbench.models.complexity import measure_complexity
from workbench.models.protocol import Model
from workbench.prompts.direct import language_of
from workbench.reasoning.question import checked_question
from workbench.reasoning.strategies import STRATEGIES
from workbench.reasoning.thinker import Emit, Thinker
from workbench.reasoning.tools import Toolbox, calculator, dates
from workbench.reasoning.tools.memory_search import memory_search_tool


class Memory(Protocol):
    """What the walk needs of memory."""

    async def recall(self, question: str) -> tuple[Recalled, ...]: ...
    async def history(self, turn: Turn) -> tuple[Message, ...]: ...
    async def remember(self, turn: Turn) -> Turn: ...


class Models(Protocol):
    """What the walk needs of the models."""

    async def choose(self, complexity: float) -> Choice: ...
    def model(self, choice: Choice) -> Model: ...


@dataclass(frozen=True, slots=True)
class Rooms:
    """What `agent.py` hands to a walk."""

    memory: Memory
    models: Models
    dials: ReasoningSettings


Step = Callable[[Turn, Rooms, Emit], Awaitable[Turn]]


async def validate(turn: Turn, rooms: Rooms, emit: Emit) -> Turn:
    """Refuse what cannot be asked; find language, complexity and strategy."""
    dials = rooms.dials
    question = checked_question(turn.question, max_chars=dials.question_max_chars)
    language = language_of(question) if dials.language == "auto" else dials.language
    complexity = measure_complexity(question).value if turn.complexity is None else turn.complexity
    strategy = choose_strategy(dials, complexity)
    return replace(turn, question=question, language=language, complexity=complexity, strategy=strategy)


async def recall(turn: Turn, rooms: Rooms, emit: Emit) -> Turn:
    """Fetch what was said before: memories that answer the question, and this session so far."""
    turn = replace(turn, recalled=await rooms.memory.recall(turn.question))
    return replace(turn, history=await rooms.memory.history(turn))


async def choose(turn: Turn, rooms: Rooms, emit: Emit) -> Turn:
    """Choose the model, with reasons."""
    return replace(turn, choice=await rooms.models.choose(turn.complexity or 0.0))


async def think(turn: Turn, rooms: Rooms, emit: Emit) -> Turn:
    """Let the strategy reason with the model, its tools and what is known."""
    assert turn.choice is not None, "choose comes before think"
    thinker = Thinker(rooms.models.model(turn.choice), toolbox(rooms.memory), rooms.dials, emit)
    return await STRATEGIES[turn.strategy](turn, thinker)


async def respond(turn: Turn, rooms: Rooms, emit: Emit) -> Turn:
    """An answer must say something: an empty one is an error, and nothing of the turn is kept."""
    if not (turn.answer or "").strip():
        name = turn.choice.model if turn.choice else "the model"
        raise ModelRefused(f"{name} gave an empty answer; ask again in other words, or choose another model")
    return turn


async def remember(turn: Turn, rooms: Rooms, emit: Emit) -> Turn:
    """Write the turn and what the person stated in it: all of it, or nothing."""
    return await rooms.memory.remember(turn)


def choose_strategy(dials: ReasoningSettings, complexity: float) -> StrategyName:
    """The strategy of the settings; `auto` answers directly below `direct_below`, else by a chain of thought."""
    if dials.strategy != "auto":
        return dials.strategy
    return "direct" if complexity < dials.direct_below else "chain"


def toolbox(memory: Memory) -> Toolbox:
    """The tools of a turn."""
    return Toolbox((calculator.TOOL, dates.TOOL, memory_search_tool(memory.recall)))
