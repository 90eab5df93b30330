"""What the commands of `workbench memory` and `sessions` share: an open memory, and forgetting what it taught."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from workbench.cli.desk import open_desk, say

if TYPE_CHECKING:
    from workbench.core.settings import Settings
    from workbench.cycles import Forgetting, Unlearned
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


def forgetting(settings: Settings, memory: Memory) -> Forgetting:
    """Forgetting in an open memory and in what was learned from it."""
    from workbench.cycles import Forgetting
    from workbench.learning import Learning

    return Forgetting(memory, Learning(settings))


def tell_unlearned(gone: Unlearned) -> None:
    """What is left in weights, and what can be done about it."""
    for sentence in gone.sentences:
        say(sentence)
