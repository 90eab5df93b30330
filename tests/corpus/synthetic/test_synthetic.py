"""The agents together: what they keep was verified, what they refuse has a reason, a run can be repeated or ended."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest

from tests.corpus.synthetic.adding import SEEDS, near, total
from workbench.core.errors import ContextOverflow, ExamplesError, ModelTimeout
from workbench.core.examples import Example, example
from workbench.core.records import Message
from workbench.corpus.synthetic import Synthesised, synthesise
from workbench.models.scripted import ScriptedModel


async def agents(model: ScriptedModel, seeds: Sequence[Example], n: int, **options: Any) -> Synthesised:
    """A run in which three of five solutions are enough."""
    return await synthesise(model, seeds, n, **{"share": 0.6, **options})


def said(prompt: str, answer: str) -> str:
    return json.dumps({"prompt": prompt, "answer": answer})


async def test_a_candidate_that_three_of_five_solutions_agree_with_is_kept_without_asking_for_the_others() -> None:
    model = ScriptedModel(said("What is 5 + 6?", "11"), "11", "The answer is 11.", "12", "11")
    result = await agents(model, SEEDS, 1, near=near)
    [one] = result.kept
    assert (one.prompt, one.answer, one.skill, one.check) == ("What is 5 + 6?", "11", "add", "number")
    assert one.origin.source == "synthetic"
    assert one.origin.place["verified_by"] == "3 of 4 solutions"
    assert (result.ended, result.tries, len(model.sent)) == ("enough", 1, 5)


async def test_a_candidate_that_the_solutions_contradict_is_refused_with_what_they_said() -> None:
    model = ScriptedModel(said("What is 5 + 6?", "13"), "11", "11", "11")
    result = await agents(model, SEEDS, 1, tries=1, near=near)
    [refused] = result.refused
    assert refused.reason == "too few independent solutions agree with its answer"
    assert refused.example is not None
    assert refused.example.answer == "13"
    assert refused.example.origin.place["solutions"] == "11 | 11 | 11"
    assert (result.kept, result.ended) == ((), "tries")


async def test_a_majority_is_of_all_solutions_and_not_of_those_asked_so_far() -> None:
    model = ScriptedModel(said("What is 5 + 6?", "11"), "11", "11", "10", "12", "9")
    result = await agents(model, SEEDS, 1, tries=1, near=near)
    assert result.kept == ()
    assert len(model.sent) == 6


async def test_unless_told_otherwise_four_of_five_must_agree() -> None:
    model = ScriptedModel(said("What is 5 + 6?", "11"), "11", "11", "11", "12", "13")
    assert (await synthesise(model, SEEDS, 1, tries=1)).kept == ()
    model = ScriptedModel(said("What is 5 + 6?", "11"), "11", "11", "12", "11", "11")
    assert len((await synthesise(model, SEEDS, 1, tries=1)).kept) == 1


async def test_the_solver_never_sees_what_the_proposer_believed() -> None:
    model = ScriptedModel(said("What is 50 + 60?", "110"), "110", "110", "110")
    await agents(model, SEEDS, 1, near=near)
    for sent in model.sent[1:]:
        assert sent.messages[-1] == Message("user", "What is 50 + 60?")
        assert not any("110" in message.content for message in sent.messages)


async def test_each_solution_is_drawn_with_its_own_seed() -> None:
    model = ScriptedModel(said("What is 5 + 6?", "11"), "1", "11", "11", "11")
    await agents(model, SEEDS, 1, near=near)
    seeds = {sent.sampling.seed for sent in model.sent}
    assert len(seeds) == len(model.sent) == 5


async def test_a_verifier_decides_alone_and_puts_a_wrong_answer_right() -> None:
    model = ScriptedModel(said("What is 5 + 6?", "13"))
    result = await agents(model, SEEDS, 1, verify=total, near=near)
    [one] = result.kept
    assert one.answer == "11"
    assert one.origin.place["verified_by"] == "verifier"
    assert one.origin.place["proposed"] == "13"
    assert len(model.sent) == 1


async def test_a_task_that_the_verifier_does_not_know_is_refused() -> None:
    model = ScriptedModel(said("Sing a song?", "11"))
    result = await agents(model, SEEDS, 1, verify=total, tries=1, near=near)
    assert result.reasons == {"the verifier does not know this task": 1}


@pytest.mark.parametrize(
    "reply", ['{"prompt": "What is 5 +', '["What is 5 + 6?", "11"]', '{"prompt": 5, "answer": "6"}', ""]
)
async def test_a_reply_that_is_not_the_json_asked_for_is_kept_as_it_was_said(reply: str) -> None:
    result = await agents(ScriptedModel(reply), SEEDS, 1, tries=1, near=near)
    [refused] = result.refused
    assert refused.reason == "the reply is not the JSON that was asked for"
    assert (refused.example, refused.reply) == (None, reply)


@pytest.mark.parametrize(
    ("prompt", "answer", "reason"),
    [
        (" ", "11", "the task or its answer is empty"),
        ("What is 5 + 6?", "  ", "the task or its answer is empty"),
        ("What is 5 + 6?", "eleven", "its answer is not of the form that the checker 'number' reads"),
        ("what is  2 + 3?", "5", "it nearly repeats a seed"),
        ("What is 2 + 3.", "5", "it nearly repeats a seed"),
        ("What is 30 + 40", "70", "it nearly repeats a held-out example"),
    ],
)
async def test_what_is_not_worth_solving_is_refused_before_the_solver_is_asked(
    prompt: str, answer: str, reason: str
) -> None:
    held_out = [example("What is 30 + 40?", "70", skill="add", check="number")]
    model = ScriptedModel(said(prompt, answer))
    result = await agents(model, SEEDS, 1, tries=1, against=held_out, near=near)
    assert result.reasons == {reason: 1}
    assert len(model.sent) == 1


async def test_a_verified_task_is_still_no_copy_of_a_held_out_one() -> None:
    held_out = [example("What is 30 + 40?", "70", skill="add", check="number")]
    model = ScriptedModel(said("What is 30 + 40?", "70"))
    result = await agents(model, SEEDS, 1, verify=total, tries=1, against=held_out, near=near)
    assert result.reasons == {"it nearly repeats a held-out example": 1}


async def test_near_is_what_the_splits_take_for_near_unless_another_rule_is_handed_in() -> None:
    held_out = [example("What is 30 + 40?", "70", skill="add", check="number")]
    model = ScriptedModel(said("Please tell me what is 30 + 40", "70"), said("What is 30 + 41?", "71"))
    result = await agents(model, SEEDS, 1, verify=lambda prompt: "71", against=held_out)
    assert result.reasons == {"it nearly repeats a held-out example": 1}
    assert [one.prompt for one in result.kept] == ["What is 30 + 41?"]


async def test_two_long_tasks_that_differ_in_one_small_word_are_near() -> None:
    passage = " ".join(f"word{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(80))
    seeds = [example(f"{passage} here and {passage} what then?", "yes", check="choice")]
    model = ScriptedModel(said(f"{passage} there and {passage} what then?", "yes"))
    result = await agents(model, seeds, 1, tries=1)
    assert result.reasons == {"it nearly repeats a seed": 1}


async def test_a_task_is_kept_once() -> None:
    model = ScriptedModel(said("What is 5 + 6?", "11"), said("What is 5 + 6?", "11"), said("What is 8 + 8?", "16"))
    result = await agents(model, SEEDS, 2, verify=total, near=near)
    assert [one.prompt for one in result.kept] == ["What is 5 + 6?", "What is 8 + 8?"]
    assert result.reasons == {"it nearly repeats one kept before": 1}


async def test_a_refused_candidate_gets_no_second_vote() -> None:
    wrong = said("What is 5 + 6?", "13")
    model = ScriptedModel(wrong, "1", "2", "3", wrong)
    result = await agents(model, SEEDS, 1, tries=2, near=near)
    assert [one.reason for one in result.refused][1] == "it repeats one that was refused before"
    assert len(model.sent) == 5


async def test_a_chosen_answer_must_be_one_of_the_seeds_options() -> None:
    seeds = [example(f"Is {n} even?", "yes" if n % 2 == 0 else "no", skill="even", check="choice") for n in range(4)]
    result = await agents(ScriptedModel(said("Is 9 even?", "perhaps")), seeds, 1, tries=1, near=near)
    assert result.reasons == {"its answer is not of the form that the checker 'choice' reads": 1}


async def test_an_answer_that_contains_the_proposed_one_is_not_the_same_answer() -> None:
    seeds = [example("Capital of Peru?", "Lima", skill="capitals", check="contains")]
    model = ScriptedModel(said("Capital of Spain?", "a"), "It is a town: Madrid", "a city, Madrid", "a, Madrid")
    result = await agents(model, seeds, 1, tries=1, near=near)
    assert result.kept == ()


async def test_the_same_seed_asks_the_same_and_another_seed_does_not() -> None:
    async def asked(seed: int) -> list[object]:
        model = ScriptedModel(said("What is 5 + 6?", "11"), "11", "11", "11")
        await agents(model, SEEDS, 1, seed=seed, near=near)
        return list(model.sent)

    assert await asked(1) == await asked(1)
    assert await asked(1) != await asked(2)


async def test_progress_tells_after_each_try_what_was_kept_so_far() -> None:
    model = ScriptedModel(said("What is 5 + 6?", "11"), "no JSON", said("What is 8 + 8?", "16"))
    told: list[Synthesised] = []
    result = await agents(model, SEEDS, 2, verify=total, near=near, on_progress=told.append)
    assert [(len(one.kept), len(one.refused), one.ended) for one in told] == [
        (1, 0, None),
        (1, 1, None),
        (2, 1, "enough"),
    ]
    assert told[-1] == result
    assert result.tokens is not None
    assert result.tokens > 30


async def test_asked_to_stop_it_returns_what_was_kept() -> None:
    stop = asyncio.Event()
    model = ScriptedModel(said("What is 5 + 6?", "11"))
    result = await agents(model, SEEDS, 9, verify=total, near=near, stop=stop, on_progress=lambda so_far: stop.set())
    assert ([one.answer for one in result.kept], result.ended) == (["11"], "stopped")


async def test_cancelled_it_stops_the_engine_and_what_was_kept_has_been_told() -> None:
    model = ScriptedModel(said("What is 5 + 6?", "11"), ["{"] * 1000, delay_s=0.01)
    told: list[Synthesised] = []
    first = asyncio.Event()
    task = asyncio.create_task(
        agents(
            model, SEEDS, 9, verify=total, near=near, on_progress=lambda so_far: (told.append(so_far), first.set())[0]
        )
    )
    await first.wait()
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert model.stopped_early == 1
    assert [one.answer for one in told[-1].kept] == ["11"]


async def test_a_model_that_fails_raises_its_own_sentence() -> None:
    model = ScriptedModel(said("What is 5 + 6?", "11"), ModelTimeout("too slow"))
    with pytest.raises(ModelTimeout, match="too slow"):
        await agents(model, SEEDS, 2, near=near)


async def test_seeds_longer_than_the_context_are_refused_before_the_model_is_asked() -> None:
    model = ScriptedModel("never", context_tokens=512)
    seeds = [example("long " * 900, "yes", check="choice")]
    with pytest.raises(ContextOverflow, match="give shorter ones"):
        await agents(model, seeds, 1, near=near)
    assert model.sent == []


async def test_japanese_seeds_are_asked_for_in_japanese() -> None:
    seeds = [example("2たす3はいくつですか。", "5", skill="足し算", check="number")]
    model = ScriptedModel(said("4たす4はいくつですか。", "8"), "8", "8", "8")
    await agents(model, seeds, 1, near=near)
    assert "課題" in model.sent[0].messages[0].content
    assert "答えだけ" in model.sent[1].messages[0].content


@pytest.mark.parametrize(
    ("seeds", "options", "sentence"),
    [
        ([], {}, "no seed example"),
        ([*SEEDS, example("Spell it.", "it", skill="spell")], {}, "several skills or checkers .'add' and 'spell'"),
        ([Example((Message("system", "s"), Message("user", "u")), "4")], {}, "whole conversation"),
        (SEEDS, {"n": 0}, "at least 1"),
        (SEEDS, {"tries": 0}, "at least 1"),
        (SEEDS, {"share": 0.5}, "above 0.5"),
        (SEEDS, {"share": 1.1}, "at most 1"),
    ],
)
async def test_a_run_that_cannot_be_is_refused_with_a_sentence(
    seeds: list[Example], options: dict[str, float], sentence: str
) -> None:
    with pytest.raises(ExamplesError, match=sentence):
        await agents(ScriptedModel(), seeds, **{"n": 1, "near": near, **options})
