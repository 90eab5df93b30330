"""Learning by itself: look, learn when there is enough, look again; only in the hours that are given to it.

    ┌─► within hours? not paused? ─► a cycle ─► refused for want of evidence, or judged ─┐
    └──────────────────────────── wait ◄────────────────────────────────────────────────┘

A cycle that is running when its hours end is stopped, and goes on when they begin again. It does not know how a cycle
is done.

>>> from datetime import time
>>> night = Hours.read("22:00-06:00")
>>> [night.has(time(hour)) for hour in (5, 6, 21, 22)]
[True, False, False, True]
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, time
from typing import TYPE_CHECKING, Self

from workbench.core.errors import LearningPaused
from workbench.core.stopping import Tell, nobody_listens
from workbench.cycles.pausing import Pause

if TYPE_CHECKING:
    from workbench.cycles.cycles import Cycle

RESTING = "These are not its hours"


@dataclass(frozen=True, slots=True)
class Hours:
    """A part of every day, by the clock of this machine; over midnight where it ends before it begins."""

    begin: time
    end: time

    @classmethod
    def read(cls, text: str) -> Self:
        """From `HH:MM-HH:MM`; the settings have seen that it is that."""
        begin, end = text.split("-")
        return cls(time.fromisoformat(begin), time.fromisoformat(end))

    def has(self, now: time) -> bool:
        """Whether it is that part of the day."""
        if self.begin <= self.end:
            return self.begin <= now < self.end
        return now >= self.begin or now < self.end


@dataclass(frozen=True, slots=True)
class Watch:
    """When to learn without being asked.

    Args:
        learn: does one cycle, and listens to what its argument raises.
        every_s: between two looks.
        hours: None is all day.
        now: the time of day; asked at every step of a cycle.
    """

    learn: Callable[[Tell], Awaitable[Cycle]]
    pause: Pause
    every_s: float
    hours: Hours | None = None
    now: Callable[[], time] = lambda: datetime.now().time()

    async def cycles(self, tell: Tell = nobody_listens) -> AsyncIterator[Cycle]:
        """Cycle after cycle, those included that were refused; without end, until the caller ends it."""
        while True:
            if self._may():
                try:
                    yield await self.learn(self._within_hours(tell))
                except LearningPaused as rests:
                    tell(str(rests), 0, 0)
            await asyncio.sleep(self.every_s)

    def _may(self) -> bool:
        return not self.pause.is_on and (self.hours is None or self.hours.has(self.now()))

    def _within_hours(self, tell: Tell) -> Tell:
        def told(what: str, done: int, of: int) -> None:
            if self.hours is not None and not self.hours.has(self.now()):
                raise LearningPaused(RESTING)
            tell(what, done, of)

        return told
