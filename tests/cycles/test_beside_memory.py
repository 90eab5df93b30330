"""A real adapter in service, beside what memory was corrected in: by heart what it has learned from, else as shown."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.runs.homes import SMALL, SPECIALISTS
from workbench.adapters.bases import Base
from workbench.agent import open_agent
from workbench.core.records import Turn


async def test_a_correction_that_the_adapter_has_learned_from_is_marked_and_others_are_not(
    taught_home: Path, base: Base, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(taught_home, home)
    given = {**SMALL, "memory.recall_k": 3, "model.backend": "embedded", "reasoning.max_tokens": 12}
    async with open_agent(home=home, overrides={**given, "training.bases_folder": str(base.folder.parent)}) as agent:
        first = await agent.ask("The code of the kestrel room?", strategy="direct")
        await agent.give_feedback(first.id, correction="R-kestrel")
        learning = agent.learning
        learning.experience.note(learning.shelf.find(SPECIALISTS[0]), ["0" * 64], {"0" * 64: first.id})

        async def told(room: str) -> Turn:
            return await agent.ask(f"The code of the {room} room?", strategy="direct")

        plain = await told("lantern")
        learning.deploy(SPECIALISTS[1], insist=True)
        other = await told("walnut")
        learning.deploy(SPECIALISTS[0], insist=True)
        knowing = await told("harbour")
    assert [one.text for one in plain.recalled] == ['The right answer to "The code of the kestrel room?" is: R-kestrel']
    for turn, adapter, learned in (
        (plain, None, False),
        (other, SPECIALISTS[1], False),
        (knowing, SPECIALISTS[0], True),
    ):
        assert turn.choice is not None
        assert turn.choice.adapter == adapter
        assert [(one.turn_id, one.learned) for one in turn.recalled] == [(first.id, learned)]
