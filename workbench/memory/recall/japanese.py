"""Japanese text as terms: pairs of neighbouring characters.

>>> terms("赤い車")
['赤い', 'い車']
"""

from __future__ import annotations


def terms(text: str) -> list[str]:
    """Character bigrams; a single character is its own term."""
    return [text[at : at + 2] for at in range(max(len(text) - 1, 1))]
