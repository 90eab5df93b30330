"""Which adapters may go when the shelf is full: the oldest that has no name and that nobody refers to; never silently.

    spared: named ones · those a rollback can return to · parents, and parents of parents, of what is spared

It does not know files; sizes and references are handed in.

>>> to_free([Held("a", "a", 60, False, ())], needed_bytes=50, quota_bytes=100, spared=frozenset())[0].identity
'a'
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from workbench.core.errors import ShelfFull

MIB = 2**20


@dataclass(frozen=True, slots=True)
class Held:
    """An adapter as the quota sees it."""

    identity: str
    label: str
    bytes: int
    named: bool
    parents: tuple[str, ...]


def to_free(held: Sequence[Held], *, needed_bytes: int, quota_bytes: int, spared: Collection[str]) -> tuple[Held, ...]:
    """Who has to go so that as much fits.

    Args:
        held: the oldest first.
        spared: identities that must stay whatever happens.
    Raises:
        ShelfFull: it would not fit even so; the sentence names who could be deleted by hand.
    """
    stay = _with_parents(held, {*spared, *(each.identity for each in held if each.named)})
    over = sum(each.bytes for each in held) + needed_bytes - quota_bytes
    left, gone = list(held), []
    while over > 0:
        going = _oldest_free(left, stay)
        if going is None:
            raise ShelfFull(_sentence(held, needed_bytes, quota_bytes, spared))
        left.remove(going)
        gone.append(going)
        over -= going.bytes
    return tuple(gone)


def _oldest_free(left: Sequence[Held], stay: Collection[str]) -> Held | None:
    referred = {parent for each in left for parent in each.parents}
    return next((each for each in left if each.identity not in stay and each.identity not in referred), None)


def _with_parents(held: Sequence[Held], stay: set[str]) -> frozenset[str]:
    parents = {each.identity: each.parents for each in held}
    found, fresh = set(stay), set(stay)
    while fresh:
        fresh = {parent for one in fresh for parent in parents.get(one, ())} - found
        found |= fresh
    return frozenset(found)


def _sentence(held: Sequence[Held], needed_bytes: int, quota_bytes: int, spared: Collection[str]) -> str:
    used = sum(each.bytes for each in held)
    referred = {parent for each in held for parent in each.parents}
    could = [each.label for each in held if each.identity not in spared and each.identity not in referred]
    advice = f"delete one of {', '.join(could[:10])}, or raise" if could else "raise"
    return (
        f"The shelf holds {used / MIB:.2f} of {quota_bytes / MIB:.2f} MiB, too much for {needed_bytes / MIB:.2f} more; "
        f"{advice} training.shelf_gib"
    )
