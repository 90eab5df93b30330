"""A document's pairs: by rule, and by a model that proposes and reads again; what is refused has its reason."""

from __future__ import annotations

import asyncio
import hashlib
import json
from pathlib import Path

import pytest

from workbench.core.errors import ContextOverflow, ExamplesError, ModelTimeout
from workbench.core.examples import Example
from workbench.core.records import Message
from workbench.corpus.documents import Harvest, from_document
from workbench.models.embedded import NAME, EmbeddedModel
from workbench.models.scripted import ScriptedModel

HANDBOOK = Path(__file__).parents[3] / "data" / "handbook.md"
TEXT = """# Fees

The fee for students is 19 euros. The deposit for a key is 25 euros.

# Room

The lathe runs daily.
"""


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "house.md"
    path.write_text(TEXT, encoding="utf-8")
    return path


def said(*pairs: tuple[str, str]) -> str:
    return json.dumps({"pairs": [{"question": question, "answer": answer} for question, answer in pairs]})


def shown(examples: tuple[Example, ...]) -> list[tuple[str, str]]:
    return [(one.prompt, one.answer) for one in examples]


async def test_without_a_model_the_rules_give_the_bare_question_with_its_passage_as_provenance(document: Path) -> None:
    harvest = await from_document(document)
    assert shown(harvest.kept) == [
        ("What is the fee for students?", "19 euros"),
        ("What is the deposit for a key?", "25 euros"),
    ]
    one = harvest.kept[0]
    assert (one.skill, one.check, one.messages) == ("document:house", "contains", (Message("user", one.prompt),))
    assert one.origin.source == "document"
    passage = "The fee for students is 19 euros. The deposit for a key is 25 euros."
    assert dict(one.origin.place) == {
        "file": "house.md",
        "number": "1",
        "lines": "3-3",
        "heading": "Fees",
        "text_sha256": hashlib.sha256(passage.encode()).hexdigest(),
        "passage": passage,
        "asked_by": "rule",
    }
    assert (harvest.passages, harvest.of_passages, harvest.tokens) == (2, 2, None)


async def test_a_pair_is_kept_when_a_second_reading_says_the_same(document: Path) -> None:
    model = ScriptedModel(
        said(("How much do students pay as a fee?", "19 euros"), ("How much is the deposit for a key?", "25 euros")),
        "It is 19 euros a month.",
        "19 euros",
        said(("When does the lathe run?", "daily")),
        "daily",
    )
    harvest = await from_document(document, model, rules=False)
    assert shown(harvest.kept) == [
        ("How much do students pay as a fee?", "19 euros"),
        ("When does the lathe run?", "daily"),
    ]
    assert harvest.reasons == {"a second reading of the passage gives another answer": 1}
    assert harvest.kept[0].origin.place["asked_by"] == "scripted"
    assert harvest.tokens is not None


async def test_an_answer_is_learnt_as_the_passage_spells_it(tmp_path: Path) -> None:
    path = tmp_path / "cat.txt"
    path.write_text("The cat sleeps in the net\nloft.", encoding="utf-8")
    harvest = await from_document(
        path, ScriptedModel(said(("Where does the cat sleep?", "The Net Loft")), "the net loft")
    )
    assert shown(harvest.kept) == [("Where does the cat sleep?", "the net loft")]


async def test_the_second_reading_sees_passage_and_question_but_not_the_answer(tmp_path: Path) -> None:
    path = tmp_path / "cat.txt"
    path.write_text("The cat sleeps in the net loft.", encoding="utf-8")
    model = ScriptedModel(said(("Where does the cat sleep?", "the net loft")), "in the net loft")
    await from_document(path, model)
    reading = model.sent[1]
    assert "The cat sleeps in the net loft." in reading.messages[-1].content
    assert reading.messages[-1].content.endswith("Question: Where does the cat sleep?")
    assert reading.sampling.temperature == 0
    assert reading.sampling.json_schema is None


async def test_a_pair_that_the_rules_refuse_is_not_read_again(document: Path) -> None:
    model = ScriptedModel(said(("What is the fee for a key?", "19 euros")), said(("What is it?", "daily")))
    harvest = await from_document(document, model, rules=False)
    assert harvest.kept == ()
    assert list(harvest.reasons) == [
        "the question speaks of 'key', which is not where its answer stands",
        "the question is not understood without the passage",
    ]
    assert [one.example.answer for one in harvest.refused if one.example] == ["19 euros", "daily"]


@pytest.mark.parametrize("reply", ['{"pairs": [{"question": "Wh', "[]", '{"questions": []}'])
async def test_a_reply_that_is_not_the_json_asked_for_is_kept_as_it_was_said(tmp_path: Path, reply: str) -> None:
    path = tmp_path / "cat.txt"
    path.write_text("The cat sleeps.", encoding="utf-8")
    harvest = await from_document(path, ScriptedModel(reply))
    assert [(one.example, one.reason, one.reply) for one in harvest.refused] == [
        (None, "the reply is not the JSON that was asked for", reply)
    ]


async def test_a_question_that_the_rules_asked_is_not_learnt_twice_nor_with_another_answer(document: Path) -> None:
    model = ScriptedModel(
        said(("What is the fee for students?", "19 euros"), ("what is the fee for students?", "19")),
        "19 euros",
        "19",
        said(("When does the lathe run?", "daily")),
        "daily",
    )
    harvest = await from_document(document, model)
    assert len(harvest.kept) == 3
    assert list(harvest.reasons) == [
        "the question was kept before",
        "the question was kept before with another answer",
    ]


async def test_japanese_passages_are_asked_about_in_japanese(tmp_path: Path) -> None:
    path = tmp_path / "工房.md"
    path.write_text("# 工房\n\n工房の猫は網小屋で眠ります。\n", encoding="utf-8")
    model = ScriptedModel(said(("工房の猫はどこで眠りますか。", "網小屋")), "網小屋です。")
    harvest = await from_document(path, model)
    assert shown(harvest.kept) == [("工房の猫はどこで眠りますか。", "網小屋")]
    assert "質問を書いてください" in model.sent[0].messages[0].content


async def test_progress_is_told_after_each_passage_and_a_stop_is_heeded(document: Path) -> None:
    told: list[Harvest] = []
    assert await from_document(document, on_progress=told.append) == told[-1]
    assert [(one.passages, one.of_passages) for one in told] == [(1, 2), (2, 2)]
    stop = asyncio.Event()
    stop.set()
    stopped = await from_document(document, stop=stop)
    assert (stopped.passages, len(stopped.kept)) == (1, 2)


async def test_cancelled_it_stops_the_engine(document: Path) -> None:
    model = ScriptedModel(["{"] * 1000, delay_s=0.01)
    task = asyncio.create_task(from_document(document, model))
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert model.stopped_early == 1


async def test_a_model_that_fails_raises_its_own_sentence(document: Path) -> None:
    with pytest.raises(ModelTimeout, match="too slow"):
        await from_document(document, ScriptedModel(ModelTimeout("too slow")))


async def test_a_passage_too_long_for_the_context_is_refused_before_the_model_is_asked(document: Path) -> None:
    model = ScriptedModel("never", context_tokens=200)
    with pytest.raises(ContextOverflow, match="the passage"):
        await from_document(document, model)
    assert model.sent == []


async def test_what_cannot_be_asked_for_is_refused_with_a_sentence(document: Path) -> None:
    with pytest.raises(ExamplesError, match="give a model, or allow the rules"):
        await from_document(document, rules=False)
    with pytest.raises(ExamplesError, match="raise passage_tokens or pairs"):
        await from_document(document, passage_tokens=0)


@pytest.mark.drill
async def test_the_embedded_model_asks_about_the_handbook_and_every_pair_kept_stands_in_its_passage(
    embedded: EmbeddedModel,
) -> None:
    stop = asyncio.Event()
    harvest = await from_document(
        HANDBOOK, embedded, rules=False, on_progress=lambda h: stop.set() if h.passages == 3 else None, stop=stop
    )
    assert len(harvest.kept) + len(harvest.refused) >= 3
    assert all(
        one.answer.casefold() in " ".join(one.origin.place["passage"].split()).casefold() for one in harvest.kept
    )
    assert {one.origin.place["asked_by"] for one in harvest.kept} <= {NAME}
