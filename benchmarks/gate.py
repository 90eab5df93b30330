"""Does the gate keep what it promises? On simulated candidates and on real adapters of the embedded model.

    simulated   useless candidates, planted harm, real gains: rates with intervals, and curves against examples
    real        specialists, halves, noise, merges and harmed copies, scored for real and served by llama.cpp

The simulated part takes some minutes on two cores and loads no model. The real part trains six specialists, scores them
and their kin once, keeps every verdict, and goes on where it was stopped: `--minutes` bounds one run of it.

    python benchmarks/gate.py --only simulated
    python benchmarks/gate.py --only real --minutes 9 --folder var/gate
"""

from __future__ import annotations

import argparse
from pathlib import Path

import gate_simulated
from record import described_run, kept_parts, write_record

ROOT = Path(__file__).parents[1]
OUT = ROOT / "benchmarks/results/gate.json"
PARTS = ("simulated", "real")


def main() -> None:
    asked = arguments()
    record = {**kept_parts(asked.out, PARTS), **described_run()}
    for part in asked.only or PARTS:
        if part == "simulated":
            record[part] = gate_simulated.measured()
        else:
            import gate_real

            record[part] = gate_real.measured(asked.folder, minutes=asked.minutes, seed=asked.seed)
        record.setdefault("measured_by", {})[part] = described_run()
        write_record(asked.out, record)  # a run cut short keeps what it finished


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=PARTS, help="some of the parts; the others stay as they were")
    parser.add_argument("--folder", type=Path, default=ROOT / "var/gate", help="where the real part keeps its work")
    parser.add_argument("--minutes", type=float, default=9.0, help="after which the real part stops, to be run again")
    parser.add_argument("--seed", type=int, default=0, help="of the real part's examples and adapters")
    parser.add_argument("--out", type=Path, default=OUT, help="JSON file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
