"""A process that works for hours lets those that answer go first.

    nice 0   answering ─► as fast as ever          nice 10   learning ─► what is left over

It does not know what the process does.

>>> give_way()
"""

from __future__ import annotations

import sys

NICENESS = 10


def give_way() -> None:
    """Lower this process's priority; one that is low already stays where it is."""
    import psutil

    this = psutil.Process()
    if sys.platform == "win32":
        this.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
    elif this.nice() < NICENESS:
        this.nice(NICENESS)
