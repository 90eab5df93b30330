"""Populations whose best is known, since they are drawn, and races on them. Run by `racing.py`.

    populations   graded             right + ¼ · max(log-probability, −4), as a run scores; difficulties are spread
                  right or wrong     the same without the log-probability
                  nobody right yet   log-probabilities alone: small differences of one sign nearly everywhere
                  skewed             nobody is right but the best, on a twelfth of the items; a little worse elsewhere
    races         betting            `workbench.evolution.racing`, keeping one; it loses the best with probability ≤ 5 %
                  signs              stopped where McNemar's exact test finds a rival better; 5 % in all, by Bonferroni
                                     over rivals and the rungs of ours
                  halving            items double, the better half goes on (Jamieson & Talwalkar 2016)
                  none               everybody on everything

    orders        shuffled           tests count every item
                  settled last       as a run orders them: items on which twelve elders agree come last, but an eighth
                  telling first      the open ones sorted too, by how much the elders differed

Every race sees the same populations, its items in an order drawn after them. `evaluations` is the share of candidates ×
items that was scored, survivors on all: median, 5th and 95th percentile over the races. The best is `lost` where no
survivor has the highest mean over all items; `behind` is how far the best survivor then falls short, in the median.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from workbench.core.examples import example
from workbench.evaluation.gate.paired_tests import critical_count
from workbench.evaluation.intervals import wilson_interval
from workbench.evolution import items
from workbench.evolution.racing import ERROR, FIRST_RUNG, default_rungs, race

Values = NDArray[np.float64]  # (candidates, items)
Bools = NDArray[np.bool_]

SIZES = ((12, 32, 800), (24, 128, 150), (60, 256, 50))  # candidates, items, races
LEADS = (0.0, 0.05, 0.10)  # of the best over the second in the mean, before chance
BELOW = 0.4  # the others lie up to so much below the second
ELDERS = 12  # candidates of an earlier generation, whose outcomes settle items
NEW = (0.0, 0.1)  # share of items; every fourth candidate solves the hard ones among them, and is worse elsewhere
ROUNDING = 1e-9
SHUFFLED, OPEN, TELLING = "shuffled", "settled last", "telling first"
ORDERS: dict[str, bool | None] = {SHUFFLED: None, OPEN: False, TELLING: True}


class Raced(NamedTuple):
    """Who was scored on everything, and how many outcomes were asked for."""

    alive: Bools
    evaluations: int


class Told(NamedTuple):
    """Of one race: the share of all outcomes it asked for, and the best mean less that of the best survivor."""

    evaluations: float
    behind: float


def measured(scale: float = 1.0) -> dict[str, Any]:
    """Both parts; `scale` is of the number of races."""
    found = [
        part(kind, lead, size, scale)
        for size in SIZES
        for kind in KINDS
        for lead in ((0.0,) if kind == SKEWED else LEADS)
    ]
    return {
        "error": ERROR,
        "races": found,
        "all_races": {name: totals(found, name) for name in ("betting", "signs", "halving")},
        "orders": [ordered(size, new, scale) for size in SIZES for new in NEW],
    }


# Populations --------------------------------------------------------------------------------------------------------


def leading(rng: np.random.Generator, candidates: int, lead: float, best: float) -> Values:
    """Means to aim at: the best, the second, and the others somewhere below."""
    others = best - lead - rng.uniform(0, BELOW, candidates - 2)
    return np.concatenate([[best, best - lead], others])


def graded(rng: np.random.Generator, candidates: int, count: int, lead: float) -> Values:
    logits = _logits(rng, candidates, count, lead)
    right = rng.random(logits.shape) < 1 / (1 + np.exp(-logits))
    return _as_scored(right, logits)


def right_or_wrong(rng: np.random.Generator, candidates: int, count: int, lead: float) -> Values:
    logits = _logits(rng, candidates, count, lead)
    return np.where(rng.random(logits.shape) < 1 / (1 + np.exp(-logits)), 1.0, 0.0)


def nobody_right(rng: np.random.Generator, candidates: int, count: int, lead: float) -> Values:
    means = leading(rng, candidates, lead, best=-0.5)
    noise = rng.normal(0, 0.15, count) + rng.normal(0, 0.12, (candidates, count))
    return np.clip(means[:, None] + noise, -1.0, 0.0)


def skewed(rng: np.random.Generator, candidates: int, count: int, lead: float) -> Values:
    """`lead` does not count: the best wins by its few right answers."""
    values = np.clip(rng.normal(-0.46, 0.03, (candidates, count)), -1.0, 0.0)
    values[0] -= 0.04
    values[0, rng.choice(count, max(3, count // 12), replace=False)] = 0.95
    return values


SKEWED = "skewed"
Draw = Callable[[np.random.Generator, int, int, float], Values]
KINDS: dict[str, tuple[Draw, float]] = {  # and the widest difference of two outcomes
    "graded": (graded, 2.0),
    "right or wrong": (right_or_wrong, 1.0),
    "nobody right yet": (nobody_right, 2.0),
    SKEWED: (skewed, 2.0),
}


def _logits(rng: np.random.Generator, candidates: int, count: int, lead: float) -> Values:
    """Ability − difficulty + noise, abilities chosen so that shares right lie as `leading` says."""
    difficulty = rng.normal(0, 1.5, count)
    abilities = np.linspace(-9, 9, 400)
    shares = (1 / (1 + np.exp(difficulty - abilities[:, None]))).mean(axis=1)
    able = np.interp(leading(rng, candidates, lead, best=0.75), shares, abilities)
    return able[:, None] - difficulty + rng.normal(0, 0.8, (candidates, count))


def _as_scored(right: Bools, logits: Values) -> Values:
    sure = -np.logaddexp(0, -(logits + np.where(right, 1.0, -1.0)))  # log-probability of the right answer
    return right + 0.25 * np.maximum(sure, -4.0)


# Races --------------------------------------------------------------------------------------------------------------


def betting(values: Values, span: float, decide_on: int | None = None) -> Raced:
    rows, count = values.shape
    raced = race(
        range(rows), range(count), lambda row, some: values[row, some].tolist(), span=span, decide_on=decide_on
    )
    alive = np.zeros(rows, dtype=bool)
    alive[list(raced.survivors)] = True
    return Raced(alive, raced.evaluations)


def signs(values: Values, span: float) -> Raced:
    rows, count = values.shape
    rungs = default_rungs(count)
    level = ERROR / ((rows - 1) * (len(rungs) - 1))
    return _by_rungs(values, rungs, lambda seen: ~_beaten(seen, level))


def _beaten(seen: Values, level: float) -> Bools:
    """Who is worse than somebody, by the signs of their differences alone."""
    worse = (seen[:, None, :] < seen[None, :, :]).sum(axis=2)
    differing = (seen[:, None, :] != seen[None, :, :]).sum(axis=2)
    needed = np.array([critical_count(n, level) for n in range(seen.shape[1] + 1)])
    return np.asarray((worse >= needed[differing]).any(axis=1))


def halving(values: Values, span: float) -> Raced:
    rungs, count = [FIRST_RUNG], values.shape[1]
    while rungs[-1] * 2 < count:
        rungs.append(rungs[-1] * 2)
    return _by_rungs(values, (*rungs, count), _better_half)


def _better_half(seen: Values) -> Bools:
    better = np.argsort(-seen.mean(axis=1), kind="stable")[: (len(seen) + 1) // 2]
    return np.isin(np.arange(len(seen)), better)


def nothing(values: Values, span: float) -> Raced:
    return Raced(np.ones(len(values), dtype=bool), values.size)


RACES: dict[str, Callable[[Values, float], Raced]] = {
    "betting": betting,
    "signs": signs,
    "halving": halving,
    "none": nothing,
}


def _by_rungs(values: Values, rungs: Sequence[int], stays: Callable[[Values], Bools]) -> Raced:
    alive, evaluations, before = np.arange(len(values)), 0, 0
    for rung in rungs:
        evaluations += len(alive) * (rung - before)
        before = rung
        if rung < values.shape[1]:
            alive = alive[stays(values[alive, :rung])]
    return Raced(np.isin(np.arange(len(values)), alive), evaluations)


# What came of them --------------------------------------------------------------------------------------------------


def part(kind: str, lead: float, size: tuple[int, int, int], scale: float) -> dict[str, Any]:
    """All races on the same populations of one kind."""
    (candidates, count, races), (draw, span) = size, KINDS[kind]
    print(f"{kind}, {candidates} x {count}, lead {lead}", file=sys.stderr)
    rng = np.random.default_rng([candidates, list(KINDS).index(kind), LEADS.index(lead)])
    seen: dict[str, list[Told]] = {name: [] for name in RACES}
    for _ in range(scaled(races, scale)):
        values = rng.permutation(draw(rng, candidates, count, lead), axis=1)
        for name, run in RACES.items():
            seen[name].append(told(values, run(values, span)))
    return {
        "population": kind,
        "candidates": candidates,
        "items": count,
        "lead": None if kind == SKEWED else lead,
        **{name: summed(each) for name, each in seen.items()},
    }


def ordered(size: tuple[int, int, int], new: float, scale: float) -> dict[str, Any]:
    """Our race on the same populations in three orders of the items."""
    candidates, count, races = size
    print(f"orders, {candidates} x {count}, new {new}", file=sys.stderr)
    rng, draw = np.random.default_rng([candidates, round(100 * new)]), random.Random(candidates)
    seen: dict[str, list[Told]] = {name: [] for name in ORDERS}
    lost_among_open = dict.fromkeys(ORDERS, 0)
    settled = []
    for _ in range(scaled(races, scale)):
        elders, values = generations(rng, candidates, count, new)
        for name, telling_first in ORDERS.items():
            order = ordering(elders, draw, telling_first=telling_first)
            placed = values[:, order.places]
            raced = betting(placed, 2.0, order.open)
            seen[name].append(told(placed, raced))
            lost_among_open[name] += told(placed[:, : order.open], raced).behind > ROUNDING
        settled.append(1 - order.open / count)
    return {
        "candidates": candidates,
        "items": count,
        "new": new,
        "put_last": spread(settled),
        **{
            name: {**summed(each), "lost_among_open": share(lost_among_open[name], len(each))}
            for name, each in seen.items()
        },
        "telling_first_saves": spread(
            [1 - one.evaluations / other.evaluations for one, other in zip(seen[TELLING], seen[OPEN], strict=True)]
        ),
    }


def generations(rng: np.random.Generator, candidates: int, count: int, new: float) -> tuple[Values, Values]:
    """Elders and the candidates after them, a little abler, on items of which many are too easy or too hard."""
    difficulty = rng.normal(0, 3, count)

    def scored(able: Values, gains: Values) -> Values:
        logits = able[:, None] - difficulty + rng.normal(0, 0.8, (len(able), count)) + gains
        return _as_scored(logits + rng.logistic(0, 0.5, logits.shape) > 0, logits)

    solved = (rng.random(count) < new) & (difficulty > 2)
    discoverers = rng.random(candidates) < 0.25
    elders = scored(rng.uniform(-2, 1, ELDERS), np.zeros((ELDERS, count)))
    gains = np.where(discoverers[:, None], np.where(solved, 8.0, -0.7 if new else 0.0), 0.0)
    return elders, scored(rng.uniform(-2, 1.5, candidates), gains)


def ordering(elders: Values, draw: random.Random, *, telling_first: bool | None) -> items.Order:
    """As a run orders its examples; None is a shuffle that decides on all."""
    examples = [example(f"item {at}", "right") for at in range(elders.shape[1])]
    if telling_first is None:
        return items.order(examples, {}, draw)
    outcomes = {one.id: elders[:, at].tolist() for at, one in enumerate(examples)}
    return items.order(examples, outcomes, draw, telling_first=telling_first)


def told(values: Values, raced: Raced) -> Told:
    means = values.mean(axis=1)
    return Told(raced.evaluations / values.size, float(means.max() - means[raced.alive].max()))


def summed(races: Sequence[Told]) -> dict[str, Any]:
    lost = [one.behind for one in races if one.behind > ROUNDING]
    return {
        "evaluations": spread([one.evaluations for one in races]),
        "lost": share(len(lost), len(races)),
        "behind": round(float(np.median(lost)), 4) if lost else None,
    }


def totals(parts: Sequence[dict[str, Any]], name: str) -> dict[str, Any]:
    """How often a race lost the best, in all settings together."""

    def together(some: Sequence[dict[str, Any]]) -> dict[str, Any]:
        return share(sum(one["lost"] for one in some), sum(one["races"] for one in some))

    lost = {
        skew: [one[name]["lost"] for one in parts if (one["population"] == SKEWED) is skew] for skew in (True, False)
    }
    return {SKEWED: together(lost[True]), "others": together(lost[False])}


def share(hits: int, n: int) -> dict[str, Any]:
    low, high = wilson_interval(hits, n)
    return {"share": round(hits / n, 4), "interval_95": [round(low, 4), round(high, 4)], "lost": hits, "races": n}


def spread(values: Sequence[float]) -> dict[str, float]:
    low, median, high = np.percentile(values, (5, 50, 95))
    return {"median": round(float(median), 3), "from_5": round(float(low), 3), "to_95": round(float(high), 3)}


def scaled(races: int, scale: float) -> int:
    return max(round(races * scale), 3)
