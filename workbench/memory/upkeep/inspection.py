"""What a person wants to see of memory, as figures ready to be drawn: nothing here writes, draws or asks a model.

    one memory     anatomy      its importance as a sum: a share of each part, and the lift of "remember that …"
                   fading       how that falls over the coming days if it is not recalled, and when it may expire
                   story        what happened to it, what it replaced, what replaced it
    all memories   vector_map   their vectors in two dimensions: the two directions in which they differ most (PCA)
                   in_bins      what happened when, counted in equal spans of time

The screens and the notebooks read the same figures. It does not know prompts, models or widgets.

>>> shares = anatomy({"novelty": 1.0, "explicit": 1.0}, ImportanceSettings()).shares  # doctest: +SKIP
>>> [share.name for share in shares if share.adds]  # doctest: +SKIP
['novelty', 'explicit', 'asked to remember']
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workbench.memory.consolidation.plan import LASTING
from workbench.memory.weighing.importance import HALF_RECALLS, PARTS, importance

if TYPE_CHECKING:
    from workbench.core.schema import ImportanceSettings, Settings
    from workbench.memory.memories import Change, Memories, StoredMemory

DAY_S = 86_400.0
HORIZON_DAYS = 120
MOST_POINTS = 2_000
BINS = 40
LIFT = "asked to remember"
LIVES = (
    *("remembered", "repeated", "promoted", "merged", "superseded", "expired", "doubted", "restored"),
    *("edited", "pinned", "unpinned", "forgotten"),
)  # what the journal says, in the order of a life; anything else comes after these


@dataclass(frozen=True, slots=True)
class Share:
    """One part of an importance: its value, its weight, and what the two add to the sum."""

    name: str
    value: float  # 0..1
    weight: float
    adds: float  # 0..1


@dataclass(frozen=True, slots=True)
class Anatomy:
    """An importance as a sum: `importance` is the sum of what each share adds."""

    shares: tuple[Share, ...]  # in the order of importance.PARTS, the lift last
    importance: float

    @property
    def is_weighed(self) -> bool:
        """Whether there is anything to show: a memory from before importance was measured has no parts."""
        return any(share.value for share in self.shares)


@dataclass(frozen=True, slots=True)
class Fading:
    """The coming days of one memory that nobody recalls or says again."""

    days: tuple[int, ...]  # from now
    importance: tuple[float, ...]
    recency: tuple[float, ...]
    expire_below: float
    crosses_in_days: int | None  # the first day below; None: not within these days
    expires_in_days: int | None  # the first day on which consolidation lets it expire; None: not within these days
    kept_because: str | None  # why it does not expire however low it falls

    @property
    def outlook(self) -> str:
        """What will become of it, in one sentence."""
        if self.kept_because:
            return f"Disuse does not make it expire: {self.kept_because}."
        if self.expires_in_days is None:
            return f"It does not expire in the next {self.days[-1]} days, even if nobody recalls it."
        if not self.expires_in_days:
            return f"It lies below {self.expire_below:g} and expires at the next consolidation."
        return f"Unless it is recalled or said again, it expires in {self.expires_in_days} days."


@dataclass(frozen=True, slots=True)
class Story:
    """What happened to one memory, oldest first, and the memories it is tied to."""

    changes: tuple[Change, ...]
    replaced_by: StoredMemory | None
    replaces: tuple[StoredMemory, ...]


@dataclass(frozen=True, slots=True)
class Plane:
    """The two directions in which a set of vectors differs most."""

    mean: NDArray[np.float64]  # (D,)
    axes: NDArray[np.float64]  # (2, D)
    explained: tuple[float, float]  # share of the variance along each, 0..1

    def place(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Where vectors (N, D) fall on the plane: shape (N, 2)."""
        return np.asarray((vectors - self.mean) @ self.axes.T, np.float64)


@dataclass(frozen=True, slots=True)
class Spot:
    """A memory on the map."""

    memory: StoredMemory
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class VectorMap:
    """Memories in two dimensions."""

    spots: tuple[Spot, ...]
    total: int  # active memories of this embedder, drawn or not
    plane: Plane

    @property
    def note(self) -> str:
        """How many are drawn, of how many."""
        drawn = len(self.spots)
        whole = "All" if drawn == self.total else f"A random sample of {drawn:,} of"
        return f"{whole} {self.total:,} active {'memory' if self.total == 1 else 'memories'}"


@dataclass(frozen=True, slots=True)
class Bin:
    """How often one thing happened in one span of time."""

    what: str
    start: float
    end: float
    count: int
    memory_ids: tuple[str, ...]


def anatomy(parts: Mapping[str, float], dials: ImportanceSettings) -> Anatomy:
    """What each part adds to an importance; the shares add up to it.

    Args:
        parts: as `StoredMemory.parts` holds them; one that is missing counts as 0.
    """
    total = math.fsum(getattr(dials, name) for name in PARTS)
    shares = [_share(name, parts.get(name, 0.0), getattr(dials, name), total) for name in PARTS]
    value = importance(parts, dials)
    mean = math.fsum(share.adds for share in shares)
    asked = parts.get("explicit", 0.0) if dials.explicit else 0.0
    lift = Share(LIFT, asked, dials.threshold, value - mean)
    return Anatomy((*shares, lift), value)


def parts_today(stored: StoredMemory, dials: ImportanceSettings, now: float) -> dict[str, float]:
    """The parts of a memory's importance as far as its row says how they are now: the recalls so far, the idle days.

    Novelty, specificity and feedback stay as they were weighed last; consolidation weighs them anew.
    """
    return {
        **stored.parts,
        "recalled": 1.0 - 2.0 ** (-stored.recall_count / HALF_RECALLS),
        "recency": 2.0 ** (-_idle_days(stored, now) / dials.half_life_days),
    }


def fading(stored: StoredMemory, settings: Settings, now: float, *, horizon_days: int = HORIZON_DAYS) -> Fading:
    """How a memory's importance falls from now on, if it is neither recalled nor said again.

        recency(d) = 2^(−(idle + d) / half-life)        the other parts stay as they are today

    Args:
        now: seconds since the epoch.
    """
    parts = parts_today(stored, settings.importance, now)
    days = tuple(range(horizon_days + 1))
    recency = [parts["recency"] * 2.0 ** (-day / settings.importance.half_life_days) for day in days]
    values = [importance({**parts, "recency": one}, settings.importance) for one in recency]
    below = settings.consolidation.expire_below
    low = [day for day, value in zip(days, values, strict=True) if value < below]
    idle_enough = settings.consolidation.expire_after_days - _idle_days(stored, now)
    first_day = max(idle_enough, _days_until(stored.event_at, now))
    kept = _kept_because(stored)
    crosses, expires = (next((day for day in low if day >= start), None) for start in (0.0, first_day))
    expires = None if kept else expires
    return Fading(days, tuple(values), tuple(recency), below, crosses, expires, kept)


def story(memory_id: str, changes: Iterable[Change], every: Iterable[StoredMemory]) -> Story:
    """What happened to a memory, and which memories replaced it or were replaced by it.

    Args:
        changes: the journal, of this memory or of all.
        every: the memories to look among, history included.
    """
    known = {stored.id: stored for stored in every}
    replaces = tuple(stored for stored in known.values() if stored.replaced_by == memory_id)
    by = known[memory_id].replaced_by if memory_id in known else None
    own = tuple(change for change in changes if change.memory_id == memory_id)
    return Story(own, known.get(by) if by else None, replaces)


def plane_of(vectors: NDArray[np.float32]) -> Plane:
    """The first two principal components of vectors (N, D), by singular values of the centred matrix."""
    if not len(vectors):
        return Plane(np.zeros(vectors.shape[1]), np.zeros((2, vectors.shape[1])), (0.0, 0.0))
    mean = vectors.mean(axis=0, dtype=np.float64)
    _, sizes, directions = np.linalg.svd(vectors - mean, full_matrices=False)
    axes = np.zeros((2, vectors.shape[1]))
    axes[: min(2, len(directions))] = directions[:2]
    largest = axes[np.arange(2), np.abs(axes).argmax(axis=1)]
    axes *= np.where(largest < 0, -1.0, 1.0)[:, None]  # a component's sign is free: the same vectors, the same map
    variance = np.append(sizes**2, [0.0, 0.0])
    first, second = variance[:2] / (variance.sum() or 1.0)
    return Plane(mean, axes, (float(first), float(second)))


def vector_map(memories: Memories, embedder: str, *, most: int = MOST_POINTS, seed: int = 0) -> VectorMap:
    """The active memories of one embedder in two dimensions.

    Args:
        most: draw at most so many, a random sample of all.
        seed: of the sample: the same store gives the same map.
    """
    ids = sorted(memories.ids(embedder))
    chosen = np.random.default_rng(seed).choice(len(ids), min(most, len(ids)), replace=False) if ids else ()
    vectors = memories.vectors(embedder, ids=[ids[at] for at in sorted(chosen)])
    plane = plane_of(vectors.matrix)
    stored, places = memories.fetch(vectors.ids), plane.place(vectors.matrix)
    named = zip(vectors.ids, places.tolist(), strict=True)
    return VectorMap(tuple(Spot(stored[name], x, y) for name, (x, y) in named if name in stored), len(ids), plane)


def in_bins(changes: Sequence[Change], *, bins: int = BINS) -> tuple[Bin, ...]:
    """The journal, counted: one bin for each thing that happened and each span in which it did.

    The spans divide the time from the first change to the last equally; the bins come in the order of `LIVES`, then
    of time.
    """
    if not changes:
        return ()
    start, end = min(change.at for change in changes), max(change.at for change in changes)
    width = (end - start) / bins or 1.0
    found: dict[tuple[str, int], list[str]] = {}
    for change in changes:
        place = min(int((change.at - start) / width), bins - 1)
        found.setdefault((change.what, place), []).append(change.memory_id)
    return tuple(
        Bin(what, start + place * width, start + (place + 1) * width, len(ids), tuple(ids))
        for (what, place), ids in sorted(found.items(), key=lambda item: (life_order(item[0][0]), item[0][1]))
    )


def life_order(what: str) -> tuple[int, str]:
    """Where something that happened stands in a life; what is not in `LIVES` comes last, by name."""
    return (LIVES.index(what) if what in LIVES else len(LIVES), what)


def counted(changes: Iterable[Change]) -> dict[str, int]:
    """How often each thing happened, in the order of a life."""
    counts = Counter(change.what for change in changes)
    return {what: counts[what] for what in sorted(counts, key=life_order)}


def _share(name: str, value: float, weight: float, total: float) -> Share:
    return Share(name, value, weight, weight * value / total if total else 0.0)


def _idle_days(stored: StoredMemory, now: float) -> float:
    """Days since it was last said or recalled; 0 where the clock stepped back."""
    return max(now - max(stored.said_at, stored.recalled_at or stored.said_at), 0.0) / DAY_S


def _days_until(at: float | None, now: float) -> float:
    return 0.0 if at is None else (at - now) / DAY_S


def _kept_because(stored: StoredMemory) -> str | None:
    """Why no want of use lets it expire: the rules of consolidation, in words."""
    if stored.state != "active":
        return f"it is {stored.state} already"
    if stored.pinned:
        return "it is pinned"
    if stored.tier == "long":
        return "long-term memories stay until they are contradicted"
    return "preferences and procedures hold until they are contradicted" if stored.kind in LASTING else None
