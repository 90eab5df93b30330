"""Races on recorded outcomes: what a setting would have spent on the candidates of a run, and whom it had chosen.

    recorded outcomes (generation, candidate, item) ─► items drawn again, as many as wanted ─► races ─► champion

Items are drawn with replacement from the recorded ones, so that more of them than were recorded is a larger pool of the
same kind; with as many, they are the recorded ones in another order. `gathered` puts the candidates of all generations
after the parents into one. A champion is behind the one chosen where nobody is stopped by its share of right answers
over all recorded items; below 0 it is ahead.

    keep 3          the workbench as it is: settled items last, the three best on everything
    keep 1          the best one alone
    champion known  the best so far races along with what is known of it, and costs nothing; keep 1
    error 20 %      keep 1, and the best may be stopped in one race of five
    halving         no promise: items double, the better half of a generation goes on
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any, NamedTuple

import numpy as np
import racing_simulated
from evolution_pieces import Record
from numpy.typing import NDArray

from workbench.evolution.items import Order
from workbench.evolution.racing import ERROR, SPAN, Race, doubling_rungs, race

Values = NDArray[np.float64]
FACTORS = (1, 2, 4, 8, 16, 32)  # of the recorded items
BEST = -1  # stands for the champion so far among a generation's rows


class Way(NamedTuple):
    keep: int = 1
    known: bool = False
    error: float = ERROR


WAYS = {
    "keep 3": Way(keep=3),
    "keep 1": Way(),
    "champion known": Way(known=True),
    "error 20 %": Way(error=0.2),
}
HALVING = "halving"


def replayed(outcomes: Sequence[Sequence[Sequence[float]]], repeats: int) -> list[Record]:
    """Every way on every number of items, in generations as they were and gathered into one."""
    generations = [np.asarray(one, dtype=np.float64) for one in outcomes]
    shapes = {"as they were": generations}
    if len(generations) > 2:
        shapes["gathered"] = [generations[0], np.concatenate(generations[1:])]
    return [
        {
            "generations": shape,
            "items": factor * generations[0].shape[1],
            "way": name,
            **_of(some, way, factor, repeats),
        }
        for shape, some in shapes.items()
        for factor in FACTORS
        for name, way in (*WAYS.items(), (HALVING, None))
    ]


def _of(generations: Sequence[Values], way: Way | None, factor: int, repeats: int) -> Record:
    draws = [random.Random(f"{at} {factor}") for at in range(repeats)]
    runs = [one_run(generations, way, factor, rng) if way else halved(generations, factor, rng) for rng in draws]
    fewer, behind = [one[0] for one in runs], [one[1] for one in runs]
    low, middle, high = np.quantile(fewer, (0.05, 0.5, 0.95))
    return {
        "candidates": sum(len(one) for one in generations),
        "fewer": {"median": float(middle), "low": float(low), "high": float(high)},
        "behind_points": fmean(behind),
        "within_a_point": fmean(one <= 1 for one in behind),
    }


def one_run(generations: Sequence[Values], way: Way, factor: int, rng: random.Random) -> tuple[float, float]:
    """How many times fewer evaluations than all, and how many points its champion is behind."""
    drawn = _drawn(generations[0].shape[1], factor, rng)
    spent, best, best_mean = 0, generations[0][0], -np.inf
    earlier = np.empty((0, len(drawn)))
    for rows in generations:
        items = rows[:, drawn]
        order = _order(earlier, len(drawn), rng)
        known = {BEST: best[drawn][list(order.places)]} if way.known and best_mean > -np.inf else {}
        raced = _raced(items, order, known, way)
        spent += raced.evaluations
        for one in raced.standings:
            if not one.stopped and one.candidate != BEST and one.estimate > best_mean:
                best, best_mean = rows[one.candidate], one.estimate
        earlier = np.concatenate([earlier, items])
    return _told(generations, len(drawn), spent, best)


def _raced(items: Values, order: Order, known: Mapping[int, Values], way: Way) -> Race[int]:
    names = [*known, *range(len(items))]
    return race(
        names,
        order.places,
        lambda who, places: [] if who in known else list(items[who, list(places)]),
        keep=min(way.keep, len(names)),
        error=way.error,
        rungs=doubling_rungs(items.shape[1]),
        decide_on=order.open,
        known={name: list(values) for name, values in known.items()},
    )


def halved(generations: Sequence[Values], factor: int, rng: random.Random) -> tuple[float, float]:
    """The same of successive halving."""
    drawn = _drawn(generations[0].shape[1], factor, rng)
    spent, best, best_mean = 0, generations[0][0], -np.inf
    for rows in generations:
        items = rows[:, rng.sample(drawn, len(drawn))]
        raced = racing_simulated.halving(items, SPAN)
        spent += raced.evaluations
        for at in np.flatnonzero(raced.alive):
            if (mean := float(items[at].mean())) > best_mean:
                best, best_mean = rows[at], mean
    return _told(generations, len(drawn), spent, best)


def _drawn(count: int, factor: int, rng: random.Random) -> list[int]:
    return list(range(count)) if factor == 1 else [rng.randrange(count) for _ in range(factor * count)]


def _told(generations: Sequence[Values], count: int, spent: int, best: Values) -> tuple[float, float]:
    whole = sum(len(rows) for rows in generations) * count
    champion = max((row for rows in generations for row in rows), key=lambda row: float(row.mean()))
    return whole / spent, 100 * float((champion > 0).mean() - (best > 0).mean())


def _order(earlier: Values, count: int, rng: random.Random) -> Order:
    """Settled items last, by the outcomes of all earlier candidates."""
    if not len(earlier):
        return Order(tuple(rng.sample(range(count), count)), count)
    return racing_simulated.ordering(earlier, rng, telling_first=False)


def table(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """In Markdown."""
    lines = [
        "| generations | candidates | items | way | fewer, median (5–95 %) | behind, points | within a point |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in found:
        fewer = one["fewer"]
        lines.append(
            f"| {one['generations']} | {one['candidates']} | {one['items']} | {one['way']} | {fewer['median']:.1f} × "
            f"({fewer['low']:.1f}–{fewer['high']:.1f}) | {one['behind_points']:.2f} | {one['within_a_point']:.0%} |"
        )
    return lines
