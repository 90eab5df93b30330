"""Events of a turn, made by hand."""

from __future__ import annotations

from workbench.core.records import Choice, Confidence, Recalled, Thought, ToolCall, ToolUse, Turn, Usage
from workbench.reasoning.events import (
    StepFinished,
    StepStarted,
    ThoughtFinished,
    TokenArrived,
    ToolAnswered,
    ToolCalled,
    TurnEvent,
)

RUFUS = Recalled("m1", "My dog is called Rufus.", 0.71, "cosine 0.71 to the question, said just now", 0.0)
CHOICE = Choice("smollm2-135m", "embedded", ("nothing listens at the address of Ollama",))


def a_turn(**changes: object) -> Turn:
    known = {"question": "What is my dog's name?", "id": "t1", "recalled": (RUFUS,), "choice": CHOICE}
    return Turn(**{**known, **changes})  # type: ignore[arg-type]


def an_answered_turn() -> Turn:
    return a_turn(
        session_id="s1",
        answer="Rufus",
        confidence=Confidence(0.8, "token probability"),
        usage=Usage(120, 9),
        memory_ids=("m2",),
    )


def a_chain() -> list[TurnEvent]:
    """recall, then think with two thoughts, a tool and an answer, then remember."""
    use = ToolUse(ToolCall("calculator", {"expression": "6 * 9"}), output="54", duration_ms=5)
    return [
        StepStarted(step="recall", at_ms=0),
        StepFinished(step="recall", duration_ms=20, turn=a_turn(), at_ms=20),
        StepStarted(step="think", at_ms=20),
        TokenArrived(part="analyse", text="It asks ", at_ms=120),
        TokenArrived(part="analyse", text="for a name.", at_ms=130),
        ThoughtFinished(thought=Thought("analyse", "It asks for a name.", 110), at_ms=130),
        ToolCalled(call=use.call, at_ms=140),
        ToolAnswered(use=use, at_ms=145),
        TokenArrived(part="answer", text="Ru", at_ms=200),
        TokenArrived(part="answer", text="fus", at_ms=210),
        StepFinished(step="think", duration_ms=200, turn=a_turn(answer="Rufus"), at_ms=220),
        StepStarted(step="remember", at_ms=220),
        StepFinished(step="remember", duration_ms=5, turn=an_answered_turn(), at_ms=225),
    ]
