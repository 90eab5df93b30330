"""Is scoring by one pass fast, and does it say what generation says?

    speed       examples a second: our scorer, `generate` one prompt at a time, `generate` in batches of the best size;
                the same examples, one after the other in one run, repeated; medians with the lowest and highest
    agreement   verdicts of our scorer against `generate`, in batches on all examples and one by one on some

Both for the bare base, which is mostly wrong and rambles, and under an adapter trained for a few steps on every skill,
which is mostly right and brief. `generate` is given what helps it: prompts sorted by length, left padding, the adapter
summed into the weights beforehand; ours pays for laying the adapter over and for the near-ties that it writes alone.

    python benchmarks/scoring.py                          # all four parts, about half an hour on two cores
    python benchmarks/scoring.py --only speed.adapter --out var/scoring.json
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple

from record import described_run, kept_parts, write_record

from workbench.adapters.adapter import Adapter
from workbench.adapters.attach import attached
from workbench.adapters.bases import load_model, load_tokenizer, open_base
from workbench.adapters.rendering import prompt_tokens
from workbench.adapters.training import train
from workbench.core.examples import Example
from workbench.core.schema import TrainingSettings
from workbench.corpus.skills import SKILLS, generate
from workbench.evaluation.scoring import Score, Scorer
from workbench.models.embedded import NAME

ROOT = Path(__file__).parents[1]
OUT = ROOT / "benchmarks/results/scoring.json"
WORK = ROOT / "var/scoring"  # weights turned from GGUF and the trained adapter, kept between parts
PARTS = ("speed.base", "speed.adapter", "agreement.base", "agreement.adapter")
BATCHES = (16, 32, 64)  # of which the best is taken
COUNTS = {"speed.base": 66, "speed.adapter": 110, "agreement.base": 330, "agreement.adapter": 748}  # examples
TRIED = 66  # to find the best batch
LEARNED_A_SKILL, STEPS = 40, 30  # of the adapter
TRAIN_SEED, TEST_SEED = 1, 2


class Bench:
    """The base, the adapter where one is asked for, our scorer on the same weights, and `generate` beside it."""

    def __init__(self, work: Path, trained: bool) -> None:
        self.base = open_base(NAME, work / "bases")
        self.learned = tuple(one for name in SKILLS for one in generate(name, LEARNED_A_SKILL, seed=TRAIN_SEED))
        self.adapter = self._trained(work) if trained else None
        self.model, self.tokenizer = load_model(self.base, precision="fp32"), load_tokenizer(self.base)
        self.tokenizer.padding_side = "left"
        self.scorer = Scorer(self.base, model=self.model, tokenizer=self.tokenizer)

    def _trained(self, work: Path) -> Adapter:
        dials = TrainingSettings(steps=STEPS, precision="fp32")
        return train(self.base, self.learned, dials, folder=work / f"run-{STEPS}").adapter

    def examples(self, count: int) -> list[Example]:
        """As many of each skill, none of them trained on."""
        each, seen = -(-count // len(SKILLS)), {one.id for one in self.learned}
        by_skill = [generate(name, each, seed=TEST_SEED, without=seen) for name in SKILLS]
        return [one for row in zip(*by_skill, strict=True) for one in row][:count]

    def ours(self, examples: Sequence[Example]) -> Score:
        return self.scorer.score(self.adapter, examples)

    def generated(self, examples: Sequence[Example], batch: int) -> dict[str, bool]:
        """Verdicts of `generate` under weights that are ready, prompts of like length together."""
        prompts = {one.id: prompt_tokens(one.messages, self.tokenizer) for one in examples}
        ordered = sorted(examples, key=lambda one: len(prompts[one.id]))
        right: dict[str, bool] = {}
        for begin in range(0, len(ordered), batch):
            some = ordered[begin : begin + batch]
            for one, reply in zip(some, self._replies(some, [prompts[one.id] for one in some]), strict=True):
                right[one.id] = one.is_answered_by(reply)
        return right

    def _replies(self, some: Sequence[Example], prompts: Sequence[tuple[int, ...]]) -> list[str]:
        import torch

        most = [self.scorer.longest(one) for one in some]
        padded = self.tokenizer.pad({"input_ids": [list(one) for one in prompts]}, return_tensors="pt")
        with torch.inference_mode():
            written = self.model.generate(
                **padded, do_sample=False, max_new_tokens=max(most), pad_token_id=self.tokenizer.eos_token_id
            )[:, padded["input_ids"].shape[1] :]
        cut = [row[:length] for row, length in zip(written.tolist(), most, strict=True)]
        return [self.tokenizer.decode(row, skip_special_tokens=True) for row in cut]

    def worn(self) -> Any:
        return attached(self.model, self.adapter) if self.adapter is not None else nullcontext()


def main() -> None:
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read when torch loads: waiting threads sleep, others compute
    asked = arguments()
    record = {**kept_parts(asked.out, PARTS), **described_run()}
    for part in asked.only or PARTS:
        kind, subject = part.split(".")
        bench = Bench(asked.work, trained=subject == "adapter")
        print(f"{part}: {len(SKILLS)} skills", file=sys.stderr)
        examples = bench.examples(asked.examples or COUNTS[part])
        record[part] = speed(bench, examples, asked.repeats) if kind == "speed" else agreement(bench, examples)
        record.setdefault("measured_by", {})[part] = described_run()
        write_record(asked.out, record)  # a run cut short keeps what it finished


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=PARTS, help="some of the parts; the others stay as they were")
    parser.add_argument("--repeats", type=int, default=3, help="of each speed")
    parser.add_argument("--examples", type=int, help=f"of each part; {COUNTS} where not given")
    parser.add_argument("--work", type=Path, default=WORK, help="folder for weights and the adapter")
    parser.add_argument("--out", type=Path, default=OUT, help="JSON file")
    return parser.parse_args()


def speed(bench: Bench, examples: Sequence[Example], repeats: int) -> dict[str, Any]:
    """Ours and batched `generate` on all examples; batch 1 on a sixth, for its speed does not depend on how many."""
    few, tried = examples[: len(examples) // 6], examples[:TRIED]
    bench.ours(few)  # loads, compiles and tokenises what is needed, and does not count
    with bench.worn():
        found = {batch: timed(lambda b=batch: bench.generated(tried, b), len(tried)) for batch in BATCHES}
    best = max(found, key=lambda batch: found[batch].cpu)
    runs: dict[str, list[Rate]] = {"ours": [], "batch 1": [], "batched": []}
    for _ in range(repeats):
        runs["ours"].append(timed(lambda: bench.ours(examples), len(examples)))
        with bench.worn():
            runs["batch 1"].append(timed(lambda: bench.generated(few, 1), len(few)))
            runs["batched"].append(timed(lambda: bench.generated(examples, best), len(examples)))
    score = bench.ours(examples)
    return {
        "examples": len(examples),
        "one_by_one": len(few),
        "correct": score.correct,
        "generated_by_ours": sum(one.how == "generated" for one in score.outcomes),
        "tokens_read": score.cost.tokens_read,
        "tokens_written": score.cost.tokens_written,
        "passes": score.cost.passes,
        "best_batch": best,
        "tried_batches_per_cpu_s": {str(batch): round(rate.cpu, 2) for batch, rate in found.items()},
        "examples_per_s": {name: spread([rate.wall for rate in rates]) for name, rates in runs.items()},
        "examples_per_cpu_s": {name: spread([rate.cpu for rate in rates]) for name, rates in runs.items()},
        "times_batch_1": times(runs["ours"], runs["batch 1"]),
        "times_batched": times(runs["ours"], runs["batched"]),
    }


class Rate(NamedTuple):
    """Examples a second of the clock on the wall, and of processors' work, which other programs disturb less."""

    wall: float
    cpu: float


def times(ours: Sequence[Rate], theirs: Sequence[Rate]) -> dict[str, Any]:
    """How many times as fast, run by run."""
    pairs = list(zip(ours, theirs, strict=True))
    return {
        "wall": spread([one.wall / other.wall for one, other in pairs]),
        "cpu": spread([one.cpu / other.cpu for one, other in pairs]),
    }


def agreement(bench: Bench, examples: Sequence[Example]) -> dict[str, Any]:
    """Every verdict beside that of batched `generate`; where they differ, and for some others, beside batch 1."""
    score = bench.ours(examples)
    with bench.worn():
        batched = bench.generated(examples, BATCHES[1])
        differ = [one for one in examples if score.right[one.id] != batched[one.id]]
        singly = [*differ, *examples[:: max(1, len(examples) // 60)]]
        alone = bench.generated(singly, 1)
    return {
        "examples": len(examples),
        "correct": score.correct,
        "differ_from_batched": len(differ),
        "of_these_differ_from_batch_1": sum(score.right[one.id] != alone[one.id] for one in differ),
        "compared_with_batch_1": len(alone),
        "differ_from_batch_1": sum(score.right[key] != right for key, right in alone.items()),
        "generated_by_ours": sum(one.how == "generated" for one in score.outcomes),
        "exact": exact_only(score, examples),
        "examples_per_s_ours": round(len(examples) / score.cost.seconds, 2),
    }


def exact_only(score: Score, examples: Sequence[Example]) -> dict[str, int]:
    """How often a reply said the gold text in other tokens than the gold answer's, which one pass alone would miss."""
    checks = {one.id: one.check for one in examples}
    exact = [one for one in score.outcomes if checks[one.id] == "exact"]
    written = [one for one in exact if one.how == "generated"]
    return {"examples": len(exact), "written": len(written), "right_though_written": sum(one.right for one in written)}


def timed(act: Callable[[], object], count: int) -> Rate:
    wall, cpu = time.perf_counter(), time.process_time()
    act()
    return Rate(count / (time.perf_counter() - wall), count / (time.process_time() - cpu))


def spread(values: Sequence[float]) -> dict[str, float]:
    median, low, high = statistics.median(values), min(values), max(values)
    return {"median": round(median, 2), "low": round(low, 2), "high": round(high, 2), "runs": len(values)}


if __name__ == "__main__":
    main()
