"""What a strategy thinks with: a model, prompts, tools, sampling, and a way to tell what happens.

    ask(part, template, …) ──► render ──► stream ──► TokenArrived … ──► Reply
                                            └─ dropped? once more, with the event Retried

It does not know which strategy calls it, nor where the model or the memories come from.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from workbench import prompts
from workbench.core.errors import ConnectionDropped, ToolError
from workbench.core.records import Message, Piece, Reply, Sampling, Thought, ToolCall, Turn
from workbench.core.schema import ReasoningSettings
from workbench.models.protocol import Model, gather
from workbench.reasoning.budget import check_room, latest_history
from workbench.reasoning.events import (
    Retried,
    ThinkingArrived,
    ThoughtFinished,
    TokenArrived,
    ToolAnswered,
    ToolCalled,
    TurnEvent,
)
from workbench.reasoning.tools import Toolbox

MAX_TOOL_ROUNDS = 3
TALK_SHARE = 4  # of the context, at most a quarter for the conversation so far
Emit = Callable[[TurnEvent], None]


@dataclass(frozen=True, slots=True)
class Thinker:
    """One turn's means of thinking."""

    model: Model
    toolbox: Toolbox
    dials: ReasoningSettings
    emit: Emit

    def messages(self, template: str, turn: Turn, **values: str) -> list[Message]:
        """The template in the turn's language, with what memory knows and, as text, the conversation so far.

        As text, because few-shot examples are messages too, and a conversation among them would look like one of them.
        """
        known = "\n".join(part for part in (self.known(turn), self._talk(turn)) if part)
        return list(prompts.render(template, turn.language, known=known, **values))

    def known(self, turn: Turn, memories: Sequence[str] | None = None) -> str:
        """What is known before the question, as the prompt says it: the session's background, recalled memories.

        Args:
            memories: None is all that were recalled.
        """
        background = "\n".join(message.content for message in turn.history if message.role == "system")
        facts = [memory.text for memory in turn.recalled] if memories is None else memories
        known = prompts.known(facts, turn.language) if facts else ""
        return "\n".join(filter(None, (background, known)))

    def _talk(self, turn: Turn) -> str:
        kept = latest_history(turn.history, room_tokens=self.model.context_tokens // TALK_SHARE)
        if not kept:
            return ""
        lines = "\n".join(f"{message.role}: {message.content}" for message in kept)
        return prompts.render("talk", turn.language, lines=lines)[0].content

    def sampling(self, **changes: Any) -> Sampling:
        base = Sampling(temperature=self.dials.temperature, max_tokens=self.dials.max_tokens, seed=self.dials.seed)
        return replace(base, **changes)

    async def ask(
        self, part: str, messages: Sequence[Message], sampling: Sampling, *, tools: Sequence[dict[str, Any]] = ()
    ) -> Reply:
        """One reply of the model, told token by token; a connection that drops in mid-reply is tried once more.

        Raises:
            ContextOverflow: the prompt is too long; Ollama would cut it without a word.
            ModelError: the model cannot answer, or the connection dropped twice.
        """
        check_room(messages, room_tokens=self.model.context_tokens - sampling.max_tokens)
        try:
            return await self._ask_once(part, messages, sampling, tools)
        except ConnectionDropped as error:
            self.emit(Retried(part=part, reason=error.sentence))
            return await self._ask_once(part, messages, sampling, tools)

    async def _ask_once(
        self, part: str, messages: Sequence[Message], sampling: Sampling, tools: Sequence[dict[str, Any]]
    ) -> Reply:
        def tell(piece: Piece) -> None:
            if piece.thinking:
                self.emit(ThinkingArrived(part=part, text=piece.thinking))
            if piece.text:
                self.emit(TokenArrived(part=part, text=piece.text))

        async with aclosing(self.model.stream(messages, sampling, tools=tools)) as pieces:
            return await gather(pieces, on_piece=tell)

    async def think(self, turn: Turn, name: str, messages: Sequence[Message], sampling: Sampling) -> tuple[Turn, Reply]:
        """Ask, and keep the reply as a named thought of the turn."""
        started = time.perf_counter()
        reply = await self.ask(name, messages, sampling)
        thought = Thought(name, reply.text.strip(), (time.perf_counter() - started) * 1000, reply.usage)
        return self.keep(turn, thought, reply), reply

    def keep(self, turn: Turn, thought: Thought, reply: Reply) -> Turn:
        self.emit(ThoughtFinished(thought=thought))
        return replace(
            turn,
            thoughts=(*turn.thoughts, thought),
            thinking=turn.thinking + reply.thinking,
            usage=turn.usage + reply.usage,
        )

    async def use_tool(self, turn: Turn, name: str, text: str) -> tuple[Turn, str]:
        """Run one tool on one text; returns what it said, or the sentence that says why it could not."""
        return await self._use(turn, self.toolbox.call_for(name, text))

    async def _use(self, turn: Turn, call: ToolCall) -> tuple[Turn, str]:
        self.emit(ToolCalled(call=call))
        use = await self.toolbox.use(call)
        self.emit(ToolAnswered(use=use))
        return replace(
            turn, tool_uses=(*turn.tool_uses, use)
        ), use.output if use.output is not None else use.error or ""

    async def answer(self, turn: Turn, messages: Sequence[Message], sampling: Sampling) -> tuple[Turn, Reply]:
        """The reply that the person reads; a model that calls tools natively may do so, up to three rounds.

        The round after the last has no tools, so that it ends in words; a call that cannot be read ends the calling.
        """
        chat = list(messages)
        for tools in (*[self.toolbox.schemas()] * MAX_TOOL_ROUNDS, ()):
            try:
                reply = await self.ask("answer", chat, sampling, tools=tools)
            except ToolError as error:
                self.emit(Retried(part="answer", reason=error.sentence))
                reply = await self.ask("answer", chat, sampling)
            turn = replace(turn, usage=turn.usage + reply.usage, thinking=turn.thinking + reply.thinking)
            if not reply.tool_calls:
                break
            chat.append(Message("assistant", reply.text, tool_calls=reply.tool_calls))
            for call in reply.tool_calls:
                turn, said = await self._use(turn, call)
                chat.append(Message("tool", said, tool_name=call.name))
        return replace(turn, cut_off=reply.finish == "length"), reply
