"""The timeline puts every part of a turn at its own time, and names it."""

from __future__ import annotations

from dataclasses import replace

import plotly.graph_objects as go
import pytest

from workbench.agent import Agent
from workbench.core.records import Thought, Timing, ToolCall, ToolUse, Turn
from workbench.models.embedded import EmbeddedModel
from workbench.plots import turn_timeline
from workbench.plots.turns import in_order, timeline_bars

WALK = (
    Timing("validate", 0.0, 1.0),
    Timing("recall", 1.0, 9.0),
    Timing("choose", 10.0, 2.0),
    Timing("think", 12.0, 88.0),
    Timing("respond", 100.0, 0.5),
    Timing("remember", 100.5, 6.0),
)
CALCULATOR = ToolUse(ToolCall("calculator", {"expression": "1 < 2"}), "True", None, 3.0)
CHAIN = Turn(
    "Is 1 < 2?",
    strategy="chain",
    timings=WALK,
    thoughts=(Thought("analyse", "a", 20.0), Thought("plan", "p", 30.0), Thought("step 2", "s", 15.0)),
    tool_uses=(CALCULATOR,),
    answer="Yes",
)


def spans(turn: Turn) -> dict[str, tuple[float, float]]:
    return {bar.label: (bar.start_ms, bar.start_ms + bar.duration_ms) for bar in timeline_bars(turn)}


def test_steps_stand_where_their_timings_say() -> None:
    assert spans(CHAIN)["recall"] == (1.0, 10.0)
    assert spans(CHAIN)["remember"] == (100.5, 106.5)


def test_thoughts_and_tools_lie_end_to_end_inside_think_and_the_answer_takes_the_rest() -> None:
    found = spans(CHAIN)
    assert found["analyse"] == (12.0, 32.0)
    assert found["plan"] == (32.0, 62.0)
    assert found["calculator"] == (62.0, 65.0)  # step 1 of the plan: the only thought after it is step 2
    assert found["step 2"] == (65.0, 80.0)
    assert found["answer"] == (80.0, 100.0)


def test_a_tool_after_the_last_thought_stays_after_it() -> None:
    thoughts = (Thought("plan", ""), Thought("step 1", ""))
    assert [getattr(part, "name", "tool") for part in in_order(thoughts, (CALCULATOR,))] == ["plan", "step 1", "tool"]


def test_a_vote_has_no_separate_answer() -> None:
    votes = tuple(Thought(f"vote {n}", "Answer: yes", 20.0) for n in (1, 2, 3))
    voted = replace(CHAIN, strategy="vote", thoughts=votes, tool_uses=())
    assert "answer" not in spans(voted)
    assert spans(voted)["vote 3"] == (52.0, 72.0)


def test_every_row_is_drawn_once_in_the_order_of_the_walk_with_units_on_the_axis() -> None:
    figure = turn_timeline(CHAIN)
    drawn = sorted(place for trace in figure.data for place in trace.y)
    assert drawn == list(range(11))
    labels = [label.removeprefix("think › ") for label in figure.layout.yaxis.ticktext]
    assert labels == [
        *("validate", "recall", "choose", "think"),
        *("analyse", "plan", "calculator", "step 2", "answer"),
        *("respond", "remember"),
    ]
    assert figure.layout.xaxis.title.text == "time since the question was asked (ms)"


def test_a_long_turn_is_drawn_in_seconds() -> None:
    slow = replace(CHAIN, timings=(Timing("think", 500.0, 4000.0),), thoughts=(), tool_uses=())
    figure = turn_timeline(slow)
    assert figure.layout.xaxis.title.text.endswith("(s)")
    assert (figure.data[0].base[0], figure.data[0].x[0]) == (0.5, 4.0)


def test_what_a_model_wrote_cannot_become_markup() -> None:
    hostile = replace(CHAIN, thoughts=(Thought("plan", "<a href='x'>click</a>", 5.0),))
    assert "<a href" not in turn_timeline(hostile).to_json()
    assert "&lt;" in str(turn_timeline(hostile).data[1].customdata)


def test_a_turn_without_timings_says_so() -> None:
    [note] = turn_timeline(Turn("Why?")).layout.annotations
    assert note.text == "This turn has no timings yet"


async def test_a_real_chain_of_thought_fills_think_without_leaving_it(agent: Agent, embedded: EmbeddedModel) -> None:
    turn = await agent.ask("What is 17 + 25?", strategy="chain", model=embedded)
    figure = turn_timeline(turn)
    assert isinstance(figure, go.Figure)
    [think] = [timing for timing in turn.timings if timing.step == "think"]
    inside = [bar for bar in timeline_bars(turn) if bar.kind != "step of the walk"]
    assert {"analyse", "plan", "answer"} <= {bar.label for bar in inside}
    assert min(bar.start_ms for bar in inside) >= think.start_ms
    end_ms = max(bar.start_ms + bar.duration_ms for bar in inside)
    assert end_ms == pytest.approx(think.start_ms + think.duration_ms)
