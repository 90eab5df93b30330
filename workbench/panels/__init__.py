"""Screens for notebooks and Voila: state that knows no widgets, and widgets that draw it.

    events of a turn ──► chat_state, timeline ──► showing (plain JSON) ──► widgets (JavaScript beside them)
    samples of the machine ──► machine_state ──────────────────────────────┘
                                          chat_panel: one agent, one question at a time, redraws in batches

A dashboard is a notebook of at most five cells; `python -m workbench.panels` serves a folder of them.

>>> chat = open_chat()                                                   # doctest: +SKIP
>>> chat.view                                                            # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.panels.chat_panel import ChatPanel, open_chat

__all__ = ["ChatPanel", "open_chat"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'workbench.panels' has no attribute {name!r}")
    from workbench.panels import chat_panel

    return getattr(chat_panel, name)
