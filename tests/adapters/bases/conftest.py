"""Fixtures of the bases' tests."""

from tests.adapters.tiny_models import tiny

__all__ = ["tiny"]
