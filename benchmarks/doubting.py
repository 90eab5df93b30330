"""How often is feedback doubted that is as it was, and how much of it is found where it turns? Simulated ratings.

    ten kinds of questions that come one after another; of each the agent is right as often as a random walk says
    right: approved 60 %, else nothing     wrong: disapproved 80 %, else nothing     a tenth of it is turned round

Kinds do not resemble each other. `walk` is that; in `jump` the agent is besides right of one kind only three tenths as
often from some questions on; `poisoned` is a walk whose last 120 answers are all disapproved of, `half` one in which
every second of them is. What `workbench.cycles.inspecting` does was chosen by other streams than these.

    python benchmarks/doubting.py
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np
from record import described_run, write_record

from workbench.cycles.inspecting import Rating, doubts

OUT = Path(__file__).parent / "results/doubting.json"
KINDS, QUESTIONS, DAY, PERIOD = 10, 1200, 120, 100
UP, DOWN, TURNED_ROUND = 0.6, 0.8, 0.1
FIRST_SEED = 20_000  # the constants and the rule about silence were chosen by seeds below


@dataclass(frozen=True, slots=True)
class Stream:
    """Answers in their order: approved, not, or nobody said; the kind of the question; whether it is poison."""

    approved: tuple[bool | None, ...]
    kinds: tuple[int, ...]
    poison: tuple[bool, ...]


def simulated(seed: int, *, jump: bool = False, poison: float = 0.0) -> Stream:
    """One stream.

    Args:
        jump: at times the agent gets much worse of one kind.
        poison: share of the last day's ratings that disapprove whatever the answer is.
    """
    rng = random.Random(seed)
    return Stream(*zip(*_ratings(rng, jump=jump, poison=poison), strict=True))


def _ratings(rng: random.Random, *, jump: bool, poison: float) -> Iterator[tuple[bool | None, int, bool]]:
    right = [rng.random() for _ in range(KINDS)]
    for number in range(QUESTIONS):
        if number % PERIOD == 0:
            right = [min(1.0, max(0.0, one + rng.gauss(0.05, 0.15))) for one in right]
            if jump and rng.random() < PERIOD / 300:
                right[rng.randrange(KINDS)] *= 0.3
        newest = min(KINDS - 1, number // PERIOD)
        kind = newest if rng.random() < 0.5 else rng.randrange(newest + 1)
        if number >= QUESTIONS - DAY and rng.random() < poison:
            yield False, kind, True
            continue
        is_right = rng.random() < right[kind]
        is_said = rng.random() < (UP if is_right else DOWN)
        yield is_right != (rng.random() < TURNED_ROUND) if is_said else None, kind, False


def looked_at(stream: Stream) -> tuple[int, int, int]:
    """Doubts; honest and poisoned ratings in them."""
    ratings = [Rating(str(place), one, float(place)) for place, one in enumerate(stream.approved)]
    found = doubts(ratings, np.eye(KINDS)[list(stream.kinds)])
    apart = [int(turn) for one in found for turn in one.turns]
    poisoned = sum(stream.poison[place] for place in apart)
    return len(found), len(apart) - poisoned, poisoned


def summed(streams: int, **how: float) -> dict[str, float]:
    """Of so many streams."""
    some = [simulated(FIRST_SEED + number, **how) for number in range(streams)]  # type: ignore[arg-type]
    found = [looked_at(one) for one in some]
    told: dict[str, float] = {
        "ratings": sum(rating is not None for one in some for rating in one.approved),
        "doubts": sum(each[0] for each in found),
        "honest_set_apart": sum(each[1] for each in found),
    }
    if how.get("poison"):
        told["poison_found"] = fmean(each[2] / sum(one.poison) for one, each in zip(some, found, strict=True))
        told["streams_unnoticed"] = sum(each[2] == 0 for each in found)
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--out", type=Path, default=OUT, help="JSON file")
    asked = parser.parse_args()
    ways = {"walk": {}, "jump": {"jump": True}, "poisoned": {"poison": 1.0}, "half": {"poison": 0.5}}
    found = {name: summed(asked.streams, **how) for name, how in ways.items()}
    write_record(asked.out, {**described_run(), "streams": asked.streams, "found": found})
    print("| streams | ratings | doubts | honest ratings set apart | poison found | streams unnoticed |")
    print("|---|---|---|---|---|---|")
    for name, one in found.items():
        share = f"{one['poison_found']:.0%}" if "poison_found" in one else ""
        cells = (name, f"{one['ratings']:,}", one["doubts"], one["honest_set_apart"], share)
        print(f"| {' | '.join(map(str, cells))} | {one.get('streams_unnoticed', '')} |")


if __name__ == "__main__":
    main()
