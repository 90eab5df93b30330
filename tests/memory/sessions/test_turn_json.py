from __future__ import annotations

import json

from workbench.core.records import (
    Choice,
    Confidence,
    Message,
    Recalled,
    Refusal,
    Thought,
    Timing,
    ToolCall,
    ToolUse,
    Turn,
    Usage,
)
from workbench.memory.sessions.turn_json import turn_from_json, turn_to_json

FULL = Turn(
    question="Où est 犬? \0 \ud800",
    session_id="s",
    history=(Message("user", "hi"), Message("assistant", "hello")),
    recalled=(Recalled("m", "My dog is Rufus.", 0.7, "near", 1.0, "s"),),
    choice=Choice("m1", "embedded", ("small",), (Refusal("m2", "too big"),), complexity=0.2, free_bytes=5),
    thoughts=(Thought("plan", "first", 1.5, Usage(3, None)),),
    tool_uses=(ToolUse(ToolCall("calculator", {"x": [1, {"y": None}]}), output="2"),),
    thinking="privately",
    answer="là",
    confidence=Confidence(0.5, "vote share", "3 of 6"),
    usage=Usage(10, 20),
    memory_ids=("a", "b"),
    timings=(Timing("think", 0.0, 3.0),),
)


def test_every_field_of_a_turn_comes_back_equal() -> None:
    assert turn_from_json(turn_to_json(FULL)) == FULL


def test_the_text_can_always_be_encoded() -> None:
    turn_to_json(FULL).encode()


def test_a_record_without_later_fields_takes_their_defaults() -> None:
    old = {"question": "q", "id": "1", "asked_at": 2.0}
    assert turn_from_json(json.dumps(old)) == Turn(question="q", id="1", asked_at=2.0)


def test_fields_of_a_newer_workbench_are_passed_over() -> None:
    turn = Turn(question="q")
    assert turn_from_json(json.dumps({**turn.to_dict(), "mood": "curious"})) == turn
