"""Draw what the long benchmarks measured: pictures of docs/ from the records in benchmarks/results/.

    evolution.json        ─► docs/figures/evolution.svg         each row's mean with its interval, each pair a small dot
    learning_cycle.json   ─► docs/figures/learning_cycle.svg    the score of each arm, day by day

    python benchmarks/figures.py

It measures nothing, and draws the same picture from the same record.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workbench.plots.style import BLACK, BLUE, GREY, PALETTE, VERMILLION

ROOT = Path(__file__).parents[1]
RESULTS, PICTURES = ROOT / "benchmarks/results", ROOT / "docs/figures"
TITLES = {
    "gold": "Gold answers known",
    "verdict": "Only right or wrong known",
    "keep": "Ten tasks, one after another",
}
ARMS = {
    "both": "memory and adapters",
    "memory": "memory alone",
    "weights": "adapters alone",
    "no_gate": "adapters, no gate",
    "poisoned": "both, poisoned from day 7",
}
Part = Mapping[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--out", type=Path, default=PICTURES)
    asked = parser.parse_args()
    matplotlib.rcParams |= {"svg.hashsalt": "workbench", "svg.fonttype": "none", "font.size": 9}
    asked.out.mkdir(parents=True, exist_ok=True)
    for name, draw in (("evolution", evolution), ("learning_cycle", learning_cycle)):
        if (record := asked.results / f"{name}.json").exists():
            figure = draw(json.loads(record.read_text(encoding="utf-8")))
            figure.savefig(asked.out / f"{name}.svg", metadata={"Date": None}, bbox_inches="tight")
            print(asked.out / f"{name}.svg")


def evolution(record: Part) -> Figure:
    """One panel for each setting that has rows; rows in the order of its table, ours in colour."""
    parts = [(TITLES[name], record[name]) for name in TITLES if name in record]
    heights = [len(part["rows"]) for _, part in parts]
    figure = Figure(figsize=(7.5, 0.26 * sum(heights) + 0.9 * len(parts)), layout="constrained")
    panels = figure.subplots(len(parts), 1, squeeze=False, height_ratios=heights, sharex=True)
    for (title, part), axes in zip(parts, panels[:, 0], strict=True):
        pairs = max(one["pairs"] for one in part["rows"].values())
        _rows(axes, part["rows"], pairs)
        axes.set_title(f"{title} ({pairs} tasks and seeds)", loc="left", fontsize=10)
    panels[-1, 0].set_xlabel("share of unseen examples right; the bar is the 95 % interval of the mean")
    return figure


def learning_cycle(record: Part) -> Figure:
    """A line for each arm; the dashed one is training on the right answers of all days at once."""
    figure = Figure(figsize=(7.5, 3.8), layout="constrained")
    axes = figure.subplots()
    arms = {ARMS[name]: one for name, one in record["arms"].items() if name in ARMS}
    for (name, one), colour in zip(arms.items(), PALETTE, strict=False):
        days = range(1, len(one["days"]) + 1)
        style = ":" if name == ARMS["no_gate"] else "-"  # where the gate refuses nothing it lies on another
        means = [day["mean"] for day in one["days"]]
        axes.plot(days, means, linestyle=style, marker="o", markersize=3, color=colour, label=name)
        axes.fill_between(days, *_band(one["days"]), color=colour, alpha=0.15, linewidth=0)
    if (full := record["arms"].get("supervised")) is not None:
        level = full["days"][-1]["mean"]
        axes.axhline(level, color=BLACK, linestyle="--", linewidth=1, label="supervised on all answers")
    axes.set(xlabel="day", ylabel="share right, all ten tasks", ylim=(0, 1))
    axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _rows(axes: Axes, rows: Part, pairs: int) -> None:
    """A row of fewer tasks and seeds than others says of how many."""
    for place, (name, one) in enumerate(rows.items()):
        colour = VERMILLION if name.startswith("ours") else BLUE
        shares = list(one["by_pair"].values())
        axes.scatter(shares, [place] * len(shares), s=7, color=GREY, alpha=0.5, linewidths=0)
        axes.plot(one["interval_95"], [place, place], color=colour, linewidth=2, solid_capstyle="butt")
        axes.scatter([one["mean"]], [place], s=28, color=colour, zorder=3)
    names = [name if one["pairs"] == pairs else f"{name} ({one['pairs']})" for name, one in rows.items()]
    axes.set_yticks(range(len(rows)), names)
    axes.invert_yaxis()
    axes.set_xlim(-0.02, 1.02)
    axes.grid(axis="x", color=GREY, alpha=0.25, linewidth=0.5)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _band(days: Sequence[Part]) -> tuple[list[float], list[float]]:
    return [day["interval_95"][0] for day in days], [day["interval_95"][1] for day in days]


if __name__ == "__main__":
    main()
