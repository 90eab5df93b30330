"""What does a race save, and how often does it lose the best? On drawn populations, beside two usual races and none.

    races    our betting race, paired sign tests, successive halving and no race, on the same populations
    orders   our race with the examples shuffled, the settled ones last, and the most telling first as well

Pure arithmetic on one core, no model: two minutes, four beside other work.

    python benchmarks/racing.py
    python benchmarks/racing.py --quick --out var/racing.json       # some seconds, with wide intervals
"""

from __future__ import annotations

import argparse
from pathlib import Path

import racing_simulated
from record import described_run, write_record

ROOT = Path(__file__).parents[1]
OUT = ROOT / "benchmarks/results/racing.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a twentieth of the races")
    parser.add_argument("--out", type=Path, default=OUT, help="JSON file")
    asked = parser.parse_args()
    write_record(asked.out, {**described_run(), **racing_simulated.measured(0.05 if asked.quick else 1.0)})


if __name__ == "__main__":
    main()
