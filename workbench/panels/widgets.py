"""The widgets: each is one JavaScript file beside this one and one or two traits that hold all it shows.

A trait is always sent whole and bounded, so a page that missed a message is right again with the next. The files come
with the package; nothing is fetched from elsewhere. They do not know agents, turns or events.

>>> Timeline(shown={"bars": [], "total_ms": 0.0})                        # doctest: +SKIP
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import traitlets

HERE = Path(__file__).parent
STYLE = HERE / "panels.css"


class ChatBox(anywidget.AnyWidget):
    """The chat log and its form. It sends `ready`, `ask`, `stop`, `rate` and `correct`."""

    _esm = HERE / "chat_box.js"
    _css = STYLE
    past: Any = traitlets.List(help="exchanges that have ended, oldest first").tag(sync=True)
    live = traitlets.Dict(help="the exchange under way; empty where there is none").tag(sync=True)
    status = traitlets.Unicode("", help="one line below the form").tag(sync=True)
    problem = traitlets.Unicode("", help="an error that belongs to no exchange, in one sentence").tag(sync=True)


class UpkeepBar(anywidget.AnyWidget):
    """What memory does beside answering, with a progress bar; nothing to see while it does nothing."""

    _esm = HERE / "upkeep_bar.js"
    _css = STYLE
    shown = traitlets.Dict(help="`what` is done, how many are `done`, `of` how many").tag(sync=True)


class Timeline(anywidget.AnyWidget):
    """The latest turn as bars on a time axis."""

    _esm = HERE / "timeline.js"
    _css = STYLE
    shown = traitlets.Dict().tag(sync=True)


class TurnFacts(anywidget.AnyWidget):
    """What the latest answer rests on: memories, model, confidence."""

    _esm = HERE / "turn_facts.js"
    _css = STYLE
    shown = traitlets.Dict().tag(sync=True)


class MemoryChart(anywidget.AnyWidget):
    """VRAM or resident memory over the last seconds. It sends `watching` as long as somebody can see it."""

    _esm = HERE / "memory_chart.js"
    _css = STYLE
    shown = traitlets.Dict().tag(sync=True)
