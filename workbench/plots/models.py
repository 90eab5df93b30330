"""Which model, and how much memory it needs.

    choice_ladder   what the selector chose at each amount of free memory, one panel a question
    memory_plans    weights, KV cache and buffers of each model against the safe limit

It chooses and plans nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Protocol

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from workbench.core.records import Choice
from workbench.plots.style import (
    BLUE,
    GIB,
    GREEN,
    GREY,
    ORANGE,
    PALETTE,
    TEMPLATE,
    VERMILLION,
    as_hover,
    new_figure,
    say_nothing_to_draw,
)


class MemoryNeed(Protocol):
    """The predicted bytes of one model; `hardware.planner.MemoryPlan` is one."""

    @property
    def weights(self) -> int: ...
    @property
    def kv_cache(self) -> int: ...
    @property
    def buffers(self) -> int: ...


def choice_ladder(choices: Sequence[Choice]) -> go.Figure:
    """What was chosen at each amount of free memory: the hollow bar is free, the filled one is what the model needs.

    Args:
        choices: of the selector, with `complexity`, `free_bytes` and `need_bytes`; one panel for each complexity.
    """
    panels = [(value, list(found)) for value, found in groupby(choices, key=lambda choice: choice.complexity)]
    if not panels:
        return say_nothing_to_draw(new_figure("free memory (GiB)", "need (GiB)"), "No choice was made yet")
    titles = [f"complexity {value:.2f}" if value is not None else "any question" for value, _ in panels]
    figure = make_subplots(len(panels), 1, shared_xaxes=True, subplot_titles=titles, vertical_spacing=0.11)
    figure.update_layout(template=TEMPLATE, height=110 + 170 * len(panels), barmode="overlay", bargap=0.35)
    colours = dict(zip(dict.fromkeys(choice.model for choice in choices), PALETTE, strict=False))
    for row, (_, found) in enumerate(panels, 1):
        figure.add_trace(_free(found, first=row == 1), row=row, col=1)
    for model, colour in colours.items():
        for row, (_, found) in enumerate(panels, 1):
            chosen = [choice for choice in found if choice.model == model]
            figure.add_trace(_need(model, colour, chosen, panels), row=row, col=1)
    # Room above the highest bar for the figures written on it.
    figure.update_yaxes(title_text="GiB", range=[0, 1.25 * max(_free_bytes(choice) for choice in choices) / GIB])
    figure.update_xaxes(showgrid=False, type="category", categoryorder="array", categoryarray=_amounts(choices))
    figure.update_xaxes(title_text="free memory (GiB)", row=len(panels), col=1)
    figure.update_annotations(x=0, xanchor="left", font_size=13)
    figure.update_layout(legend={"y": 1 + 40 / (110 + 170 * len(panels))}, margin={"t": 90})
    return figure


def _amounts(choices: Sequence[Choice]) -> list[str]:
    return [f"{size / GIB:g}" for size in sorted({_free_bytes(choice) for choice in choices})]


def _free_bytes(choice: Choice) -> int:
    assert choice.free_bytes is not None, "a ladder is drawn from choices that were made by free memory"
    return choice.free_bytes


def _free(choices: Sequence[Choice], *, first: bool) -> go.Bar:
    return go.Bar(
        name="free",
        legendgroup="free",
        showlegend=first,
        x=[f"{_free_bytes(choice) / GIB:g}" for choice in choices],
        y=[_free_bytes(choice) / GIB for choice in choices],
        marker={"color": "rgba(0,0,0,0)", "line": {"color": GREY, "width": 1.5}},
        text=[f"{(choice.need_bytes or 0) / GIB:.2f} of {_free_bytes(choice) / GIB:g}" for choice in choices],
        textposition="outside",
        cliponaxis=False,
        hoverinfo="skip",
    )


def _need(
    model: str, colour: str, choices: Sequence[Choice], panels: Sequence[tuple[float | None, list[Choice]]]
) -> go.Bar:
    first = next(found for _, found in panels if any(choice.model == model for choice in found))
    return go.Bar(
        name=model,
        legendgroup=model,
        showlegend=bool(choices) and choices[0] in first,
        x=[f"{_free_bytes(choice) / GIB:g}" for choice in choices],
        y=[(choice.need_bytes or 0) / GIB for choice in choices],
        marker={"color": colour},
        customdata=[as_hover("\n".join(choice.reasons)) for choice in choices],
        hovertemplate=f"<b>{as_hover(model)}</b><br>%{{customdata}}<extra></extra>",
    )


def memory_plans(plans: Mapping[str, MemoryNeed], *, safe_bytes: int | None = None) -> go.Figure:
    """The need of each model, stacked by what it is for, against the safe limit.

    Args:
        plans: by model name, top to bottom.
        safe_bytes: the most one model may take; a dashed line.
    """
    figure = new_figure("memory (GiB)", height=120 + 48 * max(2, len(plans)))
    parts = (("weights", BLUE), ("kv_cache", ORANGE), ("buffers", GREEN))
    for part, colour in parts:
        sizes = [getattr(need, part) / GIB for need in plans.values()]
        name = "KV cache" if part == "kv_cache" else part
        hover = f"%{{y}}<br>{name} %{{x:.2f}} GiB<extra></extra>"
        marker = {"color": colour}
        figure.add_trace(go.Bar(orientation="h", name=name, y=list(plans), x=sizes, marker=marker, hovertemplate=hover))
    if safe_bytes is not None:
        line = {"color": VERMILLION, "dash": "dash"}
        figure.add_vline(safe_bytes / GIB, line=line, annotation_text=f"safe limit {safe_bytes / GIB:g} GiB")
    figure.update_layout(barmode="stack", bargap=0.3, legend={"traceorder": "normal", "y": 1.12})
    figure.update_xaxes(rangemode="tozero")
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return figure
