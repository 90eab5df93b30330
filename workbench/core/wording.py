"""Numbers with their nouns, as sentences say them. It knows no language but English.

>>> counted(1, "turn"), counted(1200, "turn")
('1 turn', '1,200 turns')
"""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """So many of them."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
