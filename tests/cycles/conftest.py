"""As in runs: one thread, and memory is given back."""

from __future__ import annotations

from tests.runs.conftest import memory_given_back, one_thread

__all__ = ["memory_given_back", "one_thread"]
