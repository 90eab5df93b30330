"""Which memories say the same: near in meaning and, word by word, one inside the other.

    near     cosine ≥ limit                       block by block, so that no N × N matrix is ever in RAM
    inside   the words of the shorter follow one another, in this order, among those of the longer,
             and what the longer adds is no figure, no "not", no "if", and no more than the shorter has

    "I have two cats."   "I have 2 cats at home."      the same: two is 2
    "I have 2 cats."     "I have 3 cats."              not the same, at any cosine
    "I live in Oslo."    "I lived in Oslo."            not the same: words are compared as they are
    "I like tea."        "I do not like tea."          not the same

Embeddings put a figure or a "not" very near to its opposite, so they propose and words decide. Who says it counts, and
so does the day on which it happens. The richer of two stays. It changes nothing.

>>> says_the_same(folded("I have two cats."), folded("I've 2 cats at home."))
True
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from workbench.memory.weighing.event_dates import COUNTS, event_time
from workbench.memory.weighing.wording import information, word_set

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from workbench.memory.memories import StoredMemory, Vectors

DAY_S = 86_400.0
ROWS = 256  # of one block
COLUMNS = 16_384
MOST_PARTNERS = 16  # of one memory: thousands of copies of one text would make millions of pairs
SHORTEST_WORDS = 3

WORD = re.compile(r"[^\W_\u3040-\u30ff\u3400-\u9fff]+|[\u3005\u3040-\u30ff\u3400-\u9fff]")  # Japanese by the sign
CONTRACTIONS = (
    (re.compile(r"\bcan['’]?t\b|\bcannot\b"), "can not"),
    (re.compile(r"\bwon['’]t\b"), "will not"),
    (re.compile(r"n['’]t\b"), " not"),
    (re.compile(r"['’]m\b"), " am"),
    (re.compile(r"['’]ve\b"), " have"),
    (re.compile(r"['’]re\b"), " are"),
    (re.compile(r"['’]ll\b"), " will"),
)
EMPTY = word_set(
    "a an the that please remember note really very so just also actually definitely absolutely totally truly well oh"
    " hey hi yes wow ok okay 、 。 大"
)
TURNS_ROUND = word_set(
    "not no never nobody nothing none neither nor without hardly almost nearly if unless might may maybe perhaps would"
    " could should but except only or than before after until used stopped quit longer anymore wish want wants wanted"
    " hope pretend said says thinks former ex formerly previously 無 否 未 非 な ず ぬ ま"
)


class Absorbed(NamedTuple):
    """The memory that says the same and tells more, and how near it is."""

    by: str
    cosine: float


class Pair(NamedTuple):
    """Two rows of a matrix, `first` < `second`, and their cosine."""

    first: int
    second: int
    cosine: float


def absorbed(
    memories: Sequence[StoredMemory], vectors: Vectors, limit: float, *, fixed: Collection[str] = ()
) -> dict[str, Absorbed]:
    """id -> the richer memory that says the same; none of those gives way itself.

    Args:
        fixed: ids of memories that never give way; pinned ones never do either.
    """
    by_id = {one.id: one for one in memories}
    richness = {one.id: _richness(one) for one in memories}
    partners: dict[str, list[Absorbed]] = {}
    for one, other, cosine in _same(by_id, vectors, limit):
        poor, rich = sorted((one, other), key=richness.__getitem__)
        if not by_id[poor].pinned and poor not in fixed:
            partners.setdefault(poor, []).append(Absorbed(rich, cosine))
    found: dict[str, Absorbed] = {}
    for poor in sorted(partners, key=richness.__getitem__, reverse=True):  # a partner's own fate is known by now
        staying = [partner for partner in partners[poor] if partner.by not in found]
        if staying:
            found[poor] = max(staying, key=lambda partner: richness[partner.by])
    return found


def folded(text: str) -> tuple[str, ...]:
    """The words that are compared: lower case, contractions written out, numbers as figures, without empty words."""
    lowered = text.casefold()
    for pattern, written in CONTRACTIONS:
        lowered = pattern.sub(written, lowered)
    found = (word for word in WORD.findall(lowered) if word not in EMPTY)
    return tuple(str(COUNTS[word]) if word in COUNTS else word for word in found)


def says_the_same(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether the shorter lies inside the longer, which adds nothing that turns it round."""
    short, long = sorted((one, other), key=len)
    if len(short) < SHORTEST_WORDS or len(long) > 2 * len(short):
        return False
    added = _added(short, long)
    return added is not None and not any(word in TURNS_ROUND or word[0].isdigit() for word in added)


def near_pairs(matrix: NDArray[np.float32], limit: float) -> list[Pair]:
    """Rows at least `limit` near each other, each with its nearest earlier ones; rows have length 1."""
    import numpy as np

    best: dict[int, list[Pair]] = {}
    for start, offset, cosines in _blocks(matrix):
        cosines = np.where(_earlier(start, offset, cosines.shape) & (cosines >= limit), cosines, -np.inf)
        columns = _highest(cosines)
        for row, column in zip(*np.nonzero(np.take_along_axis(cosines, columns, 1) > -np.inf), strict=True):
            place = int(columns[row, column])
            pair = Pair(offset + place, start + int(row), float(cosines[row, place]))
            _keep(best.setdefault(pair.second, []), pair)
    return sorted(pair for some in best.values() for pair in some)


def nearest_earlier(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """For each row the cosine to the nearest row before it, shape (N,); NaN for the first."""
    import numpy as np

    nearest = np.full(len(matrix), np.nan, np.float32)
    for start, offset, cosines in _blocks(matrix):
        highest = np.where(_earlier(start, offset, cosines.shape), cosines, -np.inf).max(axis=1)
        block = nearest[start : start + len(cosines)]
        np.fmax(block, np.where(np.isinf(highest), np.nan, highest), out=block)
    return nearest


def _same(by_id: Mapping[str, StoredMemory], vectors: Vectors, limit: float) -> Iterator[tuple[str, str, float]]:
    readings: dict[str, tuple[str, ...]] = {}
    for first, second, cosine in near_pairs(vectors.matrix, limit):
        one, other = by_id.get(vectors.ids[first]), by_id.get(vectors.ids[second])
        if one is None or other is None or not _comparable(one, other):
            continue
        for memory in (one, other):
            if memory.id not in readings:
                readings[memory.id] = folded(memory.text)
        if says_the_same(readings[one.id], readings[other.id]) and _same_day(one, other):
            yield one.id, other.id, cosine


def _comparable(one: StoredMemory, other: StoredMemory) -> bool:
    return one.speaker == other.speaker and "document" not in (one.kind, other.kind)


def _same_day(one: StoredMemory, other: StoredMemory) -> bool:
    """Two visits to the gym "yesterday", said on two days, are two visits."""
    first, second = (event_time(memory.text, memory.said_at) for memory in (one, other))
    if first is None or second is None:
        return first == second
    return abs(first - second) < DAY_S


def _richness(one: StoredMemory) -> tuple[bool, float, int, float, str]:
    return one.pinned, information(one.text), len(one.text), one.said_at, one.id


def _blocks(matrix: NDArray[np.float32]) -> Iterator[tuple[int, int, NDArray[np.float32]]]:
    """First row, first column and cosines of every block that touches the lower triangle."""
    for start in range(0, len(matrix), ROWS):
        rows = matrix[start : start + ROWS]
        for offset in range(0, start + len(rows), COLUMNS):
            yield start, offset, rows @ matrix[offset : min(offset + COLUMNS, start + len(rows))].T


def _earlier(start: int, offset: int, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Where the column of a block stands for an earlier row of the matrix than its row."""
    import numpy as np

    earlier: NDArray[np.bool_] = offset + np.arange(shape[1])[None, :] < start + np.arange(shape[0])[:, None]
    return earlier


def _highest(cosines: NDArray[np.float32]) -> NDArray[np.intp]:
    """For each row the columns of its highest values, in no order."""
    import numpy as np

    width = cosines.shape[1]
    most = min(MOST_PARTNERS, int((cosines > -np.inf).sum(axis=1).max(initial=0)))
    if most == 0:
        return np.zeros((len(cosines), 0), np.intp)
    return np.argpartition(cosines, width - most, axis=1)[:, width - most :]


def _keep(pairs: list[Pair], pair: Pair) -> None:
    if len(pairs) < MOST_PARTNERS:
        pairs.append(pair)
        return
    weakest = min(range(len(pairs)), key=lambda place: pairs[place].cosine)
    if pairs[weakest].cosine < pair.cosine:
        pairs[weakest] = pair


def _added(short: tuple[str, ...], long: tuple[str, ...]) -> list[str] | None:
    """The words of `long` that are left when `short` is read along it; None when it cannot be."""
    added: list[str] = []
    place = 0
    for word in long:
        if place < len(short) and short[place] == word:
            place += 1
        else:
            added.append(word)
    return added if place == len(short) else None
