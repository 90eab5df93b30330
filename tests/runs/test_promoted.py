"""A run that finds something: the champion is promoted by the gate, answers the next question, and is taken back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from workbench.agent import open_agent
from workbench.corpus.skills import generate
from workbench.learning import Learning
from workbench.runs import Materials, Runs


@pytest.mark.drill
async def test_a_taught_champion_is_promoted_answers_and_is_rolled_back(open_home: Callable[..., Learning]) -> None:
    learning = open_home(
        training__batch=8,
        evolution__teach_steps=16,
        evolution__teach_rate=2e-3,  # the parents know next to nothing
        evolution__evaluations=60,
        gate__serving_examples=10,
    )
    tune, fresh = generate("name_date", 24, seed=1), generate("name_date", 60, seed=2)
    with Runs(learning).begin(Materials.of(tune, fresh=fresh, confirm=0.3)) as run:
        while not run.is_over:
            run.step()
        ending = await run.end(name="child")
        page = Runs(learning).report(run.name)
    assert ending.deployed, ending.words
    assert "lesson" in ending.chosen
    champion = learning.shelf.champion()
    assert champion is not None
    assert champion.label == "child"
    assert {"run", "genome"} <= champion.card.origin.settings.keys()
    assert {one.id for one in tune} <= learning.experience.seen_by(champion)
    assert "**Promote child: it is better on" in page.markdown.read_text()
    assert "workbench rollback" in page.html.read_text()
    async with open_agent(learning.settings) as agent:
        turn = await agent.ask(fresh[0].prompt)
        assert turn.choice is not None
        assert turn.choice.adapter == "child"
        learning.rollback()
        turn = await agent.ask(fresh[0].prompt)
        assert turn.choice is not None
        assert turn.choice.adapter is None
