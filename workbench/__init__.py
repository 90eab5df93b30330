"""The engine of the Self-Learning Agent Workbench: everything a notebook, a dashboard or the command line calls.

Heavy parts (the language model, Chroma, llama-index) load on use; importing this package stays under 0.3 s.

>>> from workbench import open_agent
>>> async with open_agent() as agent:              # doctest: +SKIP
...     turn = await agent.ask("What is 17 + 25?")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Agent", "__version__", "load_settings", "open_agent"]

if TYPE_CHECKING:
    from workbench.agent import Agent, open_agent
    from workbench.core.settings import load_settings

_HOMES = {"Agent": "workbench.agent", "open_agent": "workbench.agent", "load_settings": "workbench.core.settings"}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'workbench' has no attribute {name!r}")
