"""Learning by itself keeps to its hours, rests when a person says so, and goes on afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import time
from pathlib import Path

import pytest

from workbench.core.errors import LearningPaused
from workbench.core.stopping import Tell
from workbench.cycles import Cycle, Hours, Pause, Watch


def refused(number: int) -> Cycle:
    return Cycle(number, "3 new examples", {}, {}, {}, None, None, None, 0.0, 0.0)


class Learner:
    """Counts its cycles; each tells three steps."""

    def __init__(self) -> None:
        self.begun, self.told = 0, list[str]()

    async def __call__(self, tell: Tell) -> Cycle:
        self.begun += 1
        for step in range(3):
            tell("training", step, 3)
            self.told.append("training")
            await asyncio.sleep(0)
        return refused(self.begun)


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [("22:00-06:00", (22, 23, 0, 5), (6, 12, 21)), ("09:30-17:00", (10, 16), (9, 17, 23))],
)
def test_hours_may_go_over_midnight(text: str, inside: tuple[int, ...], outside: tuple[int, ...]) -> None:
    hours = Hours.read(text)
    assert all(hours.has(time(hour)) for hour in inside)
    assert not any(hours.has(time(hour)) for hour in outside)


async def test_it_looks_again_and_again_and_gives_every_cycle(tmp_path: Path) -> None:
    seen = []
    async for cycle in Watch(Learner(), Pause(tmp_path), every_s=0.001).cycles():
        seen.append(cycle.number)
        if len(seen) == 3:
            break
    assert seen == [1, 2, 3]


async def test_outside_its_hours_nothing_begins_and_a_cycle_that_runs_is_ended(tmp_path: Path) -> None:
    learner, clock = Learner(), iter_clock(["12:00", "22:00", "22:01", "22:02", "07:00", "12:00", "23:00"])
    watch = Watch(learner, Pause(tmp_path), 0.001, Hours.read("22:00-06:00"), now=lambda: next(clock))
    heard: list[str] = []
    async for cycle in watch.cycles(lambda what, done, of: heard.append(what)):
        assert (cycle.number, learner.begun) == (2, 2)  # the first was ended at 07:00, the second begun at 23:00
        break
    assert len(learner.told) == 2 + 3
    assert "These are not its hours" in heard


async def test_a_pause_holds_it_until_it_is_over(tmp_path: Path) -> None:
    pause, learner = Pause(tmp_path), Learner()
    pause.begin()
    with pytest.raises(LearningPaused, match="workbench learn --go-on"):
        pause.heeded(lambda what, done, of: None)("training", 1, 3)
    first = asyncio.ensure_future(anext(Watch(learner, pause, 0.001).cycles()))
    await asyncio.sleep(0.05)
    assert learner.begun == 0
    Pause(tmp_path).end()  # as another process does
    assert (await first).number == 1


def iter_clock(texts: list[str]) -> Iterator[time]:
    """One reading after another; the last one stays."""
    for text in texts:
        yield time.fromisoformat(text)
    while True:
        yield time.fromisoformat(texts[-1])
