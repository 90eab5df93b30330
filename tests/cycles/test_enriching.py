"""What a model invents in a cycle: verified, apart from what judges, and forgotten with the turn it was made after."""

from __future__ import annotations

import json
from dataclasses import replace

from workbench.core.examples import Example, Origin, example
from workbench.core.settings import load_settings
from workbench.cycles import Evidence
from workbench.cycles.enriching import enriched, invented
from workbench.experience import Gone, turns_of
from workbench.models.scripted import ScriptedModel


def used(number: int) -> Example:
    one = example(f"What is {number} + 1?", str(number + 1), skill="use", check="number")
    return replace(one, origin=Origin("interaction", {"turn": f"turn-{number}"}))


def evidence(*train: Example, fresh: tuple[Example, ...] = ()) -> Evidence:
    return Evidence(train, (), (), (), (), fresh, (), len(train), 0, {}, {}, (), None)


def said(prompt: str, answer: str) -> str:
    return json.dumps({"prompt": prompt, "answer": answer})


async def test_one_that_the_solutions_agree_with_is_learned_from_too_and_hangs_on_the_turn_it_was_made_after() -> None:
    model = ScriptedModel(said("What is 50 + 6?", "56"), "56", "56", "56", "56")
    [one] = await invented(model, evidence(used(3)), wanted=1)
    assert (one.prompt, one.answer, one.skill, one.check) == ("What is 50 + 6?", "56", "use", "number")
    assert one.origin.source == "synthetic"
    assert turns_of([one]) == {one.id: "turn-3"}
    assert Gone(turns=frozenset({"turn-3"})).holds(one)


async def test_what_the_solutions_contradict_and_what_repeats_an_unseen_question_is_left_out() -> None:
    wrong = [said("What is 50 + 6?", "57"), "56", "56", "56"]
    judging = used(9)
    known = [said(judging.prompt, judging.answer), *["10"] * 5]
    model = ScriptedModel(*wrong, *known, *wrong)
    assert await invented(model, evidence(used(3), fresh=(judging,)), wanted=1) == ()


async def test_each_example_is_shown_alone_and_no_more_are_taken_than_asked_for() -> None:
    reply = [said("What is 50 + 6?", "56"), "56", "56", "56", "56"]
    other = [said("What is 70 + 8?", "78"), "78", "78", "78", "78"]
    model = ScriptedModel(*reply, *other)
    found = await invented(model, evidence(*map(used, range(5))), wanted=2)
    assert len(found) == len(set(turns_of(found).values())) == 2
    proposals = [
        " ".join(one.content for one in sent.messages) for sent in model.sent if "Another task." in str(sent.messages)
    ]
    assert len(proposals) == 2
    assert all(sum(used(number).prompt in text for number in range(5)) == 1 for text in proposals)


async def test_unless_asked_for_nothing_is_invented_and_no_model_opened() -> None:
    found = evidence(used(1))
    assert await enriched(load_settings(), found) is found
