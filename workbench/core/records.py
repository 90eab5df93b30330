"""The records that rooms hand to each other: frozen, plain, comparable.

A `Turn` fills as it walks: each step returns a new one with `dataclasses.replace`. Records know nothing of
databases, models or screens. Missing is `None`. Sizes are bytes, times are seconds since the epoch (UTC) or
milliseconds where the name says so.

>>> Turn(question="What is 2 + 2?").answer is None
True
"""

from __future__ import annotations

import time
import uuid
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Role = Literal["system", "user", "assistant", "tool"]
StrategyName = Literal["direct", "chain", "vote"]
Language = Literal["en", "ja"]


def new_id() -> str:
    """A fresh 32-digit hexadecimal id."""
    return uuid.uuid4().hex


@dataclass(frozen=True, slots=True)
class ToolCall:
    """What a model asks a tool to do; `arguments` are not yet validated."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat, in the order the model reads it."""

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()  # of an assistant that called tools natively
    tool_name: str | None = None  # of a tool's answer


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A tool call with its outcome: `output`, or the `error` sentence; never both."""

    call: ToolCall
    output: str | None = None
    error: str | None = None
    duration_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a reply is drawn. `temperature` 0 is greedy; `json_schema` constrains the reply to that schema."""

    temperature: float = 0.0
    top_p: float = 1.0
    max_tokens: int = 256
    seed: int | None = 0
    stop: tuple[str, ...] = ()
    json_schema: dict[str, Any] | None = None
    reuse_prompt: bool = False  # the engine may keep what it computed for the same prompt a moment ago


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens read and written. `None` where the engine does not say."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            _plus(self.prompt_tokens, other.prompt_tokens), _plus(self.completion_tokens, other.completion_tokens)
        )


def _plus(left: int | None, right: int | None) -> int | None:
    return left if right is None else right if left is None else left + right


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a streamed reply, usually one token. The last piece carries `finish` and `usage`."""

    text: str = ""
    thinking: str = ""
    logprobs: tuple[float, ...] = ()  # natural logarithm, one per token of `text`; empty where the engine gives none
    tool_calls: tuple[ToolCall, ...] = ()
    finish: Literal["stop", "length"] | None = None
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply: the joined pieces."""

    text: str
    thinking: str = ""
    logprobs: tuple[float, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    finish: Literal["stop", "length"] = "stop"
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class Statement:
    """Something said, on its way into memory: who said it (None: the person at the keyboard), when, of what kind."""

    text: str
    speaker: str | None = None
    said_at: float | None = None  # None: now
    kind: str | None = None  # fact, event, preference, procedure, document; None: found by rule


@dataclass(frozen=True, slots=True)
class Recalled:
    """One memory that recall chose, its score, why it was chosen, and the parts that the score is the sum of.

    Args:
        turn_id: the turn that it was stated in, or that it corrects.
        learned: whether the adapter that answers now has learned from that turn.
    """

    memory_id: str
    text: str
    score: float
    why: str
    said_at: float
    session_id: str | None = None
    speaker: str | None = None
    kind: str = "fact"
    parts: dict[str, float] = field(default_factory=dict)
    turn_id: str | None = None
    learned: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """A model that was not chosen, and the reason."""

    model: str
    reason: str


@dataclass(frozen=True, slots=True)
class Choice:
    """The model that answers, why, what it needs, and what was refused."""

    model: str
    backend: str
    reasons: tuple[str, ...]
    refused: tuple[Refusal, ...] = ()
    complexity: float | None = None  # 0..1
    free_bytes: int | None = None
    need_bytes: int | None = None
    adapter: str | None = None


@dataclass(frozen=True, slots=True)
class Thought:
    """One named step of reasoning, with the tokens it cost."""

    name: str  # analyse, plan, step 1, …, synthesise, vote 1, …
    text: str
    duration_ms: float = 0.0
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class Confidence:
    """How sure the agent is that its answer is right, 0..1, and what that figure was computed from."""

    value: float
    source: Literal["token probability", "vote share"]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Timing:
    """When one step of the walk began, relative to the turn's start, and how long it took."""

    step: str
    start_ms: float
    duration_ms: float


@dataclass(frozen=True, slots=True)
class Turn:
    """A question on its way to becoming an answer, or one that has arrived."""

    question: str
    id: str = field(default_factory=new_id)
    session_id: str | None = None
    session_name: str | None = None  # for a session that begins with this turn
    asked_at: float = field(default_factory=time.time)
    language: Language = "en"
    strategy: StrategyName = "direct"
    complexity: float | None = None
    history: tuple[Message, ...] = ()
    recalled: tuple[Recalled, ...] = ()
    choice: Choice | None = None
    thoughts: tuple[Thought, ...] = ()
    tool_uses: tuple[ToolUse, ...] = ()
    thinking: str = ""  # what a model thought on its own; shown apart, never stored as fact
    answer: str | None = None
    cut_off: bool = False  # the answer ended at reasoning.max_tokens, in mid-sentence
    confidence: Confidence | None = None
    usage: Usage = field(default_factory=Usage)
    memory_ids: tuple[str, ...] = ()
    timings: tuple[Timing, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The turn as plain JSON types, as `workbench ask --json` prints it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Session:
    """A conversation: a name, when it began, how many turns it holds, and whether they may become examples."""

    id: str
    name: str
    created_at: float
    turn_count: int = 0
    learns: bool = True


def begun_session(name: str | None = None, session_id: str | None = None) -> Session:
    """A new session, not stored yet; without a name it is called by date, time and the start of its id."""
    session_id, created_at = session_id or new_id(), time.time()
    stamp = time.strftime("%Y-%m-%d %H:%M", time.localtime(created_at))
    return Session(session_id, name or f"{stamp} {session_id[:8]}", created_at)


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a person said about a turn: a thumb, or the answer it should have given."""

    turn_id: str
    kind: Literal["up", "down", "correct"]
    correction: str | None = None
    given_at: float = field(default_factory=time.time)
