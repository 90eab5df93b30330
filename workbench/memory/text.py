"""Text on its way into a database: what SQL can hold, and when two texts count as the same.

    "a\\x00b", a lone surrogate  ──storable──►  "a�b", "�"
    "My  dog is RUFUS" , "my dog is rufus"  ──fingerprint──►  the same 64 digits

UTF-8 has no lone surrogates and PostgreSQL refuses NUL; both become U+FFFD in searchable columns. It does not judge
what a text means, and it does not shorten it.

>>> storable("a\\x00b")
'a\ufffdb'
"""

from __future__ import annotations

import hashlib

REPLACEMENT = "\ufffd"


def storable(text: str) -> str:
    """The same text with NUL and lone surrogates shown as U+FFFD; surrogate pairs become the character they mean."""
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\0", REPLACEMENT)


def fingerprint(text: str) -> str:
    """SHA-256 of the text with case and runs of white space folded away: equal means "said before"."""
    folded = " ".join(storable(text).casefold().split())
    return hashlib.sha256(folded.encode()).hexdigest()
