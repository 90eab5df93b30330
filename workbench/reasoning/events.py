"""What happens during a turn, as it happens. Notebooks, dashboards, the WebSocket and metrics subscribe to these.

They are llama-index workflow events, so `handler.stream_events()` yields them. They do not know who listens.

>>> TokenArrived(part="answer", text="Paris").text
'Paris'
"""

from __future__ import annotations

from typing import Any

from workflows.events import Event

from workbench.core.records import Thought, ToolCall, ToolUse


class TurnEvent(Event):
    """Any event a subscriber may receive; `at_ms` counts from the start of the turn."""

    at_ms: float = 0.0


class StepStarted(TurnEvent):
    """A step of the walk begins: validate, recall, choose, think, respond, remember."""

    step: str


class StepFinished(TurnEvent):
    """A step of the walk is done; `turn` is the record as that step left it."""

    step: str
    duration_ms: float
    turn: Any  # core.records.Turn


class TokenArrived(TurnEvent):
    """A token of a named part: `answer`, or a thought such as `analyse`, `plan`, `step 1`, `vote 2`."""

    part: str
    text: str


class ThinkingArrived(TurnEvent):
    """A token that a model thinks on its own (DeepSeek-R1 style); shown apart, never stored as fact."""

    part: str
    text: str


class ThoughtFinished(TurnEvent):
    """A named thought is complete."""

    thought: Thought


class ToolCalled(TurnEvent):
    """A tool is about to run with validated arguments, or was refused before running."""

    call: ToolCall


class ToolAnswered(TurnEvent):
    """A tool has answered, or failed with a sentence."""

    use: ToolUse


class VoteCast(TurnEvent):
    """One more sampled answer; `lead` is the probability that the leader stays ahead."""

    answer: str
    votes: int
    leader: str
    lead: float


class Retried(TurnEvent):
    """The connection dropped, or a tool call could not be read; the part starts again, what was shown of it is void."""

    part: str
    reason: str
