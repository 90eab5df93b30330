"""The widgets of the memory dashboard: each one JavaScript file on top of `memory_common.js`, with one or two traits.

All of them send messages of the same kind, `{"type": "choose", "id": …}` and its like, and `MemoryPanel` hears them.
Nothing is fetched from elsewhere. They do not know stores, memories or settings.

>>> MemoryTable(shown={"rows": []})                                      # doctest: +SKIP
"""

from __future__ import annotations

import anywidget
import traitlets

from workbench.panels.widgets import HERE, STYLE

COMMON = (HERE / "memory_common.js").read_text(encoding="utf-8")
LOOK = STYLE.read_text(encoding="utf-8") + (HERE / "memory.css").read_text(encoding="utf-8")


def _script(name: str) -> str:
    """One ES module: a widget may not import from a file beside it, so what they share stands at its top."""
    return COMMON + (HERE / name).read_text(encoding="utf-8")


class MemoryHead(anywidget.AnyWidget):
    """Title, counts, what went wrong or well. It sends `ready` and `refresh`."""

    _esm = _script("memory_head.js")
    _css = LOOK
    shown = traitlets.Dict().tag(sync=True)
    notice = traitlets.Unicode("", help="what was just done, in one sentence").tag(sync=True)
    problem = traitlets.Unicode("", help="what went wrong, in one sentence").tag(sync=True)


class MemoryTable(anywidget.AnyWidget):
    """Filters, a page of memories, the way to the next. It sends `filter`, `order`, `page` and `choose`."""

    _esm = _script("memory_table.js")
    _css = LOOK
    shown = traitlets.Dict().tag(sync=True)


class RecallReasons(anywidget.AnyWidget):
    """A question and why it recalls what it does. It sends `explain` and `choose`."""

    _esm = _script("memory_recall.js")
    _css = LOOK
    shown = traitlets.Dict().tag(sync=True)


class MemoryCard(anywidget.AnyWidget):
    """One memory with its importance, its outlook and its history. It sends `edit`, `pin`, `restore`, `forget` and
    `choose`."""

    _esm = _script("memory_card.js")
    _css = LOOK
    shown = traitlets.Dict().tag(sync=True)


class MemoryMap(anywidget.AnyWidget):
    """Memories in two dimensions. It sends `choose`."""

    _esm = _script("memory_map.js")
    _css = LOOK
    shown = traitlets.Dict(help="places and texts; large, so what changes often is apart").tag(sync=True)
    marks = traitlets.Dict(help="what stands out").tag(sync=True)


class MemoryLifetimes(anywidget.AnyWidget):
    """What happened when. It sends `choose`."""

    _esm = _script("memory_lifetimes.js")
    _css = LOOK
    shown = traitlets.Dict().tag(sync=True)
