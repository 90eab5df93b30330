"""What the commands of `workbench memory` share: an open memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from workbench.cli.desk import open_desk

if TYPE_CHECKING:
    from workbench.core.settings import Settings
    from workbench.memory import Memory


@contextmanager
def opened(settings: Settings | None = None) -> Iterator[Memory]:
    """The memory of the settings' home, closed at the end."""
    from workbench.agent import open_memory

    memory = open_memory(settings or open_desk())
    try:
        yield memory
    finally:
        memory.close()
