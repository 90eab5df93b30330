"""Walk 1: a question becomes an answer. The order is written here, once, top to bottom.

    Question → validate → recall → choose → think → respond → remember → Turn

Each step is `step(turn) -> turn`, run as a llama-index workflow step with events; a failed or cancelled walk has
written nothing, because only the last step writes. It does not know where memory, models and settings come from:
`agent.py` hands them in as `Rooms`.

>>> walk = Walk(rooms, timeout_s=600)                                   # doctest: +SKIP
>>> turn = await walk.run(start_event=Asked(turn=Turn(question="What is 2 + 2?")))       # doctest: +SKIP
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from workflows import Context, Workflow, step
from workflows.events import Event, StartEvent, StopEvent

from workbench.core.records import Timing, Turn
from workbench.reasoning import steps
from workbench.reasoning.events import StepFinished, StepStarted, TurnEvent
from workbench.reasoning.steps import Rooms, Step
from workbench.reasoning.thinker import Emit

STEPS = ("validate", "recall", "choose", "think", "respond", "remember")


class Asked(StartEvent):
    turn: Any


class Validated(Event):
    turn: Any


class Informed(Event):
    turn: Any


class Chosen(Event):
    turn: Any


class Considered(Event):
    turn: Any


class Responded(Event):
    turn: Any


class Walk(Workflow):
    """One question's walk; make a new one for each question."""

    def __init__(self, rooms: Rooms, *, timeout_s: float) -> None:
        super().__init__(timeout=timeout_s)
        self.rooms = rooms
        self.started = time.perf_counter()

    @step
    async def validate_question(self, ctx: Context, event: Asked) -> Validated:
        return Validated(turn=await self.take("validate", steps.validate, event.turn, ctx))

    @step
    async def recall(self, ctx: Context, event: Validated) -> Informed:
        return Informed(turn=await self.take("recall", steps.recall, event.turn, ctx))

    @step
    async def choose(self, ctx: Context, event: Informed) -> Chosen:
        return Chosen(turn=await self.take("choose", steps.choose, event.turn, ctx))

    @step
    async def think(self, ctx: Context, event: Chosen) -> Considered:
        return Considered(turn=await self.take("think", steps.think, event.turn, ctx))

    @step
    async def respond(self, ctx: Context, event: Considered) -> Responded:
        return Responded(turn=await self.take("respond", steps.respond, event.turn, ctx))

    @step
    async def remember(self, ctx: Context, event: Responded) -> StopEvent:
        return StopEvent(result=await self.take("remember", steps.remember, event.turn, ctx))

    async def take(self, name: str, act: Step, turn: Turn, ctx: Context) -> Turn:
        """Run one step: announce it, time it, and hand on the turn with its timing."""
        emit, start_ms = self.emitter(ctx), self.now_ms()
        emit(StepStarted(step=name))
        turn = await act(turn, self.rooms, emit)
        timing = Timing(name, start_ms, self.now_ms() - start_ms)
        turn = replace(turn, timings=(*turn.timings, timing))
        emit(StepFinished(step=name, duration_ms=timing.duration_ms, turn=turn))
        return turn

    def emitter(self, ctx: Context) -> Emit:
        def emit(event: TurnEvent) -> None:
            event.at_ms = self.now_ms()
            ctx.write_event_to_stream(event)

        return emit

    def now_ms(self) -> float:
        return (time.perf_counter() - self.started) * 1000
