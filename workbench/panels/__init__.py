"""Screens for notebooks and Voila: state that knows no widgets, and widgets that draw it.

    events of a turn ──► chat_state, timeline ──► showing (plain JSON) ──► widgets (JavaScript beside them)
    samples of the machine ──► machine_state ──────────────────────────────┘
                                          chat_panel: one agent, one question at a time, redraws in batches
    a store ──► memory_state ──► memory_showing ──► memory_widgets          memory_panel: look, explain, edit, forget

A dashboard is a notebook of at most five cells; `python -m workbench.panels` serves a folder of them.

>>> chat = open_chat()                                                   # doctest: +SKIP
>>> chat.view                                                            # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.panels.chat_panel import ChatPanel, open_chat
    from workbench.panels.memory_panel import MemoryPanel, open_memory_panel

PLACES = {
    "ChatPanel": "chat_panel",
    "MemoryPanel": "memory_panel",
    "open_chat": "chat_panel",
    "open_memory_panel": "memory_panel",
}
__all__ = ["ChatPanel", "MemoryPanel", "open_chat", "open_memory_panel"]


def __getattr__(name: str) -> Any:
    if name not in PLACES:
        raise AttributeError(f"module 'workbench.panels' has no attribute {name!r}")
    return getattr(import_module(f"workbench.panels.{PLACES[name]}"), name)
