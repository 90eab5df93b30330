"""Memory that this process no longer uses goes back to the system, where others, and the planner, can see it.

    objects that only hold each other ─► freed ─► pages that the allocator keeps, caches of the GPU ─► the system

Python and the C library keep what was freed for later, and the planner counts it as used. It does not know what the
memory held.

>>> give_back()
"""

from __future__ import annotations

import gc
import sys


def give_back() -> None:
    """Free what nothing refers to, and hand the pages back; where the C library cannot, they stay."""
    gc.collect()
    if (torch := sys.modules.get("torch")) is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
    if sys.platform == "linux":
        import ctypes

        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if trim is not None:
            trim(0)
