"""Does training teach, how fast beside TRL, and in how much memory: one record, three parts.

    skills   each skill, 40 steps of 16 from the base: strict exact match on 100 unseen before and after, time, peak
    trl      the same run by the workbench and by SFTTrainer in each of its layouts, alternating: medians with spread;
             then one full pair of 40 steps, with held-out score and peak
    gpu      peak of GPU memory of QLoRA in the shapes of 3B and 7B models, random weights; needs a GPU

Each run is a process of its own and leaves a file in --pieces when it is done: a benchmark that was cut short goes on.

    python benchmarks/training.py                                   # all parts, about an hour on two cores
    python benchmarks/training.py --only skills --skills iso_date units
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from record import described_run, kept_parts, write_record

from workbench.core.settings import load_settings
from workbench.corpus.skills import SKILLS

ROOT = Path(__file__).parents[1]
OUT = ROOT / "benchmarks/results/training.json"
RUN = ROOT / "benchmarks/training_run.py"
GPU_RUN = ROOT / "benchmarks/training_gpu.py"
PARTS = ("skills", "trl", "gpu")
LAYOUTS = ("padded", "padding-free", "packed")
LONGEST_RUN_S = 1200
SHORT_STEPS, FULL_STEPS, BATCH, HELD_OUT = 6, 40, 16, 100
COMPARED_SKILL = "iso_date"


def main() -> None:
    asked = arguments()
    measures = {"skills": lambda: skills(asked), "trl": lambda: beside_trl(asked), "gpu": lambda: on_gpu(asked)}
    record = {**kept_parts(asked.out, PARTS), **described_run()}
    for part in asked.only or PARTS:
        record[part] = measures[part]()
        record.setdefault("measured_by", {})[part] = described_run()
        write_record(asked.out, record)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=PARTS, help="some of the parts; the others stay as they were")
    parser.add_argument("--skills", nargs="+", choices=sorted(SKILLS), default=sorted(SKILLS), help="which to train")
    parser.add_argument("--repeats", type=int, default=3, help="of each short run beside TRL")
    parser.add_argument("--bases", type=Path, default=load_settings().home / "bases", help="folder of base weights")
    parser.add_argument("--pieces", type=Path, default=ROOT / "var/training", help="folder for finished runs")
    parser.add_argument("--out", type=Path, default=OUT, help="JSON file")
    return parser.parse_args()


def skills(asked: argparse.Namespace) -> dict[str, Any]:
    """One run for each skill, from the base."""
    rows = {}
    for name in asked.skills:
        done = run(asked, f"skill-{name}", who="ours", skill=name, steps=FULL_STEPS, held_out=HELD_OUT, before=True)
        rows[name] = {
            "before": done["before"],
            "after": done["after"],
            "seconds": sum(done["step_s"]) * FULL_STEPS / (FULL_STEPS - 1),
            "tokens_per_s": done["tokens_per_s"],
            "peak_bytes": done["peak_bytes"],
        }
        print(f"{name}: {done['before']['right']} -> {done['after']['right']} of {HELD_OUT}", flush=True)
    return {"steps": FULL_STEPS, "batch": BATCH, "by_skill": rows}


def beside_trl(asked: argparse.Namespace) -> dict[str, Any]:
    """Short runs in turn, then the full pair with TRL's fastest layout."""
    short: dict[str, list[dict[str, Any]]] = {who: [] for who in ("ours", *LAYOUTS)}
    for repeat in range(asked.repeats):
        for who, runs in short.items():
            runs.append(run(asked, f"trl-{who}-{repeat}", who=who, skill=COMPARED_SKILL, steps=SHORT_STEPS))
    speeds = {who: [one["tokens_per_s"] for one in runs] for who, runs in short.items()}
    best = max(LAYOUTS, key=lambda who: statistics.median(speeds[who]))
    pair = {
        who: run(asked, f"trl-{who}-full", who=who, skill=COMPARED_SKILL, steps=FULL_STEPS, held_out=HELD_OUT)
        for who in ("ours", best)
    }
    return {
        "skill": COMPARED_SKILL,
        "batch": BATCH,
        "tokens_per_s": {who: {"median": statistics.median(found), "all": found} for who, found in speeds.items()},
        "peak_bytes": {who: max(one["peak_bytes"] for one in runs) for who, runs in short.items()},
        "fastest_of_trl": best,
        "ratio_short": statistics.median(speeds["ours"]) / statistics.median(speeds[best]),
        "ratio_full": pair["ours"]["tokens_per_s"] / pair[best]["tokens_per_s"],
        "full": {
            who: {key: one[key] for key in ("tokens_per_s", "median_step_s", "peak_bytes", "after", "losses")}
            for who, one in pair.items()
        },
    }


def on_gpu(asked: argparse.Namespace) -> dict[str, Any]:
    """Peak of GPU memory in the shapes of larger models, or why there is none."""
    import torch

    if not torch.cuda.is_available():
        return {"not measured": "there is no CUDA device on this machine"}
    return {shape: finished(asked, f"gpu-{shape}", GPU_RUN, {"shape": shape}) for shape in ("3B", "7B")}


def run(asked: argparse.Namespace, name: str, **what: Any) -> dict[str, Any]:
    """One training run of `training_run.py`."""
    usual = {"batch": BATCH, "held_out": 0, "before": False, "bases": str(asked.bases)}
    return finished(asked, name, RUN, {**usual, **what})


def finished(asked: argparse.Namespace, name: str, script: Path, what: dict[str, Any]) -> dict[str, Any]:
    """The result of a run: from its file where it was done before, else run now."""
    path: Path = asked.pieces / f"{name}.json"
    if not path.exists():
        command = [sys.executable, str(script), json.dumps(what)]
        # Waiting threads that spin would be measured too.
        environment = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0", **os.environ}
        done = subprocess.run(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True, timeout=LONGEST_RUN_S
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_suffix(".part")
        aside.write_text(done.stdout.splitlines()[-1] + "\n", encoding="utf-8")
        aside.replace(path)
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    main()
