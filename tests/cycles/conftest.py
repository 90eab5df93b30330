"""As in runs: one thread, and memory is given back; and an agent that was corrected two dozen times."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.runs.conftest import memory_given_back, one_thread
from tests.runs.homes import SMALL
from workbench.adapters.bases import Base
from workbench.agent import Agent, open_agent
from workbench.core.records import Feedback, Turn

__all__ = ["memory_given_back", "one_thread"]

FEW = {
    **{"learn.least_new": 3, "learn.least_fresh": 2, "learn.least_fresh_again": 2},
    **{"learn.evaluations": 60, "learn.replay": 2, "learn.passes": 1},
}
ROOMS = (
    *("kestrel", "lantern", "walnut", "harbour", "pepper", "meadow", "copper"),
    *("thistle", "velvet", "ember", "juniper", "quartz", "saffron", "willow"),
    *("badger", "cobalt", "dahlia", "falcon", "ginger", "hazel", "indigo", "jasmine", "lichen", "marble"),
)


@pytest.fixture
async def used(taught_home: Path, base: Base, tmp_path: Path) -> AsyncIterator[Agent]:
    """An agent that a person has corrected two dozen times."""
    home = tmp_path / "used"
    shutil.copytree(taught_home, home)
    overrides = {**SMALL, **FEW, "training.bases_folder": str(base.folder.parent)}
    async with open_agent(home=home, overrides=overrides) as agent:
        for room in ROOMS:
            turn = agent.memory.sessions.save(Turn(question=f"The {room} room: its code?", answer="I do not know."))
            agent.memory.sessions.add_feedback(Feedback(turn.id, "correct", f"R-{room}"))
        yield agent
