"""What a chat has shown so far: a frozen record that takes in the events of a turn, one by one.

    asked ──► heard, heard, heard … ──► answered │ failed │ stopped ──► rated

Every function takes a state and returns a new one. Exchanges are numbered, so an event that arrives late finds its own
question. It does not know widgets, agents or clocks.

>>> chat = asked(Chat(), "What is the capital of France?")
>>> chat = heard(chat, 1, TokenArrived(part="answer", text="Paris"))
>>> chat.exchange(1).answer
'Paris'
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from workbench.core.records import Choice, Confidence, Recalled, Thought, ToolUse, Turn
from workbench.panels import timeline
from workbench.panels.timeline import Bars
from workbench.reasoning.events import (
    Retried,
    StepFinished,
    StepStarted,
    ThinkingArrived,
    ThoughtFinished,
    TokenArrived,
    ToolAnswered,
    ToolCalled,
    TurnEvent,
    VoteCast,
)

Status = Literal["asking", "answered", "stopped", "failed"]
Rating = Literal["up", "down", "correct"]
ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question and what became of it."""

    number: int
    question: str
    status: Status = "asking"
    part: str | None = None  # what the model says now: `answer`, or a thought such as `plan`
    text: str = ""  # as far as it has said it
    thinking: str = ""
    thoughts: tuple[Thought, ...] = ()
    tool_uses: tuple[ToolUse, ...] = ()
    votes: tuple[VoteCast, ...] = ()
    bars: Bars = ()
    elapsed_ms: float = 0.0
    turn: Turn | None = None  # as the last finished step left it
    notice: str | None = None
    problem: str | None = None
    rating: Rating | None = None

    @property
    def answer(self) -> str:
        """The answer, or as much of it as has arrived."""
        done = self.turn.answer if self.turn else None
        return done or (self.text if self.part == ANSWER else "")

    @property
    def recalled(self) -> tuple[Recalled, ...]:
        return self.turn.recalled if self.turn else ()

    @property
    def choice(self) -> Choice | None:
        return self.turn.choice if self.turn else None

    @property
    def confidence(self) -> Confidence | None:
        return self.turn.confidence if self.turn else None


@dataclass(frozen=True, slots=True)
class Chat:
    """The exchanges of one page, oldest first, and the session they are stored in once the first is answered."""

    exchanges: tuple[Exchange, ...] = ()
    session_id: str | None = None

    def exchange(self, number: int) -> Exchange:
        return self.exchanges[number - 1]

    @property
    def latest(self) -> Exchange | None:
        return self.exchanges[-1] if self.exchanges else None


def asked(chat: Chat, question: str) -> Chat:
    """The chat with one more question."""
    return replace(chat, exchanges=(*chat.exchanges, Exchange(len(chat.exchanges) + 1, question)))


def heard(chat: Chat, number: int, event: TurnEvent) -> Chat:
    """The chat after one event of exchange `number`; an exchange that has ended hears nothing more."""
    exchange = chat.exchange(number)
    if exchange.status != "asking":
        return chat
    exchange = replace(exchange, elapsed_ms=max(exchange.elapsed_ms, event.at_ms))
    return _with(chat, _HEAR[type(event)](exchange, event) if type(event) in _HEAR else exchange)


def elapsed(chat: Chat, number: int, elapsed_ms: float) -> Chat:
    """The chat with the clock of a running exchange moved on."""
    exchange = chat.exchange(number)
    if exchange.status != "asking":
        return chat
    return _with(chat, replace(exchange, elapsed_ms=max(exchange.elapsed_ms, elapsed_ms)))


def answered(chat: Chat, number: int, turn: Turn) -> Chat:
    """The chat with exchange `number` answered and stored."""
    exchange = replace(_ended(chat.exchange(number), "answered"), turn=turn, problem=None)
    return replace(_with(chat, exchange), session_id=turn.session_id)


def failed(chat: Chat, number: int, sentence: str) -> Chat:
    """The chat with exchange `number` ended by an error of one sentence."""
    return _with(chat, replace(_ended(chat.exchange(number), "failed"), problem=sentence))


def stopped(chat: Chat, number: int) -> Chat:
    """The chat with exchange `number` stopped by the person; nothing of it was stored."""
    return _with(chat, _ended(chat.exchange(number), "stopped"))


def rated(chat: Chat, turn_id: str, rating: Rating) -> Chat:
    """The chat with the last word on a turn."""
    marked = (replace(one, rating=rating) if one.turn and one.turn.id == turn_id else one for one in chat.exchanges)
    return replace(chat, exchanges=tuple(marked))


def _with(chat: Chat, exchange: Exchange) -> Chat:
    index = exchange.number - 1
    return replace(chat, exchanges=(*chat.exchanges[:index], exchange, *chat.exchanges[index + 1 :]))


def _ended(exchange: Exchange, status: Status) -> Exchange:
    return replace(exchange, status=status, bars=timeline.closed_all(exchange.bars, exchange.elapsed_ms))


def _step_started(exchange: Exchange, event: StepStarted) -> Exchange:
    return replace(exchange, bars=timeline.opened(exchange.bars, event.step, "step", event.at_ms))


def _step_finished(exchange: Exchange, event: StepFinished) -> Exchange:
    inside = timeline.closed_inside(exchange.bars, event.at_ms)
    return replace(exchange, bars=timeline.closed(inside, event.step, event.at_ms), turn=event.turn)


def _speaking(exchange: Exchange, part: str, at_ms: float) -> Exchange:
    """The exchange with `part` as the one that speaks; a new part has its own bar and an empty text."""
    speaks = timeline.running(exchange.bars, "thought")
    if exchange.part == part and speaks:
        return exchange
    bars = timeline.closed_inside(exchange.bars, at_ms)
    return replace(exchange, part=part, text="", bars=timeline.opened(bars, part, "thought", timeline.free_at(bars)))


def _token(exchange: Exchange, event: TokenArrived) -> Exchange:
    exchange = _speaking(exchange, event.part, event.at_ms)
    return replace(exchange, text=exchange.text + event.text)


def _thinking(exchange: Exchange, event: ThinkingArrived) -> Exchange:
    exchange = _speaking(exchange, event.part, event.at_ms)
    return replace(exchange, thinking=exchange.thinking + event.text)


def _thought(exchange: Exchange, event: ThoughtFinished) -> Exchange:
    exchange = _speaking(exchange, event.thought.name, event.at_ms)
    bars = timeline.closed(exchange.bars, event.thought.name, event.at_ms)
    return replace(exchange, thoughts=(*exchange.thoughts, event.thought), part=None, text="", bars=bars)


def _tool_called(exchange: Exchange, event: ToolCalled) -> Exchange:
    bars = timeline.closed_inside(exchange.bars, event.at_ms)
    return replace(exchange, part=None, text="", bars=timeline.opened(bars, event.call.name, "tool", event.at_ms))


def _tool_answered(exchange: Exchange, event: ToolAnswered) -> Exchange:
    bars = timeline.closed(exchange.bars, event.use.call.name, event.at_ms)
    return replace(exchange, tool_uses=(*exchange.tool_uses, event.use), bars=bars)


def _vote(exchange: Exchange, event: VoteCast) -> Exchange:
    return replace(exchange, votes=(*exchange.votes, event))


def _retried(exchange: Exchange, event: Retried) -> Exchange:
    """What was shown of the part is void; its bar goes on, for the time was spent."""
    return replace(exchange, text="", notice=f"{event.reason} It was asked once more.")


_HEAR: Mapping[type[TurnEvent], Callable[[Exchange, Any], Exchange]] = {
    StepStarted: _step_started,
    StepFinished: _step_finished,
    TokenArrived: _token,
    ThinkingArrived: _thinking,
    ThoughtFinished: _thought,
    ToolCalled: _tool_called,
    ToolAnswered: _tool_answered,
    VoteCast: _vote,
    Retried: _retried,
}
