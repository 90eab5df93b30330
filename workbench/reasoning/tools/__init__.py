"""Tools that a model may use while it thinks: calculator, date, memory search. No shell, no eval, no network.

    ToolCall ──► schema check (JSON Schema) ──► run ──► ToolUse(output | error)

A tool is a frozen record with a schema and an async function. A malformed call becomes a `ToolUse` with an error
sentence, which the model may read; it never raises into the walk.

>>> toolbox = Toolbox((calculator.TOOL, dates.TOOL))
>>> (await toolbox.use(ToolCall("calculator", {"expression": "2 + 2"}))).output     # doctest: +SKIP
'4'
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from workbench.core.errors import ToolError, WorkbenchError
from workbench.core.records import ToolCall, ToolUse

__all__ = ["Tool", "Toolbox"]


@dataclass(frozen=True, slots=True)
class Tool:
    """A named function of one string argument, and optional others, described by a JSON Schema."""

    name: str
    purpose: str  # one line, read by the model
    argument: str  # the name of the one required argument
    run: Callable[..., Awaitable[str]]
    optional: dict[str, Any] | None = None  # further JSON Schema properties
    reads: Callable[[str], bool] | None = None  # is this text written in the tool's own language?

    @property
    def parameters(self) -> dict[str, Any]:
        """The JSON Schema of the arguments."""
        required = {self.argument: {"type": "string", "minLength": 1, "maxLength": 2000}}
        properties = {**required, **(self.optional or {})}
        return {"type": "object", "properties": properties, "required": [self.argument], "additionalProperties": False}

    @property
    def function_schema(self) -> dict[str, Any]:
        """The OpenAI-style schema that Ollama and others read."""
        function = {"name": self.name, "description": self.purpose, "parameters": self.parameters}
        return {"type": "function", "function": function}


@dataclass(frozen=True, slots=True)
class Toolbox:
    """The tools of one turn."""

    tools: tuple[Tool, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(tool.name for tool in self.tools)

    def describe(self) -> str:
        """One line a tool, for a prompt."""
        return "\n".join(f"- {tool.name}: {tool.purpose}" for tool in self.tools)

    def schemas(self) -> tuple[dict[str, Any], ...]:
        return tuple(tool.function_schema for tool in self.tools)

    def call_for(self, name: str, text: str) -> ToolCall:
        """A call whose one required argument is `text`, as a plan's step gives it."""
        tool = self._find(name)
        return ToolCall(name, {tool.argument: text} if tool else {"input": text})

    def reader_of(self, text: str) -> str | None:
        """The tool in whose own language the text is written; None for ordinary words."""
        return next((tool.name for tool in self.tools if tool.reads is not None and tool.reads(text)), None)

    async def use(self, call: ToolCall) -> ToolUse:
        """Validate the arguments, run the tool, and time it; what goes wrong becomes the `error` sentence."""
        started = time.perf_counter()
        try:
            output, error = await self._checked(call).run(**call.arguments), None
        except WorkbenchError as problem:
            output, error = None, problem.sentence
        return ToolUse(call, output, error, duration_ms=(time.perf_counter() - started) * 1000)

    def _checked(self, call: ToolCall) -> Tool:
        from fastjsonschema import JsonSchemaValueException, validate  # jsonschema takes seconds to import

        tool = self._find(call.name)
        if tool is None:
            raise ToolError(f"There is no tool '{call.name}'; use one of: {', '.join(self.names)}")
        try:
            validate(tool.parameters, call.arguments)
        except JsonSchemaValueException as problem:
            raise ToolError(f"The call of '{call.name}' is malformed: {problem.message[:200]}") from problem
        return tool

    def _find(self, name: str) -> Tool | None:
        return next((tool for tool in self.tools if tool.name == name), None)
