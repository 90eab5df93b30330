"""Chain-of-thought in named steps: analyse → plan → execute each step → synthesise.

The plan is a reply constrained to a JSON schema, so that even a small model names a tool that exists; each step is a
tool call or a thought. (Wei et al. 2022, arXiv 2201.11903; plan-and-solve: Wang et al. 2023, arXiv 2305.04091.)
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from workbench.core.records import Turn
from workbench.reasoning.confidence import from_logprobs
from workbench.reasoning.thinker import Thinker
from workbench.reasoning.tools import Toolbox

ANALYSIS_TOKENS = 48
STEP_TOKENS = 64
PLAN_TOKENS = 160
THINK = "think"


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step of a plan: the tool (or `think`) and the text it is given."""

    tool: str
    input: str


async def think(turn: Turn, thinker: Thinker) -> Turn:
    """Analyse, plan, execute, synthesise; about four calls of the model."""
    turn = await analyse(turn, thinker)
    turn, steps = await plan(turn, thinker)
    turn, notes = await execute(turn, thinker, steps)
    return await synthesise(turn, thinker, notes)


async def analyse(turn: Turn, thinker: Thinker) -> Turn:
    messages = thinker.messages("analyse", turn, question=turn.question)
    turn, _ = await thinker.think(turn, "analyse", messages, thinker.sampling(max_tokens=ANALYSIS_TOKENS, stop=("\n",)))
    return turn


async def plan(turn: Turn, thinker: Thinker) -> tuple[Turn, tuple[PlannedStep, ...]]:
    messages = thinker.messages("plan", turn, question=turn.question, tools=thinker.toolbox.describe())
    schema = plan_schema(thinker.toolbox.names, thinker.dials.max_steps)
    turn, reply = await thinker.think(
        turn, "plan", messages, thinker.sampling(max_tokens=PLAN_TOKENS, json_schema=schema)
    )
    return turn, tuple(route(step, thinker.toolbox) for step in read_plan(reply.text, fallback=turn.question))


async def execute(turn: Turn, thinker: Thinker, steps: tuple[PlannedStep, ...]) -> tuple[Turn, tuple[str, ...]]:
    notes: list[str] = []
    for number, step in enumerate(steps, 1):
        if step.tool == THINK:
            messages = thinker.messages("direct", turn, question=step.input)
            sampling = thinker.sampling(max_tokens=STEP_TOKENS)
            turn, reply = await thinker.think(turn, f"step {number}", messages, sampling)
            notes.append(reply.text.strip())
        else:
            turn, said = await thinker.use_tool(turn, step.tool, step.input)
            notes.append(f"{step.input} = {said}")
    return turn, tuple(notes)


async def synthesise(turn: Turn, thinker: Thinker, notes: tuple[str, ...]) -> Turn:
    written = "\n".join(f"- {note}" for note in notes)
    messages = thinker.messages("synthesise", turn, question=turn.question, notes=written)
    turn, reply = await thinker.answer(turn, messages, thinker.sampling())
    return replace(turn, answer=reply.text.strip(), confidence=from_logprobs(reply.logprobs))


def plan_schema(tools: tuple[str, ...], max_steps: int) -> dict[str, Any]:
    """The JSON Schema of a plan: 1 to `max_steps` steps, each naming a tool that exists."""
    step = {
        "type": "object",
        "properties": {"tool": {"enum": [*tools, THINK]}, "input": {"type": "string", "maxLength": 200}},
        "required": ["tool", "input"],
        "additionalProperties": False,
    }
    steps = {"type": "array", "items": step, "minItems": 1, "maxItems": max_steps}
    return {"type": "object", "properties": {"steps": steps}, "required": ["steps"], "additionalProperties": False}


def read_plan(text: str, *, fallback: str) -> tuple[PlannedStep, ...]:
    """The steps of a plan; a plan cut off or malformed (an engine that ignores the schema) becomes one thought."""
    try:
        steps = json.loads(text)["steps"]
        planned = tuple(PlannedStep(str(step["tool"]), str(step["input"]).strip()) for step in steps)
    except (ValueError, KeyError, TypeError):
        planned = ()
    return tuple(step for step in planned if step.input) or (PlannedStep(THINK, fallback),)


def route(step: PlannedStep, toolbox: Toolbox) -> PlannedStep:
    """A thought written in a tool's own language goes to that tool: small models plan "6 * 9" and call it thinking."""
    if step.tool != THINK:
        return step
    return replace(step, tool=toolbox.reader_of(step.input) or THINK)
