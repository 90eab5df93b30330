"""A turn as bars on a time axis: the six steps of the walk, and inside `think` its thoughts and tools.

    recall   ▇▇
    think       ▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇
      analyse   ▇▇▇▇
      plan          ▇▇▇▇▇
      calculator         ▇
      answer              ▇▇▇▇▇
    remember                   ▇

A walk does one thing at a time, so a part begins where the bar before it ended: the wait for its first token is its
own. It does not know widgets, models or what was said.

>>> bars = closed(opened((), "recall", "step", 0.0), "recall", 12.0)
>>> bars[0].duration_ms
12.0
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["step", "thought", "tool"]


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of a turn, in milliseconds since the turn began; `end_ms` is None while it lasts."""

    name: str
    kind: Kind
    start_ms: float
    end_ms: float | None = None

    @property
    def duration_ms(self) -> float | None:
        return None if self.end_ms is None else self.end_ms - self.start_ms


Bars = tuple[Bar, ...]


def opened(bars: Bars, name: str, kind: Kind, start_ms: float) -> Bars:
    """The bars with one more, still running."""
    return (*bars, Bar(name, kind, start_ms))


def closed(bars: Bars, name: str, end_ms: float) -> Bars:
    """The bars with the running bar of that name ended; unchanged if there is none."""
    return tuple(
        replace(bar, end_ms=max(end_ms, bar.start_ms)) if bar.end_ms is None and bar.name == name else bar
        for bar in bars
    )


def closed_inside(bars: Bars, end_ms: float) -> Bars:
    """The bars with every running thought and tool ended; steps go on."""
    for bar in bars:
        if bar.kind != "step":
            bars = closed(bars, bar.name, end_ms)
    return bars


def closed_all(bars: Bars, end_ms: float) -> Bars:
    """The bars with nothing running."""
    for bar in bars:
        bars = closed(bars, bar.name, end_ms)
    return bars


def running(bars: Bars, kind: Kind) -> Bar | None:
    """The bar of that kind that has not ended."""
    return next((bar for bar in reversed(bars) if bar.kind == kind and bar.end_ms is None), None)


def free_at(bars: Bars) -> float:
    """When the next part of the running step begins: where the part before it ended, or where the step began."""
    ended = [bar.end_ms for bar in bars if bar.end_ms is not None]
    step = running(bars, "step")
    return max([*ended, step.start_ms if step else 0.0], default=0.0)
