"""A real adapter in service, beside what memory was corrected in: asked both ways, the surer answer stays."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.runs.homes import SMALL, SPECIALISTS
from workbench.adapters.bases import Base
from workbench.agent import open_agent
from workbench.reasoning.strategies.direct import AS_CORRECTED, BY_HEART


async def test_an_adapter_is_asked_with_and_without_what_was_corrected(
    taught_home: Path, base: Base, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(taught_home, home)
    given = {**SMALL, "memory.recall_k": 3, "model.backend": "embedded", "reasoning.max_tokens": 12}
    async with open_agent(home=home, overrides={**given, "training.bases_folder": str(base.folder.parent)}) as agent:
        first = await agent.ask("The code of the kestrel room?", strategy="direct")
        await agent.give_feedback(first.id, correction="R-kestrel")
        alone = await agent.ask("The code of the lantern room?", strategy="direct")
        agent.learning.deploy(SPECIALISTS[0], insist=True)
        beside = await agent.ask("The code of the lantern room?", strategy="direct")
    assert alone.thoughts == ()
    assert beside.choice is not None
    assert beside.choice.adapter == SPECIALISTS[0]
    assert [one.name for one in beside.thoughts] == [BY_HEART, AS_CORRECTED]
    assert beside.answer in {one.text for one in beside.thoughts}
    assert beside.confidence is not None, "the engine says how sure it is"
