"""Several examples in one row of tokens, what they have in common written once: a tree of tokens.

    <system words> <user>  Add 2 and 3 <model>  5            <system words> <user> ─┬─ Add 2 and 3 <model>
    <system words> <user>  Add 4 and 4 <model>  8     ─►                            └─ Add 4 and 4 <model>

    token t reads token u   where u is t or stands on t's way to the root;  position of t = its depth

Every example sees exactly the tokens and positions that it would see alone, so loss and gradient are the same, at half
the tokens where a system message opens every prompt. The last token of an answer is only predicted, never read, so it
is not in the tree. Rows are filled by best-fit decreasing. It does not know the model.

>>> item = lambda *prompt: Item("", Rendered(prompt, (9,)), 1.0)
>>> rows = planted([item(1, 2, 3), item(1, 2, 4)], longest_row=8)
>>> rows[0].tokens, rows[0].parents, rows[0].positions
((1, 2, 3, 4), (-1, 0, 1, 1), (0, 1, 2, 2))
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from workbench.adapters.training.lesson import Item


@dataclass(frozen=True, slots=True)
class Row:
    """One row of tokens; parents stand before their children.

    Args:
        parents: for each token the place of the one before it, -1 for a first one.
        positions: for each token how many stand before it on its way.
        asked: places after which an answer token is predicted, each once.
        goals: (index in `asked`, token that should follow, weight); what several examples ask for is one, of their
            weights together.
    """

    tokens: tuple[int, ...]
    parents: tuple[int, ...]
    positions: tuple[int, ...]
    asked: tuple[int, ...]
    goals: tuple[tuple[int, int, float], ...]


@dataclass(slots=True)
class _Tree:
    """A row while it grows."""

    places: dict[tuple[int, int], int] = field(default_factory=dict)  # (parent, token) -> place
    items: list[Item] = field(default_factory=list)

    def news(self, item: Item) -> int:
        """How many tokens this example would add."""
        place, path = -1, _path(item)
        for depth, token in enumerate(path):
            found = self.places.get((place, token))
            if found is None:
                return len(path) - depth
            place = found
        return 0

    def add(self, item: Item) -> None:
        place = -1
        for token in _path(item):
            place = self.places.setdefault((place, token), len(self.places))
        self.items.append(item)


def planted(items: Sequence[Item], longest_row: int) -> tuple[Row, ...]:
    """The rows that hold these examples: few, none longer than `longest_row` but for one example that is."""
    trees: list[_Tree] = []
    for item in sorted(items, key=lambda item: (-len(_path(item)), _path(item), item.tokens.answer)):
        fits = [tree for tree in trees if len(tree.places) + tree.news(item) <= longest_row]
        if not fits:
            trees.append(_Tree())
            fits = trees[-1:]
        # Where it adds least; among equals the fullest row, the first of them.
        min(fits, key=lambda tree: (tree.news(item), -len(tree.places))).add(item)
    return tuple(_row(tree.items) for tree in trees)


def single(item: Item) -> Row:
    """One example as a row of its own."""
    return _row([item])


def _path(item: Item) -> tuple[int, ...]:
    return (*item.tokens.prompt, *item.tokens.answer[:-1])


def _row(items: Sequence[Item]) -> Row:
    """Grown anew in the order of the tokens, so that each example's own tokens stand side by side."""
    places: dict[tuple[int, int], int] = {}
    parents: list[int] = []
    positions: list[int] = []
    asked: dict[int, int] = {}
    goals: dict[tuple[int, int], float] = {}
    for item in sorted(items, key=_path):
        place, path, first = -1, _path(item), len(item.tokens.prompt) - 1
        for depth, token in enumerate(path):
            parent, place = place, places.setdefault((place, token), len(places))
            if place == len(parents):
                parents.append(parent)
                positions.append(depth)
            if depth >= first:
                goal = asked.setdefault(place, len(asked)), item.tokens.answer[depth - first]
                goals[goal] = goals.get(goal, 0.0) + item.weight
    wanted = tuple((index, token, weight) for (index, token), weight in goals.items())
    return Row(tuple(token for _, token in places), tuple(parents), tuple(positions), tuple(asked), wanted)
