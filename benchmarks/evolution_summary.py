"""Pieces become rows, differences and a table: paired by task and seed, with 95 % intervals. Run by `evolution.py`.

    pieces ─► share right of each row, task and seed ─► mean, interval, by task, median seconds and spread
           ─► row A − row B over the pairs that both have ─► mean, interval, won, tied, lost

Intervals are the middle 95 % of 10,000 paired bootstrap resamples of the (task, seed) pairs. They speak of other seeds
of these tasks; that the tasks are few, they do not know, so the shares stand by task as well. It reads no file.

>>> bootstrap([0.5, 0.5, 0.5])
(0.5, 0.5)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import fmean, median
from typing import Any

from numpy.random import default_rng

RESAMPLES = 10_000
Pair = tuple[str, int]  # task and seed
Rows = Mapping[str, Mapping[Pair, Mapping[str, Any]]]
Wanted = Sequence[tuple[str, Sequence[str], float]]


def bootstrap(values: Sequence[float]) -> tuple[float, float]:
    """The middle 95 % of the means of resamples; the same each time."""
    import numpy as np

    some = np.asarray(values, dtype=np.float64)
    means = some[default_rng(0).integers(len(some), size=(RESAMPLES, len(some)))].mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


def rows_of(records: Iterable[Mapping[str, Any]]) -> Rows:
    """By name of the row, then by task and seed; a piece with `parts` has rows of several tasks, or of none.

    Raises:
        ValueError: two pieces of one task and seed were not measured on the same data.
    """
    found: dict[str, dict[Pair, Mapping[str, Any]]] = defaultdict(dict)
    data: dict[Pair, Any] = {}
    for record in records:
        for part in record.get("parts", [record]):
            at = (part.get("task", record["piece"]["task"]), record["piece"]["seed"])
            if data.setdefault(at, part["data"]) != part["data"]:
                raise ValueError(f"The pieces of {at[0]} with seed {at[1]} have different data; measure them anew")
            for name, row in part["rows"].items():
                found[name][at] = row
    return found


def paired(rows: Rows, first: str, second: str) -> dict[str, Any] | None:
    """How far a row is ahead of another, in points; None where no task and seed has both."""
    pairs = sorted(rows.get(first, {}).keys() & rows.get(second, {}).keys())
    if not pairs:
        return None
    ahead = [100 * (share(rows[first][at]) - share(rows[second][at])) for at in pairs]
    return {
        "row": first,
        "against": second,
        "points": fmean(ahead),
        "interval_95": list(bootstrap(ahead)),
        "pairs": len(pairs),
        "won": sum(one > 0 for one in ahead),
        "tied": sum(one == 0 for one in ahead),
        "lost": sum(one < 0 for one in ahead),
    }


def summed(rows: Rows, order: Sequence[str], *, champion: str, wanted: Wanted) -> dict[str, Any]:
    """Everything that the table says.

    Args:
        order: of the rows; those without a piece are left out.
        champion: the row that every other is compared with.
        wanted: a row, those it is compared with (the best of them counts), points it should be ahead.
    """
    there = [name for name in order if rows.get(name)]
    against = [found for name in there if name != champion and (found := paired(rows, champion, name)) is not None]
    return {
        "rows": {name: _summary(rows[name]) for name in there},
        "against": against,
        "wanted": [found for one in wanted if (found := _compared(rows, *one)) is not None],
        "intervals": f"middle 95 % of {RESAMPLES:,} bootstrap resamples of (task, seed) pairs",
    }


def specialists(records: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Share right of each on unseen examples of its own skill, by seed."""
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for one in records:
        found[one["piece"]["task"]][str(one["piece"]["seed"])] = share(one["rows"]["specialist"])
    return dict(found)


def table(summary: Mapping[str, Any]) -> Iterator[str]:
    """Markdown: rows by task, then how far the champion is ahead of each, then what was wanted."""
    tasks = list(dict.fromkeys(task for one in summary["rows"].values() for task in one["by_task"]))
    heads = ["", "mean (95 %)", *tasks, "evaluations", "steps", "seconds (lowest to highest)", "pairs"]
    yield from _markdown(heads, [_line(name, one, tasks) for name, one in summary["rows"].items()])
    if moved := {name: one["backward"] for name, one in summary["rows"].items() if "backward" in one}:
        yield ""
        yield from _markdown(
            ["", "backward transfer, points (95 %)"], [[name, _points(x)] for name, x in moved.items()]
        )
    if summary["against"]:
        yield ""
        heads = ["ahead of", "points (95 %)", "won, tied, lost", "pairs"]
        yield from _markdown(heads, [_difference(one["against"], one) for one in summary["against"]])
    if summary["wanted"]:
        yield ""
        heads = ["comparison", "points (95 %)", "won, tied, lost", "pairs", "wanted"]
        lines = [
            [*_difference(f"{one['row']} − {one['against']}", one), f"{one['wanted']:g}"] for one in summary["wanted"]
        ]
        yield from _markdown(heads, lines)


def share(row: Mapping[str, Any]) -> float:
    """Right of n."""
    return float(row["right"] / row["n"])


def _compared(rows: Rows, first: str, others: Sequence[str], points: float) -> dict[str, Any] | None:
    """With the best of the others: by its mean over the pairs that it shares with the first."""
    known = [found for one in others if (found := paired(rows, first, one)) is not None]
    if not known:
        return None
    nearest = min(known, key=lambda one: float(one["points"]))
    return {**nearest, "wanted": points, "compared": [one["against"] for one in known]}


def _summary(by_pair: Mapping[Pair, Mapping[str, Any]]) -> dict[str, Any]:
    shares = {at: share(row) for at, row in sorted(by_pair.items())}
    by_task: dict[str, list[float]] = defaultdict(list)
    for (task, _), one in shares.items():
        by_task[task].append(one)
    seconds = sorted(float(row["seconds"]) for row in by_pair.values())
    tuned = [row["tune_right"] / row["tune_n"] for row in by_pair.values() if "tune_n" in row]
    return {
        "pairs": len(shares),
        "mean": fmean(shares.values()),
        "interval_95": list(bootstrap(list(shares.values()))),
        "by_task": {task: fmean(some) for task, some in by_task.items()},
        "by_pair": {f"{task} {seed}": one for (task, seed), one in shares.items()},
        "seconds": {"median": median(seconds), "lowest": seconds[0], "highest": seconds[-1]},
        "evaluations": median(row["evaluations"] for row in by_pair.values()),
        "steps": median(row["steps"] for row in by_pair.values()),
        "peak_bytes": max(row["peak_bytes"] for row in by_pair.values()),
        **({"tune_mean": fmean(tuned)} if tuned else {}),
        **_backward(by_pair),
    }


def _backward(by_pair: Mapping[Pair, Mapping[str, Any]]) -> dict[str, Any]:
    """Backward transfer: the score now minus the one right after learning, in points (Lopez-Paz & Ranzato 2017)."""
    changes = [
        100 * (share(row) - row["after_right"] / row["after_n"])
        for _, row in sorted(by_pair.items())
        if "after_n" in row
    ]
    return {"backward": {"points": fmean(changes), "interval_95": list(bootstrap(changes))}} if changes else {}


def _line(name: str, one: Mapping[str, Any], tasks: Sequence[str]) -> list[str]:
    low, high = one["interval_95"]
    seconds = one["seconds"]
    return [
        name,
        f"{_short(one['mean'])} ({_short(low)} to {_short(high)})",
        *(_short(one["by_task"][task]) if task in one["by_task"] else "–" for task in tasks),
        f"{one['evaluations']:,.0f}",
        f"{one['steps']:.0f}",
        f"{seconds['median']:.0f} ({seconds['lowest']:.0f} to {seconds['highest']:.0f})",
        str(one["pairs"]),
    ]


def _points(one: Mapping[str, Any]) -> str:
    low, high = one["interval_95"]
    return f"{one['points']:+.1f} ({low:+.1f} to {high:+.1f})"


def _difference(name: str, one: Mapping[str, Any]) -> list[str]:
    return [
        name,
        _points(one),
        f"{one['won']}, {one['tied']}, {one['lost']}",
        str(one["pairs"]),
    ]


def _short(value: float) -> str:
    return f"{value:.3f}".removeprefix("0") if value < 1 else "1.000"


def _markdown(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(heads) + " |"
    yield "|" + "---|" * len(heads)
    for line in lines:
        yield "| " + " | ".join(line) + " |"
