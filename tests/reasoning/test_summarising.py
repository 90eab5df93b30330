from __future__ import annotations

import pytest

from workbench.core.errors import ContextOverflow
from workbench.core.records import Message
from workbench.core.schema import ReasoningSettings
from workbench.models.scripted import ScriptedModel
from workbench.reasoning.summarising import summariser

TURNS = (Message("user", "My dog is called Rufus."), Message("assistant", "Hello, Rufus!"))


async def test_the_model_reads_the_notes_so_far_and_what_was_said_since() -> None:
    model = ScriptedModel(" The user has a dog called Rufus. ")
    told = await summariser(model, ReasoningSettings())("The user lives in Oslo.", TURNS, "en")
    assert told == "The user has a dog called Rufus."
    [sent] = model.sent
    assert "The user lives in Oslo." in sent.messages[-1].content
    assert "user: My dog is called Rufus.\nassistant: Hello, Rufus!" in sent.messages[-1].content


async def test_it_is_asked_in_the_language_of_the_conversation() -> None:
    model = ScriptedModel("ユーザーは犬を飼っている。")
    await summariser(model, ReasoningSettings())("", TURNS, "ja")
    assert "会話の記録係" in model.sent[0].messages[0].content


async def test_turns_that_the_context_cannot_hold_are_refused_before_the_model_is_asked() -> None:
    model = ScriptedModel("never", context_tokens=512)
    with pytest.raises(ContextOverflow):
        await summariser(model, ReasoningSettings())("", [Message("user", "long " * 2000)], "en")
    assert model.sent == []
