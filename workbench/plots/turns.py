"""Where the time of one turn went.

    validate  ▏
    recall    ▎
    choose     ▏
    think      ███████████████████████
      › analyse  ████
      › plan         ███████
      › calculator          ▏
      › answer               ██████████
    respond                            ▏
    remember                           ▎

Steps carry their own start. Thoughts and tool uses carry only a duration, but they happen one after the other, so they
are laid end to end inside `think`; a plan's steps that no thought took are the tools', in order. What is left of
`think` is the answer itself. It reads no clock and no store.

>>> turn_timeline(Turn(question="Why?")).layout.xaxis.title.text
'time since the question was asked (ms)'
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from workbench.core.records import Thought, Timing, ToolUse, Turn
from workbench.plots.style import BLUE, GREEN, ORANGE, PURPLE, as_hover, new_figure, say_nothing_to_draw, show_ms

COLOURS = {"step of the walk": BLUE, "thought": ORANGE, "tool": GREEN, "answer": PURPLE}
SECONDS_FROM_MS = 2000.0
_STEP = re.compile(r"step (\d+)")


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of the timeline."""

    label: str
    kind: str  # a key of COLOURS
    start_ms: float
    duration_ms: float
    hover: str = ""


def turn_timeline(turn: Turn) -> go.Figure:
    """The steps of a turn as horizontal bars, with what happened inside `think`.

    Args:
        turn: a finished turn, or one on its way.
    """
    bars = tuple(timeline_bars(turn))
    end_ms = max((bar.start_ms + bar.duration_ms for bar in bars), default=0.0)
    unit, scale = ("s", 1000.0) if end_ms >= SECONDS_FROM_MS else ("ms", 1.0)
    figure = new_figure(f"time since the question was asked ({unit})", height=130 + 26 * max(4, len(bars)))
    if not bars:
        return say_nothing_to_draw(figure, "This turn has no timings yet")
    for kind, colour in COLOURS.items():
        rows = [(place, bar) for place, bar in enumerate(bars) if bar.kind == kind]
        if rows:
            figure.add_trace(_trace(kind, colour, rows, scale))
    figure.update_layout(barmode="overlay", bargap=0.25)
    # Room on the right for the duration that is written after the last bar.
    figure.update_xaxes(range=[0, end_ms / scale * 1.12 or 1])
    figure.update_yaxes(
        autorange="reversed", showgrid=False, tickvals=list(range(len(bars))), ticktext=[_label(bar) for bar in bars]
    )
    return figure


def timeline_bars(turn: Turn) -> Iterator[Bar]:
    """The rows of the timeline, top to bottom."""
    for timing in turn.timings:
        yield Bar(timing.step, "step of the walk", timing.start_ms, timing.duration_ms)
        if timing.step == "think":
            yield from _inside_think(turn, timing)


def _inside_think(turn: Turn, think: Timing) -> Iterator[Bar]:
    now_ms = think.start_ms
    for part in in_order(turn.thoughts, turn.tool_uses):
        if isinstance(part, Thought):
            yield Bar(part.name, "thought", now_ms, part.duration_ms, part.text)
        else:
            yield Bar(part.call.name, "tool", now_ms, part.duration_ms, _said(part))
        now_ms += part.duration_ms
    left_ms = think.start_ms + think.duration_ms - now_ms
    if not _voted(turn) and left_ms > 0:
        yield Bar("answer", "answer", now_ms, left_ms, turn.answer or "")


def in_order(thoughts: Sequence[Thought], tool_uses: Sequence[ToolUse]) -> Iterator[Thought | ToolUse]:
    """Thoughts with the tool uses between them: a gap before `step 3` means that tools took the steps before it."""
    tools, next_step = iter(tool_uses), 1
    for thought in thoughts:
        found = _STEP.fullmatch(thought.name)
        if found:
            for _ in range(int(found[1]) - next_step):
                yield from _one(tools)
            next_step = int(found[1]) + 1
        yield thought
    yield from tools


def _one(tools: Iterator[ToolUse]) -> Iterator[ToolUse]:
    for use in tools:
        yield use
        return


def _voted(turn: Turn) -> bool:
    """A vote's answer is one of its votes, so nothing more is written after them."""
    return turn.strategy == "vote"


def _said(use: ToolUse) -> str:
    arguments = ", ".join(f"{name}={value}" for name, value in use.call.arguments.items())
    return f"{use.call.name}({arguments})\n{use.output if use.output is not None else use.error or ''}"


def _label(bar: Bar) -> str:
    return as_hover(bar.label) if bar.kind == "step of the walk" else f"think › {as_hover(bar.label)}"


def _trace(kind: str, colour: str, rows: Sequence[tuple[int, Bar]], scale: float) -> go.Bar:
    bars = [bar for _, bar in rows]
    return go.Bar(
        name=kind,
        orientation="h",
        y=[place for place, _ in rows],
        x=[bar.duration_ms / scale for bar in bars],
        base=[bar.start_ms / scale for bar in bars],
        marker={"color": colour, "line": {"color": colour, "width": 1}},  # the line keeps a 0.1 ms step visible
        text=[show_ms(bar.duration_ms) for bar in bars],
        textposition="outside",
        cliponaxis=False,
        customdata=[[as_hover(bar.label), show_ms(bar.duration_ms), as_hover(bar.hover)] for bar in bars],
        hovertemplate="<b>%{customdata[0]}</b>, %{customdata[1]}<br>%{customdata[2]}<extra></extra>",
    )
